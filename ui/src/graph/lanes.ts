/** The lanes of one gap between layers: in which order what runs down, or up, stands side by side. */

/** What runs down in one gap for one source: the heights at which it is joined from either side. */
export interface Lane {
  readonly left: Set<number>;
  readonly right: Set<number>;
}

const MISREAD = 100; // two edges on one line are worse than this many crossings

interface End {
  readonly y: number;
  readonly side: keyof Lane;
}

/** Let a link run down, or up, in the lane of its source, if it has to. */
export function turn(lanes: Map<string, Lane> | undefined, source: string, ...ends: [End, End]): void {
  if (!lanes || ends[0].y === ends[1].y) return;
  const lane = lanes.get(source) ?? { left: new Set(), right: new Set() };
  for (const { y, side } of ends) lane[side].add(y);
  lanes.set(source, lane);
}

/** Where the lanes of a gap run: those that reach past each other side by side, as far apart as there is room. */
export function spread(lanes: ReadonlyMap<string, Lane>, start: number, end: number): Map<string, number> {
  const order: [string, Lane][] = [];
  for (const [source, lane] of lanes) {
    let [cost, least, place] = [0, 0, 0];
    order.forEach(([, other], index) => {
      cost += crossings(other, lane) - crossings(lane, other);
      if (cost < least) [least, place] = [cost, index + 1];
    });
    order.splice(place, 0, [source, lane]);
  }
  const numbers = new Map<string, number>();
  order.forEach(([source, lane], index) => {
    const touching = order.slice(0, index).filter(([, other]) => touch(lane, other));
    numbers.set(source, Math.max(0, ...touching.map(([name]) => numbers.get(name) ?? 0)) + 1);
  });
  const step = (end - start) / (Math.max(0, ...numbers.values()) + 1);
  return new Map([...numbers].map(([source, number]) => [source, start + number * step]));
}

/** How much is crossed, or could be misread, if one lane is left of another. */
function crossings(left: Lane, right: Lane): number {
  const through = (heights: Set<number>, lane: Lane) => {
    const [top, bottom] = reach(lane);
    return [...heights].filter((y) => top < y && y < bottom).length;
  };
  const misread = [...left.right].filter((y) => right.left.has(y)).length;
  return through(left.right, right) + through(right.left, left) + MISREAD * misread;
}

function touch(one: Lane, other: Lane): boolean {
  const [[top, bottom], [above, below]] = [reach(one), reach(other)];
  return top <= below && above <= bottom;
}

function reach(lane: Lane): [number, number] {
  const heights = [...lane.left, ...lane.right];
  return [Math.min(...heights), Math.max(...heights)];
}
