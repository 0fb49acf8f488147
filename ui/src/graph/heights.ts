/** The heights at which edges pass over layers: beside their nodes, and beside each other. */

import type { Course, Plan, Standing } from "./ways";

const APART = 4; // between edges that pass over the same layer, and from its nodes
const ASIDE = 8; // above and below all nodes of a layer

/** The height at which a link passes over nodes: the nearest that neither they nor other links take. */
export function passing(plan: Plan, over: readonly Standing[], others: readonly Course[]): number {
  const beside = others.filter((other) => other.from !== plan.from && other.to !== plan.to && meet(plan, other));
  const clear = (y: number) =>
    y >= APART && over.every((node) => y <= node.top - APART || y >= node.bottom + APART);
  const free = (y: number) => clear(y) && beside.every((other) => Math.abs(other.y - y) >= APART);
  const near = (y: number): number[] => {
    for (let by = 0; clear(y + by) || clear(y - by); by += APART) {
      const found = [y + by, y - by].filter(free);
      if (found.length) return found;
    }
    return [];
  };
  const [source, target] = [plan.start.port, plan.end.port];
  const travel = (y: number) => Math.abs(y - source) + Math.abs(y - target);
  const heights = [target, source, ...between(over)].flatMap(near);
  return heights.reduce((best, y) => (travel(y) < travel(best) ? y : best));
}

/** Whether both run through a gap, the other one on its way over a layer. */
function meet(plan: Plan, other: Plan): boolean {
  const [first, last] = [Math.min(plan.leaves, plan.arrives), Math.max(plan.leaves, plan.arrives)];
  const [start, end] = [Math.min(other.leaves, other.arrives), Math.max(other.leaves, other.arrives)];
  return start < end && start <= last && first <= end;
}

/** Above the first of the nodes, in the middle between them wherever there is room, below the last. */
function between(nodes: readonly Standing[]): number[] {
  const inOrder = [...nodes].sort((a, b) => a.top - b.top);
  let low = (inOrder[0]?.top ?? 0) - 2 * ASIDE;
  const middles = inOrder.flatMap((node) => {
    const middle = node.top > low ? [(low + node.top) / 2] : [];
    low = Math.max(low, node.bottom);
    return middle;
  });
  return [...middles, low + ASIDE];
}
