/** A list of rows with columns of environments: it scrolls both ways and draws what is in sight. */

import { observeElementOffset, useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
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
      <div className="grid-list" ref={scroller} role="region" aria-label={label} tabIndex={-1}>
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
