/**
 * Where the nodes of a flow stand and how its edges run.
 *
 * It depends on the structure only: sizes are given from what a node may come to hold, so that
 * nothing moves while a release runs.
 */

import { type Link, type Point, type Standing, ways } from "./ways";

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly after: readonly string[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly places: Readonly<Record<string, Point>>;
  readonly edges: readonly (Link & { readonly points: readonly Point[] })[];
}

/** From the top of a node to the middle of its head, where edges come and go. */
export const PORT = 18;
export const GAP = 56;

const ROWS = 24;
const PADDING = { left: 32, top: 16, right: 16, bottom: 16 };

/**
 * As early as what it comes after allows, and as high as the first of those; of several that could
 * stand there the one from which it goes on the furthest, so that the long way runs straight.
 */
export function placed(boxes: readonly Box[]): Readonly<Record<string, Point>> {
  const known = new Map(boxes.map((box) => [box.id, box]));
  const depths = new Map<string, number>();
  const depth = (box: Box, behind: readonly string[]): number => {
    const found = depths.get(box.id);
    if (found !== undefined) return found;
    const before = box.after.filter((id) => known.has(id) && !behind.includes(id));
    const here = Math.max(-1, ...before.map((id) => depth(known.get(id) as Box, [...behind, box.id]))) + 1;
    depths.set(box.id, here);
    return here;
  };
  const layers: Box[][] = [];
  for (const box of boxes) (layers[depth(box, [])] ??= []).push(box);
  const tails = new Map<string, number>();
  for (const box of layers.flat().reverse()) {
    const tail = 1 + (tails.get(box.id) ?? 0);
    for (const id of box.after) tails.set(id, Math.max(tail, tails.get(id) ?? 0));
  }
  const places: Record<string, Point> = {};
  layers.forEach((layer, at) => {
    const before = (box: Box) => box.after.flatMap((id) => places[id]?.y ?? []);
    const height = (box: Box) => (before(box).length ? Math.min(...before(box)) : 0);
    const tail = (box: Box) => (at ? (tails.get(box.id) ?? 0) : 0); // what it begins with stays in order
    let below = 0;
    for (const box of [...layer].sort((a, b) => height(a) - height(b) || tail(b) - tail(a))) {
      const y = Math.max(below, height(box));
      below = y + box.height + ROWS;
      places[box.id] = { x: at * (box.width + GAP), y };
    }
  });
  return places;
}

/** Nodes, the ways of their edges, and how large the whole is; what is not among the boxes has no edge. */
export function layOut(boxes: readonly Box[]): Layout {
  const start = placed(boxes);
  const nodes = new Map(boxes.map((box) => [box.id, standing(box, start[box.id])]));
  const links = boxes.flatMap((box) =>
    [...new Set(box.after)].filter((before) => nodes.has(before)).map((from) => ({ from, to: box.id })),
  );
  const found = ways(nodes, links);
  const all = [...nodes.values()];
  const corners = found.flat();
  return {
    width: Math.max(0, ...all.map((node) => node.right), ...corners.map(({ x }) => x)) + PADDING.right,
    height: Math.max(0, ...all.map((node) => node.bottom), ...corners.map(({ y }) => y)) + PADDING.bottom,
    places: Object.fromEntries([...nodes].map(([id, { left, top }]) => [id, { x: left, y: top }])),
    edges: links.map((link, index) => ({ ...link, points: found[index] ?? [] })),
  };
}

function standing(box: Box, place: Point = { x: 0, y: 0 }): Standing {
  const [left, top] = [place.x + PADDING.left, place.y + PADDING.top];
  return { left, top, right: left + box.width, bottom: top + box.height, port: top + PORT };
}

/** A path with round corners along points that go across and down. */
export function rounded(points: readonly Point[], radius = 8): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${first.x} ${first.y}`;
  rest.forEach((point, place) => {
    const before = points[place];
    const after = rest[place + 1];
    if (!after || !before) {
      path += `L${point.x} ${point.y}`;
      return;
    }
    const r = Math.min(radius, reach(before, point) / 2, reach(point, after) / 2);
    const from = towards(point, before, r);
    const to = towards(point, after, r);
    path += `L${from.x} ${from.y}Q${point.x} ${point.y} ${to.x} ${to.y}`;
  });
  return path;
}

function reach(a: Point, b: Point): number {
  return Math.abs(a.x - b.x) + Math.abs(a.y - b.y);
}

function towards(from: Point, to: Point, by: number): Point {
  return { x: from.x + Math.sign(to.x - from.x) * by, y: from.y + Math.sign(to.y - from.y) * by };
}
