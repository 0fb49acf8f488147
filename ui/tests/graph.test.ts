import { describe, expect, it } from "vitest";
import { type Box, placed, rounded } from "../src/graph/layout";
import { between, parallel, stretches } from "../src/kit/track";
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

  it("never lie on each other, also in a circle or behind what is not there", () => {
    const places = placed([box("a", ["b"]), box("b", ["a"]), box("c", ["gone"])]);
    expect(new Set(Object.values(places).map(({ x, y }) => `${x} ${y}`)).size).toBe(3);
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

  it("has one outline for environments in parallel", () => {
    const stops = ["dev", "qa", "load", "prod"].map((environment, column) => ({ environment, column }));
    expect(parallel(stops, flow)).toEqual([{ from: 1, to: 2 }]);
    expect(parallel(stops, undefined)).toEqual([]);
    const line = (from: number) => ({ from, to: from + 1, solid: true });
    expect(between([line(0), line(1), line(2)], [{ from: 1, to: 2 }])).toEqual([line(0), line(2)]);
  });
});
