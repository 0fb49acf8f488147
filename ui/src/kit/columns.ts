/** Which of many equal columns are in sight, in a part of the page that scrolls sideways. */

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** How exactly it is known how far one has scrolled, in pixels: not every pixel draws anew. */
export const SLACK = 64;

const FEW = 24; // drawn all: it costs less than to follow the scrolling
const STEP = 2; // columns come and go in pairs
const BESIDE = 1;

/** `left` is where the frame begins, counted from the first column, and `frame` how wide it is. */
export function columnsInSight(left: number, frame: number, count: number, width: number): Range {
  if (count <= FEW) return { from: 0, to: count };
  const from = Math.floor(left / width / STEP) * STEP - BESIDE;
  const to = Math.ceil((left + SLACK + frame) / width / STEP) * STEP + BESIDE;
  const there = (column: number) => Math.min(count, Math.max(0, column));
  return { from: there(from), to: there(to) };
}
