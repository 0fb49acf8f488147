/** One release as a row: memoised, so that an event redraws only the rows it touches. */

import { memo } from "react";
import type { AlsoCarried, FlowItem, PlaceShown, ReleaseInShort, ReleaseItem } from "../api/schema";
import { Glyph, StatusWord } from "../kit/Glyph";
import { Go, releasePath } from "../kit/Go";
import { Person } from "../kit/Person";
import { word } from "../kit/status";
import { Duration, Moment } from "../kit/Time";
import { between, parallel, stretches } from "../kit/track";
import { Track } from "../kit/Track";
import type { Range } from "../kit/columns";
import { sha, shortVersion } from "../kit/words";
import * as carries from "../release/carries";

export const WIDTHS = {
  release: 208,
  product: 92,
  version: 84,
  flow: 112,
  initiator: 104,
  started: 96,
  duration: 70,
  status: 204,
} as const;

interface RowProps {
  readonly item: ReleaseItem;
  readonly flow: FlowItem | undefined;
  /** The column of each environment. */
  readonly places: ReadonlyMap<string, number>;
  readonly width: number;
  readonly range: Range;
  readonly withProduct: boolean;
  readonly compact: boolean;
  readonly at: boolean;
  readonly index: number;
}

export const Row = memo(function Row(props: RowProps) {
  const { item, flow, places, width, range, withProduct, compact, at, index } = props;
  const { where, why } = told(item);
  return (
    <Go
      to={releasePath(item.id)}
      className={`grid-row${at ? " at" : ""}`}
      style={{ height: 44 }}
      data-row={index}
    >
      <span className="two stick widest" style={{ width: WIDTHS.release }}>
        <span className="el">
          <b className="b">{item.id}</b> <span className="mono t3">{sha(item.revision)}</span>
          <Also carries={item.also_carries} />
        </span>
        <span className="t2 s12 el">{item.subject || whatByHand(item)}</span>
      </span>
      {withProduct && (
        <span className="t2 el wider" style={{ width: WIDTHS.product }} title={item.product}>
          {item.product}
        </span>
      )}
      <span className="ver el" style={{ width: WIDTHS.version }} title={item.version}>
        {shortVersion(item.version) || "–"}
      </span>
      {!compact && (
        <span className="t2 el wider" style={{ width: WIDTHS.flow }}>
          {item.flow || "manual"}
        </span>
      )}
      <Places item={item} flow={flow} places={places} width={width} range={range} />
      {!compact && (
        <span className="wider" style={{ width: WIDTHS.initiator }}>
          <Person name={item.initiator} />
        </span>
      )}
      <span className="t2 r nw" style={{ width: WIDTHS.started }}>
        <Moment at={item.created_at} />
      </span>
      <span className="t2 r nw" style={{ width: WIDTHS.duration }}>
        <Duration from={item.created_at} to={item.ended ? item.ended_at : null} />
      </span>
      <span className="two last widest" style={{ width: WIDTHS.status }}>
        <span className="row">
          <StatusWord status={item.status} />
          {where && <span className="t2 s12 el">in {where}</span>}
        </span>
        <span className="t2 s12 el" title={why}>
          {why}
        </span>
      </span>
    </Go>
  );
});

function Places({ item, flow, places, width, range }: Pick<RowProps, "item" | "flow" | "places" | "width" | "range">) {
  const stops = item.environments.flatMap((place) => {
    const column = places.get(place.name);
    return column === undefined ? [] : [{ column, environment: place.name, status: place.status, place }];
  });
  const groups = parallel(stops, flow);
  return (
    <Track
      columns={places.size}
      width={width}
      range={range}
      line={22}
      stretches={between(stretches(stops), groups)}
      groups={groups}
      stops={stops.map(({ column, place }) => ({
        column,
        title: placeTitle(place),
        glyph: <Glyph status={place.status} label={`${place.name}: ${word(place.status)}`} />,
      }))}
    />
  );
}

/** How many come along; which ones, to whoever points at it, goes to the row by key, or listens. */
export function Also({ carries: all }: { readonly carries: readonly AlsoCarried[] }) {
  if (!all.length) return null;
  const words = carries.sentence(all);
  return (
    <span className="t3" title={words}>
      {" "}
      +{carries.most(all)}
      <span className="vh whole"> {words}</span>
    </span>
  );
}

export function placeTitle(place: PlaceShown): string {
  const why = place.sentence ? `, ${place.sentence}` : "";
  return `${place.name}: ${word(place.status).toLowerCase()}${why}`;
}

/** Where it is held, and why; else how far it came. */
export function told(item: ReleaseInShort): { readonly where: string; readonly why: string } {
  const why = item.reason?.sentence;
  const held = item.environments.find((place) => place.status === item.status && place.sentence === why);
  if (why) return { where: held?.name ?? "", why };
  const done = item.environments.filter((place) => place.status === "succeeded");
  if (item.status === "succeeded") {
    return { where: "", why: done.length === 1 ? `in ${done[0]?.name ?? ""}` : `in ${done.length} environments` };
  }
  return { where: "", why: `${done.length} of ${item.environments.length} environments` };
}

/** The same as one sentence. */
export function sentence(item: ReleaseInShort): string {
  const { where, why } = told(item);
  return where ? `${where}: ${why}` : why;
}

function whatByHand(item: ReleaseItem): string {
  if (item.trigger === "rollback") return "Rollback";
  return item.trigger === "manual" ? "Promoted by hand" : item.version;
}
