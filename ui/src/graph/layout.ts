/**
 * Where the nodes of a flow stand and how its edges run, worked out in a worker.
 *
 * It depends on the structure only: sizes are given from what a node may come to hold, so that
 * nothing moves while a release runs.
 */

import ELK, { type ElkNode } from "elkjs/lib/elk-api";
import { worker } from "./worker";

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly after: readonly string[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly places: Readonly<Record<string, Point>>;
  readonly edges: readonly { readonly from: string; readonly to: string; readonly points: readonly Point[] }[];
}

/** From the top of a node to the middle of its head, where edges come and go. */
export const PORT = 18;
export const GAP = 56;

const ROWS = 24;

// Nodes are put where `placed` says; the layout engine finds the ways between them.
const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.layered.cycleBreaking.strategy": "INTERACTIVE",
  "elk.layered.layering.strategy": "INTERACTIVE",
  "elk.layered.crossingMinimization.strategy": "INTERACTIVE",
  "elk.layered.nodePlacement.strategy": "INTERACTIVE",
  "elk.layered.spacing.nodeNodeBetweenLayers": String(GAP),
  "elk.spacing.nodeNode": String(ROWS),
  "elk.layered.mergeEdges": "true",
  "elk.padding": "[top=16,left=32,bottom=16,right=16]",
};

/** As early as what it comes after allows, and as high as the first of those. */
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
  const places: Record<string, Point> = {};
  const below = new Map<number, number>();
  const inOrder = [...boxes].sort((a, b) => depth(a, []) - depth(b, []));
  for (const box of inOrder) {
    const layer = depth(box, []);
    const wanted = Math.min(...box.after.map((id) => places[id]?.y ?? 0), Infinity);
    const y = Math.max(below.get(layer) ?? 0, Number.isFinite(wanted) ? wanted : 0);
    below.set(layer, y + box.height + ROWS);
    places[box.id] = { x: layer * (box.width + GAP), y };
  }
  return places;
}

let engine: InstanceType<typeof ELK> | undefined;

export async function layOut(boxes: readonly Box[]): Promise<Layout> {
  const known = new Set(boxes.map((box) => box.id));
  const start = placed(boxes);
  const edges = boxes.flatMap((box) =>
    box.after.filter((before) => known.has(before)).map((before) => ({ from: before, to: box.id })),
  );
  const graph: ElkNode = {
    id: "flow",
    layoutOptions: OPTIONS,
    children: boxes.map((box) => ({
      id: box.id,
      ...start[box.id],
      width: box.width,
      height: box.height,
      layoutOptions: { "elk.portConstraints": "FIXED_POS" },
      ports: [
        { id: `${box.id}\0in`, x: 0, y: PORT, width: 0, height: 0, layoutOptions: { "elk.port.side": "WEST" } },
        {
          id: `${box.id}\0out`,
          x: box.width,
          y: PORT,
          width: 0,
          height: 0,
          layoutOptions: { "elk.port.side": "EAST" },
        },
      ],
    })),
    edges: edges.map(({ from, to }, place) => ({
      id: String(place),
      sources: [`${from}\0out`],
      targets: [`${to}\0in`],
    })),
  };
  engine ??= new ELK({ workerFactory: worker });
  const laid = await engine.layout(graph);
  return {
    width: laid.width ?? 0,
    height: laid.height ?? 0,
    places: Object.fromEntries((laid.children ?? []).map((node) => [node.id, { x: node.x ?? 0, y: node.y ?? 0 }])),
    edges: (laid.edges ?? []).map((edge) => {
      const section = edge.sections?.[0];
      const points = section ? [section.startPoint, ...(section.bendPoints ?? []), section.endPoint] : [];
      const of = edges[Number(edge.id)];
      return { from: of?.from ?? "", to: of?.to ?? "", points };
    }),
  };
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
