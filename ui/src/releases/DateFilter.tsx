/** When releases were made: a span back from now, or days of the calendar. */

import { Popover } from "@mantine/core";
import { useState } from "react";
import { Icon } from "../kit/Icon";
import { type Filters, type SomeFilters, SPANS } from "./filters";

interface DateFilterProps {
  readonly filters: Filters;
  readonly change: (some: SomeFilters) => void;
}

export function DateFilter({ filters, change }: DateFilterProps) {
  const [open, setOpen] = useState(false);
  const { since, until } = filters;
  const day = since && !(since in SPANS) ? since : "";
  const set = (next: SomeFilters) => {
    change(next);
    setOpen(false);
  };
  return (
    <Popover opened={open} onChange={setOpen} trapFocus returnFocus>
      <Popover.Target>
        <button
          className={`btn${since || until ? " on" : ""}`}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <span className="k">Started</span>
          <span className="v">{shown(since, until)}</span>
          <Icon name="down" size={12} />
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Started: choose">
        {Object.entries(SPANS).map(([span, title]) => (
          <button
            key={span}
            className="option"
            aria-pressed={since === span}
            onClick={() => set({ since: span, until: undefined })}
          >
            <span className="tick">{since === span && <Icon name="check" size={12} />}</span>
            {title}
          </button>
        ))}
        <div className="days">
          <label>
            <span className="t3">From</span>
            <input
              type="date"
              className="input"
              value={day}
              onChange={(event) => change({ since: event.target.value || undefined })}
            />
          </label>
          <label>
            <span className="t3">To</span>
            <input
              type="date"
              className="input"
              value={until ?? ""}
              onChange={(event) => change({ until: event.target.value || undefined })}
            />
          </label>
        </div>
        {(since || until) && (
          <button className="option clear" onClick={() => set({ since: undefined, until: undefined })}>
            <span className="tick" />
            Any time
          </button>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function shown(since: string | undefined, until: string | undefined): string {
  if (!since && !until) return "any time";
  if (since && since in SPANS) return SPANS[since] ?? since;
  return [since && `from ${since}`, until && `to ${until}`].filter(Boolean).join(" ");
}
