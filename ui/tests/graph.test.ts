import { describe, expect, it } from "vitest";
import { type Box, GAP, layOut, placed, PORT, rounded } from "../src/graph/layout";
import type { Point } from "../src/graph/ways";
import { between, parallel, stretches, turns } from "../src/kit/track";
import type { FlowItem } from "../src/api/schema";

const box = (id: string, after: string[] = [], height = 100): Box => ({ id, after, height, width: 192 });

describe("nodes", () => {
  it("stand as early as what they come after allows, and as high as the first of those", () => {
    const places = placed([
      box("dev"),
      box("qa", ["dev"]),
      box("load", ["dev"], 300),
      box("staging", ["qa"]),
      box("eu", ["staging"]),
      box("us", ["staging", "load"]),
    ]);
    expect(Object.fromEntries(Object.entries(places).map(([id, { x, y }]) => [id, [x / 248, y]]))).toEqual({
      dev: [0, 0],
      qa: [1, 0],
      load: [1, 124],
      staging: [2, 0],
      eu: [3, 0],
      us: [3, 124],
    });
  });

  it("stand in line along the longest way, with what ends before below it", () => {
    const places = placed([box("dev"), box("demo", ["dev"]), box("qa", ["dev"]), box("prod", ["qa"])]);
    expect(Object.fromEntries(Object.entries(places).map(([id, { y }]) => [id, y]))).toEqual({
      dev: 0,
      demo: 124,
      qa: 0,
      prod: 0,
    });
  });

  it("never lie on each other, also in a circle or behind what is not there", () => {
    const places = placed([box("a", ["b"]), box("b", ["a"]), box("c", ["gone"])]);
    expect(new Set(Object.values(places).map(({ x, y }) => `${x} ${y}`)).size).toBe(3);
  });
});

/** Always the same numbers from 0 to 1 for a seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

/** A flow of up to 30 environments; some come after those far before them, or even after later ones. */
function anyFlow(seed: number): Box[] {
  const next = chance(seed);
  const count = 2 + Math.floor(next() * 29);
  const share = next() * 0.3;
  const circles = next() < 0.3 ? 0.05 : 0;
  const ids = Array.from({ length: count }, (_, place) => `e${place}`);
  return ids.map((id, place) =>
    box(id, ids.filter((_, other) => next() < (other < place ? share : circles)), 60 + Math.floor(next() * 300)),
  );
}

interface Piece {
  readonly from: string;
  readonly to: string;
  readonly start: Point;
  readonly end: Point;
}

function drawn(boxes: readonly Box[]) {
  const layout = layOut(boxes);
  const pieces: Piece[] = layout.edges.flatMap(({ from, to, points }) =>
    points.slice(1).map((end, place) => ({ from, to, start: points[place] ?? end, end })),
  );
  const nodes = boxes.map((each) => ({ ...each, ...(layout.places[each.id] ?? { x: NaN, y: NaN }) }));
  return { layout, nodes, pieces };
}

/** What two pieces have in common along an axis; negative if they are apart. */
function common(one: Piece, other: Piece, axis: "x" | "y"): number {
  const [a, b, c, d] = [one.start[axis], one.end[axis], other.start[axis], other.end[axis]];
  return Math.min(Math.max(a, b), Math.max(c, d)) - Math.max(Math.min(a, b), Math.min(c, d));
}

const onOneLine = (one: Piece, other: Piece, across: "x" | "y", along: "x" | "y") =>
  one.start[across] === one.end[across] &&
  other.start[across] === other.end[across] &&
  Math.abs(one.start[across] - other.start[across]) < 0.01 &&
  common(one, other, along) > 0;

function crosses({ start, end }: Piece, { x, y, width, height }: Box & Point): boolean {
  const across = Math.min(start.x, end.x) < x + width && Math.max(start.x, end.x) > x;
  return across && Math.min(start.y, end.y) < y + height && Math.max(start.y, end.y) > y;
}

const FLOWS = Array.from({ length: 150 }, (_, seed) => drawn(anyFlow(seed + 1)));

describe("ways", () => {
  it("run from port to port, only across and down", () => {
    for (const { layout, nodes, pieces } of FLOWS) {
      const at = new Map(nodes.map((node) => [node.id, node]));
      for (const { from, to, points } of layout.edges) {
        const [source, target] = [at.get(from), at.get(to)];
        expect(points[0]).toEqual({ x: (source?.x ?? 0) + 192, y: (source?.y ?? 0) + PORT });
        expect(points.at(-1)).toEqual({ x: target?.x, y: (target?.y ?? 0) + PORT });
      }
      expect(pieces.filter(({ start, end }) => (start.x === end.x) === (start.y === end.y))).toEqual([]);
    }
  });

  it("cross no node, and lie within the whole", () => {
    for (const { layout, nodes, pieces } of FLOWS) {
      const inSight = ({ x, y }: Point) => x > 0 && y > 0 && x < layout.width && y < layout.height;
      expect(pieces.filter(({ start, end }) => !inSight(start) || !inSight(end))).toEqual([]);
      expect(pieces.filter((piece) => nodes.some((node) => crosses(piece, node)))).toEqual([]);
    }
  });

  it("of different sources never run down on each other, nor over a layer unless to the same node", () => {
    const overLayers = ({ start, end }: Piece) => Math.abs(end.x - start.x) > GAP;
    const misread = (one: Piece, other: Piece) =>
      onOneLine(one, other, "x", "y") ||
      (one.to !== other.to && overLayers(one) && overLayers(other) && onOneLine(one, other, "y", "x"));
    for (const { pieces } of FLOWS) {
      const found = pieces.filter((one) => pieces.some((other) => one.from !== other.from && misread(one, other)));
      expect(found).toEqual([]);
    }
  });

  it("stand side by side where they would cross, the lower first on the way down", () => {
    const { layout } = drawn([box("a"), box("b"), box("c", ["a"], 300), box("d", ["a", "b"]), box("e", ["b"])]);
    const lane = (from: string, to: string) =>
      layout.edges.find((edge) => edge.from === from && edge.to === to)?.points[1]?.x ?? NaN;
    expect(lane("b", "d")).toBe(lane("b", "e"));
    expect(lane("b", "e")).toBeLessThan(lane("a", "d"));
  });

  it("pass over a layer straight where nothing stands in the way, else beside its nodes", () => {
    const over = (boxes: Box[], from: string, to: string) =>
      drawn(boxes).layout.edges.find((edge) => edge.from === from && edge.to === to)?.points.map(({ y }) => y);
    const low = [box("a"), box("b"), box("c", ["b"]), box("d", ["c", "a"])];
    expect(over(low, "a", "d")).toEqual([34, 34]);
    const high = [box("a"), box("b"), box("c", ["a"]), box("d", ["c", "a"])];
    expect(over(high, "a", "d")).toEqual([34, 34, 8, 8, 34, 34]);
  });

  it("are drawn once for each node that is there", () => {
    const { layout } = drawn([box("a"), box("b", ["a", "gone", "a"])]);
    expect(layout.edges.map(({ from, to }) => `${from} ${to}`)).toEqual(["a b"]);
    expect([layout.width, layout.height]).toEqual([32 + 192 + GAP + 192 + 16, 16 + 100 + 16]);
  });
});

it("edges have round corners, no rounder than there is room", () => {
  const points = [
    { x: 0, y: 0 },
    { x: 20, y: 0 },
    { x: 20, y: 10 },
    { x: 60, y: 10 },
  ];
  expect(rounded(points)).toBe("M0 0L15 0Q20 0 20 5L20 5Q20 10 25 10L60 10");
});

describe("a track", () => {
  const flow = { depends_on: { qa: ["dev"], load: ["dev"], prod: ["qa", "load"] } } as unknown as FlowItem;

  it("is solid as far as the release has come", () => {
    const stops = [
      { column: 0, status: "succeeded" },
      { column: 2, status: "running" },
      { column: 3, status: "waiting" },
    ] as const;
    expect(stretches(stops)).toEqual([
      { from: 0, to: 2, solid: true },
      { from: 2, to: 3, solid: false },
    ]);
  });

  it("goes on from environments that go at once to what comes after them", () => {
    const environments = ["dev", "qa", "load", "prod"];
    expect([...turns({ ...flow, environments })]).toEqual(["dev", "qa", "prod"]);
    // The last waits for another one, too, but not for its neighbour.
    const depends_on = { qa: ["dev"], eu: ["qa"], us: ["qa", "dev"] };
    expect([...turns({ environments: ["dev", "qa", "eu", "us"], depends_on })]).toEqual(["dev", "qa", "eu"]);
  });

  it("has one outline for environments in parallel", () => {
    const stops = ["dev", "qa", "load", "prod"].map((environment, column) => ({ environment, column }));
    expect(parallel(stops, flow)).toEqual([{ from: 1, to: 2 }]);
    expect(parallel(stops, undefined)).toEqual([]);
    const line = (from: number) => ({ from, to: from + 1, solid: true });
    expect(between([line(0), line(1), line(2)], [{ from: 1, to: 2 }])).toEqual([line(0), line(2)]);
  });
});
