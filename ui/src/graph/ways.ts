/**
 * The ways of edges between nodes that stand in layers: only across and down, through the gaps.
 *
 * An edge leaves its source on the right, turns in the gap behind it and, if it passes over layers,
 * once more in the gap before its target. What comes from one source shares a lane in a gap; what
 * comes from different sources never lies on each other there.
 */

import { passing } from "./heights";
import { type Lane, spread, turn } from "./lanes";

export interface Point {
  readonly x: number;
  readonly y: number;
}

const MARK = 24; // what is drawn on an edge before its target, and the arrow

/** A node where it stands; edges come and go at the height of its port. */
export interface Standing {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly port: number;
}

export interface Link {
  readonly from: string;
  readonly to: string;
}

/** A link and the gaps in which it turns: gap n is before layer n. */
export interface Plan extends Link {
  readonly start: Standing;
  readonly end: Standing;
  readonly leaves: number;
  readonly arrives: number;
}

/** With the height at which it runs between its turns. */
export interface Course extends Plan {
  readonly y: number;
}

/** The way of each link, from the right side of one node to the left side of the other. */
export function ways(nodes: ReadonlyMap<string, Standing>, links: readonly Link[]): Point[][] {
  const lefts = [...new Set([...nodes.values()].map(({ left }) => left))].sort((a, b) => a - b);
  const layers = lefts.map((left) => [...nodes.values()].filter((node) => node.left === left));
  const courses: Course[] = [];
  for (const link of links) {
    const [start, end] = [nodes.get(link.from), nodes.get(link.to)] as [Standing, Standing];
    const [leaves, arrives] = [lefts.indexOf(start.left) + 1, lefts.indexOf(end.left)];
    const plan = { ...link, start, end, leaves, arrives };
    const over = layers.slice(Math.min(leaves, arrives), Math.max(leaves, arrives)).flat();
    courses.push({ ...plan, y: over.length ? passing(plan, over, courses) : end.port });
  }
  const across = lanes(layers, courses);
  return courses.map((course) => bent(course, across));
}

/** Where in each gap, gap by gap, the lane of each source runs. */
function lanes(layers: readonly Standing[][], courses: readonly Course[]): ReadonlyMap<string, number>[] {
  const gaps = [...layers, []].map(() => new Map<string, Lane>());
  for (const { from, start, end, leaves, arrives, y } of courses) {
    const [near, far] = leaves <= arrives ? (["left", "right"] as const) : (["right", "left"] as const);
    turn(gaps[leaves], from, { y: start.port, side: "left" }, { y, side: far });
    turn(gaps[arrives], from, { y, side: near }, { y: end.port, side: "right" });
  }
  const outside = layers[0]?.[0]?.left ?? 0; // as much room after the last layer as before the first
  return gaps.map((gap, place) => {
    const start = Math.max(0, ...(layers[place - 1] ?? []).map((node) => node.right));
    const left = layers[place]?.[0]?.left;
    return spread(gap, start, left === undefined ? start + outside : Math.max(start, left - MARK));
  });
}

/** The points at which a link turns, in its lanes. */
function bent({ from, start, end, leaves, arrives, y }: Course, across: ReadonlyMap<string, number>[]): Point[] {
  const out = across[leaves]?.get(from) ?? start.right;
  const back = across[arrives]?.get(from) ?? end.left;
  return straightened([
    { x: start.right, y: start.port },
    { x: out, y: start.port },
    { x: out, y },
    { x: back, y },
    { x: back, y: end.port },
    { x: end.left, y: end.port },
  ]);
}

/** Without the points at which nothing turns. */
function straightened(points: readonly Point[]): Point[] {
  const apart = points.filter(({ x, y }, i) => x !== points[i - 1]?.x || y !== points[i - 1]?.y);
  return apart.filter(({ x, y }, i) => {
    const [before, after] = [apart[i - 1], apart[i + 1]];
    return !before || !after || !((before.x === x && x === after.x) || (before.y === y && y === after.y));
  });
}
