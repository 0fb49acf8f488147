/** A list of rows with columns of environments: it scrolls both ways and draws what is in sight. */

import { observeElementOffset, useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { columnsInSight, type Range, SLACK } from "./columns";

interface Measures {
  readonly rows: number;
  /** Of one row. */
  readonly height: number;
  readonly columns: number;
  /** Of one column. */
  readonly width: number;
  /** What stands left of the columns and scrolls with them. */
  readonly before: number;
  /** How many rows are drawn beside those in sight. */
  readonly beside: number;
}

type Rows = Virtualizer<HTMLDivElement, Element>;

export interface InSight {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly rows: Rows;
  readonly columns: Range;
}

/**
 * What of a grid is in sight. Both ways are looked at before anything is drawn, and drawn at once:
 * to look in between would have the browser lay out everything one more time for each frame.
 */
export function useInSight({ rows: count, height, columns: many, width, before, beside }: Measures): InSight {
  const scroller = useRef<HTMLDivElement>(null);
  const [left, setLeft] = useState(0);
  const observe = useCallback(
    (of: Rows, tell: (offset: number, scrolling: boolean) => void) =>
      observeElementOffset(of, (offset, scrolling) => {
        const at = of.scrollElement?.scrollLeft ?? 0;
        const moved = () => {
          setLeft(at - (at % SLACK));
          tell(offset, scrolling);
        };
        if (scrolling) flushSync(moved);
        else moved();
      }),
    [],
  );
  const rows = useVirtualizer<HTMLDivElement, Element>({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: beside,
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    observeElementOffset: observe,
    useFlushSync: false,
  });
  useEffect(() => rows.measure(), [height, rows]);
  const { from, to } = columnsInSight(left - before, rows.scrollRect?.width ?? 0, many, width);
  const columns = useMemo(() => ({ from, to }), [from, to]);
  return { scroller, rows, columns };
}

/** The stops of the Tab key in a row, which may be one itself. */
function stopsIn(row: Element): HTMLElement[] {
  return row.matches("a, button") ? [row as HTMLElement] : [...row.querySelectorAll<HTMLElement>("a, button")];
}

/** Arrows go to the stop beside, above or below: the Tab key alone would pass all columns of each row. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const here = event.target as HTMLElement;
  const row = here.closest(".grid-row, .grid-head");
  if (!row || event.defaultPrevented || !event.currentTarget.contains(row)) return;
  const beside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const above = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  let next: HTMLElement | undefined;
  if (beside) {
    const stops = stopsIn(row);
    next = stops[stops.indexOf(here) + beside];
  } else if (above) {
    const rows = [...event.currentTarget.querySelectorAll(".grid-row, .grid-head")];
    const other = rows[rows.indexOf(row) + above];
    const { left, width } = here.getBoundingClientRect();
    const middle = left + width / 2;
    const far = (stop: HTMLElement) => {
      const { left: from, right: to } = stop.getBoundingClientRect();
      return Math.max(from - middle, middle - to, 0);
    };
    next = other && stopsIn(other).sort((a, b) => far(a) - far(b))[0];
  }
  if (!next) return;
  event.preventDefault();
  next.focus();
}

interface GridProps {
  readonly label: string;
  readonly inSight: InSight;
  readonly head?: ReactNode;
  /** As wide as the page, on a phone; else as its columns. */
  readonly narrow: boolean;
  /** A row, with its key. */
  readonly row: (index: number) => ReactNode;
}

export function Grid({ label, inSight: { scroller, rows }, head, narrow, row }: GridProps) {
  const seen = rows.getVirtualItems();
  return (
    <div className="table row-list">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div className="grid-list" ref={scroller} role="region" aria-label={label} tabIndex={-1} onKeyDown={walk}>
        {head}
        <div style={{ height: rows.getTotalSize(), minWidth: narrow ? 0 : "max-content" }}>
          <div style={{ transform: `translateY(${seen[0]?.start ?? 0}px)` }}>
            {seen.map(({ index }) => row(index))}
          </div>
        </div>
      </div>
    </div>
  );
}
