/** Which of many equal columns are in sight, in a part of the page that scrolls sideways. */

import { type RefObject, useCallback, useEffect, useState } from "react";

export interface Range {
  readonly from: number;
  readonly to: number;
}

const FEW = 24; // drawn all: it costs less than to follow the scrolling
const BESIDE = 2;

/** `before` is what stands left of the columns and scrolls with them, in pixels. */
export function useColumns(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  width: number,
  before: number,
): Range {
  const [range, setRange] = useState<Range>({ from: 0, to: Math.min(count, FEW) });
  const look = useCallback(() => {
    const element = scroller.current;
    if (!element || count <= FEW) {
      setRange((known) => same(known, { from: 0, to: count }));
      return;
    }
    const left = element.scrollLeft - before;
    const step = 2; // in steps, so that not every pixel draws anew
    const from = Math.max(0, Math.floor(left / width / step) * step - BESIDE);
    const to = Math.min(count, Math.ceil((left + element.clientWidth) / width / step) * step + BESIDE);
    setRange((known) => same(known, { from, to: Math.max(from, to) }));
  }, [scroller, count, width, before]);
  useEffect(() => {
    look();
    const element = scroller.current;
    if (!element || count <= FEW) return undefined;
    element.addEventListener("scroll", look, { passive: true });
    const resized = new ResizeObserver(look);
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      resized.disconnect();
    };
  }, [look, scroller, count]);
  return range;
}

function same(known: Range, next: Range): Range {
  return known.from === next.from && known.to === next.to ? known : next;
}
