/** Everything that happened to a release, newest last, as it happens. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import * as queries from "../api/queries";
import type { EventShown, ReleaseDocument } from "../api/schema";
import { Filter } from "../kit/Filter";
import { Glyph } from "../kit/Glyph";
import { initials } from "../kit/Person";
import { Answer, Empty } from "../kit/states";
import { Moment } from "../kit/Time";
import { plural } from "../kit/words";
import { told } from "./telling";

const ROW = 38;

export function Timeline({ release }: { readonly release: ReleaseDocument }) {
  const events = useQuery(queries.releaseEvents(release.id));
  const { environment } = useSearch({ strict: false });
  const navigate = useNavigate();
  return (
    <div className="page full">
      <Answer of={events}>
        {(all) => {
          const shown = all.filter((event) => !environment || event.environment === environment);
          return (
            <>
              <div className="head">
                <Filter
                  name="Environment"
                  options={release.environments.map((each) => ({ value: each.name }))}
                  chosen={environment ? [environment] : []}
                  choose={([value]) =>
                    void navigate({ to: ".", search: value ? { environment: value } : {} })
                  }
                />
                <span className="t3 s12">{plural(shown.length, "event")}, newest first</span>
              </div>
              {shown.length ? <Events events={shown} /> : <Nothing />}
            </>
          );
        }}
      </Answer>
    </div>
  );
}

function Nothing() {
  return (
    <div className="panel">
      <Empty title="Nothing happened there yet" />
    </div>
  );
}

function Events({ events }: { readonly events: readonly EventShown[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const newest = useMemo(() => [...events].reverse(), [events]);
  const rows = useVirtualizer({
    count: newest.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (index) => newest[index]?.id ?? index,
    overscan: 15,
  });
  return (
    <div className="table row-list timeline">
      {/* What scrolls can be reached by the keys. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="grid-list" ref={scroller} role="region" aria-label="Events" tabIndex={0}>
        <ol style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map((row) => {
            const event = newest[row.index];
            if (!event) return null;
            return (
              <li
                key={row.key}
                ref={rows.measureElement}
                data-index={row.index}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <Line event={event} />
              </li>
            );
          })}
        </ol>
      </div>
    </div>
  );
}

function Line({ event }: { readonly event: EventShown }) {
  const { status, title, detail } = told(event);
  return (
    <>
      <span className="t3 when">
        <Moment at={event.at} seconds />
      </span>
      <span className="dot-line">
        {status ? <Glyph status={status} size={14} label="" /> : <i className="found" />}
      </span>
      <span className="chip ln where">{event.environment || "release"}</span>
      <span className="grow what">
        <span className="m">{title}</span> {detail && <span className="t2">{detail}</span>}
      </span>
      {event.actor && (
        <span className="who t2 s12">
          <span className="av" aria-hidden="true">
            {initials(event.actor)}
          </span>
          <span className="el">{event.actor}</span>
        </span>
      )}
    </>
  );
}
