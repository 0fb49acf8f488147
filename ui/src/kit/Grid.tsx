/** A list of rows with columns of environments: it scrolls both ways and draws what is in sight. */

import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import { type Range, useColumns } from "./useColumns";

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

export interface InSight {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly rows: Virtualizer<HTMLDivElement, Element>;
  readonly columns: Range;
}

/** What of a grid is in sight. */
export function useInSight({ rows: count, height, columns: many, width, before, beside }: Measures): InSight {
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useColumns(scroller, many, width, before);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: beside,
  });
  useEffect(() => rows.measure(), [height, rows]);
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
