/** A flow as a graph to be looked at: pan and zoom by mouse, trackpad and keys, nothing to move. */

import {
  BaseEdge,
  type Edge,
  type EdgeProps,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useViewport,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Status } from "../api/schema";
import { Icon } from "../kit/Icon";
import { type Box, type Layout, layOut, PORT, rounded } from "./layout";
import type { Point } from "./ways";

export type Stretch = "done" | "now" | "ahead";

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly stretch: Stretch;
  readonly status: Status;
}

interface GraphProps {
  readonly label: string;
  readonly boxes: readonly Box[];
  readonly edges: readonly GraphEdge[];
  /** What stands in a node; drawn anew whenever this function changes. */
  readonly draw: (id: string) => ReactNode;
  /** What should be in sight when not everything can be. */
  readonly focus?: string | undefined;
  /** What somebody chose: it is brought into sight, also when the graph's frame shrinks for it. */
  readonly chosen?: string | undefined;
  /** Without the legend of what was passed and what is ahead. */
  readonly plain?: boolean;
  readonly children?: ReactNode;
}

interface NodeData extends Record<string, unknown> {
  readonly content: ReactNode;
}
interface EdgeData extends Record<string, unknown> {
  readonly points: readonly Point[];
  readonly stretch: Stretch;
  readonly status: Status;
}

const SMALLEST = 0.05;
const LEGIBLE = 0.66;
const LARGEST = 1.6;

export function Graph(props: GraphProps) {
  const key = JSON.stringify(props.boxes);
  const layout = useMemo(() => layOut(JSON.parse(key) as Box[]), [key]);
  return (
    <section className="canvas" aria-label={props.label}>
      <ReactFlowProvider key={key}>
        <Drawn {...props} layout={layout} />
      </ReactFlowProvider>
    </section>
  );
}

const NODES = { box: memo(BoxNode) };
const EDGES = { way: memo(Way) };

function Drawn({ boxes, edges, draw, focus, chosen, plain, layout, children }: GraphProps & { readonly layout: Layout }) {
  const frame = useRef<HTMLDivElement>(null);
  const [fitted, setFitted] = useState(false);
  const nodes: Node<NodeData>[] = useMemo(
    () =>
      boxes.map((box) => ({
        id: box.id,
        type: "box",
        position: layout.places[box.id] ?? { x: 0, y: 0 },
        data: { content: draw(box.id) },
        ...measured(box),
      })),
    [boxes, draw, layout],
  );
  const ways: Edge<EdgeData>[] = useMemo(() => {
    const known = new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge]));
    const order: Record<Stretch, number> = { ahead: 0, done: 1, now: 2 };
    return layout.edges.map(({ from, to, points }) => {
      const { stretch = "ahead", status = "waiting" } = known.get(`${from} ${to}`) ?? {};
      return {
        id: `${from} ${to}`,
        source: from,
        target: to,
        type: "way",
        zIndex: order[stretch],
        focusable: false,
        data: { points, stretch, status },
      };
    });
  }, [edges, layout]);
  const fit = useFit(frame, layout, focus);
  const reveal = useReveal(frame);
  const { zoomIn, zoomOut, getViewport, setViewport, flowToScreenPosition } = useReactFlow();
  const box = boxes.find(({ id }) => id === chosen);
  const place = layout.places[chosen ?? ""];
  useEffect(() => {
    const element = frame.current;
    if (!fitted || !box || !place || !element) return undefined;
    const sized = new ResizeObserver(() => {
      const { x, y } = flowToScreenPosition(place);
      const { zoom } = getViewport();
      reveal(new DOMRect(x, y, box.width * zoom, box.height * zoom));
    }); // it tells the first size at once
    sized.observe(element);
    return () => sized.disconnect();
  }, [fitted, box, place, reveal, flowToScreenPosition, getViewport]);
  useEffect(() => {
    // The library calls itself an application, in which screen readers have no keys to read with.
    frame.current?.querySelector("[role=application]")?.setAttribute("role", "presentation");
    // To the ear each node says what it comes after: ways between them would only be noise.
    frame.current?.querySelector(".react-flow__edges")?.setAttribute("aria-hidden", "true");
  }, []);
  const pressed = useCallback(
    (event: KeyboardEvent) => {
      // What is typed into a dialog that a node opened comes here, too, though it lies elsewhere.
      if (!event.currentTarget.contains(event.target as Element)) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const pan = PANS[event.key];
      if (pan) {
        const { x, y, zoom } = getViewport();
        void setViewport({ x: x + pan.x, y: y + pan.y, zoom });
      } else if (event.key === "+" || event.key === "=") void zoomIn();
      else if (event.key === "-") void zoomOut();
      else if (event.key === "0" || event.key === "f") fit(true);
      else return;
      event.preventDefault();
    },
    [fit, getViewport, setViewport, zoomIn, zoomOut],
  );
  return (
    // The graph itself takes the keys that move it; what stands in the nodes has its own.
    /* eslint-disable jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex */
    <div
      ref={frame}
      className="canvas-frame"
      role="group"
      aria-label="Graph: arrows move it, plus and minus zoom, 0 fits it"
      tabIndex={0}
      onKeyDown={pressed}
      onFocus={({ target }) => {
        if (target.closest(".react-flow__node") && target.matches(":focus-visible")) {
          reveal(target.getBoundingClientRect());
        }
      }}
    >
      {/* eslint-enable */}
      <ReactFlow
        nodes={fitted ? nodes : NOTHING}
        edges={fitted ? ways : NOTHING}
        nodeTypes={NODES}
        edgeTypes={EDGES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements={boxes.length > 30}
        panOnScroll
        zoomOnDoubleClick={false}
        minZoom={SMALLEST}
        maxZoom={LARGEST}
        disableKeyboardA11y
        proOptions={{ hideAttribution: true }}
        onInit={() => {
          fit(false);
          setFitted(true);
        }}
      />
      {!plain && <Keys />}
      <div className="bar-left">
        <Zoom fit={() => fit(true)} />
        {children}
      </div>
    </div>
  );
}

// Until it is known what of the graph is in sight: else all of it would be drawn first.
const NOTHING: never[] = [];

/** All that the library would else measure once a node is drawn, and draw it anew then. */
function measured({ width, height }: Box): Pick<Node, "width" | "height" | "measured" | "handles"> {
  const side = { x: 0, y: PORT, width: 1, height: 1 };
  return {
    width,
    height,
    measured: { width, height },
    handles: [
      { ...side, type: "target", position: Position.Left },
      { ...side, x: width, type: "source", position: Position.Right },
    ],
  };
}

const PANS: Record<string, Point> = {
  ArrowLeft: { x: 80, y: 0 },
  ArrowRight: { x: -80, y: 0 },
  ArrowUp: { x: 0, y: 80 },
  ArrowDown: { x: 0, y: -80 },
};

/** All of it, if one can still read it then; else what is in focus, at a size one can read. */
function useFit(
  frame: React.RefObject<HTMLDivElement | null>,
  layout: Layout,
  focus: string | undefined,
): (all: boolean) => void {
  const { setViewport } = useReactFlow();
  const focused = useRef(focus);
  useEffect(() => {
    focused.current = focus;
  }, [focus]);
  return useCallback(
    (all: boolean) => {
      const element = frame.current;
      if (!element) return;
      const { clientWidth: width, clientHeight: height } = element;
      const whole = Math.min(width / layout.width, height / layout.height, 1);
      if (all || whole >= LEGIBLE) {
        const zoom = Math.max(SMALLEST, whole);
        const x = layout.width * zoom < width ? 0 : (width - layout.width * zoom) / 2;
        void setViewport({ x, y: 0, zoom });
        return;
      }
      const zoom = Math.min(1, Math.max(LEGIBLE, width / layout.width));
      const at = layout.places[focused.current ?? ""] ?? { x: 0, y: 0 };
      const x = clamp(width / 2 - (at.x + 96) * zoom, width - layout.width * zoom, 0);
      const y = clamp(height / 3 - at.y * zoom, height - layout.height * zoom, 0);
      void setViewport({ x, y, zoom });
    },
    [frame, layout, setViewport],
  );
}

const MARGIN = 32;
const BAR = 56; // below the nodes stands the bar

/** Moves the graph as little as it takes for a part of the window to lie in the frame. */
function useReveal(frame: React.RefObject<HTMLDivElement | null>): (part: DOMRect) => void {
  const { getViewport, setViewport } = useReactFlow();
  return useCallback(
    (part: DOMRect) => {
      const element = frame.current;
      if (!element) return;
      const { left, top, width, height } = element.getBoundingClientRect();
      const { x, y, zoom } = getViewport();
      const byX = within(part.left - left, part.width, width - MARGIN);
      const byY = within(part.top - top, part.height, height - BAR);
      if (byX || byY) void setViewport({ x: x + byX, y: y + byY, zoom });
    },
    [frame, getViewport, setViewport],
  );
}

/** How far to move what begins at `start` and is `size` long, so that it lies before `end`. */
function within(start: number, size: number, end: number): number {
  if (start < MARGIN || size > end - MARGIN) return MARGIN - start;
  return Math.min(0, end - (start + size));
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(Math.min(least, most), value));
}

/** The library looks for handles once a node is drawn, and draws no edge to a node without them. */
function BoxNode({ data }: NodeProps<Node<NodeData>>) {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      {data.content}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

function Way({ data, id }: EdgeProps<Edge<EdgeData>>) {
  const { points = [], stretch = "ahead", status = "waiting" } = data ?? {};
  return (
    <BaseEdge id={id} path={rounded(points)} className={`ed ${stretch} ${stretch === "now" ? status : ""}`} />
  );
}

function Zoom({ fit }: { readonly fit: () => void }) {
  const { zoomIn, zoomOut } = useReactFlow();
  const { zoom } = useViewport();
  return (
    <div className="zoom" role="group" aria-label="Zoom">
      <button className="ib" aria-label="Zoom out" onClick={() => void zoomOut()}>
        <Icon name="minus" />
      </button>
      <span>{Math.round(zoom * 100)}%</span>
      <button className="ib" aria-label="Zoom in" onClick={() => void zoomIn()}>
        <Icon name="plus" />
      </button>
      <button className="ib" aria-label="Fit" onClick={fit}>
        <Icon name="fit" />
      </button>
    </div>
  );
}

function Keys() {
  const line = (kind: string, title: string) => (
    <div>
      <svg width="28" height="8">
        <path d="M1 4H28" className={`ed ${kind}`} />
      </svg>
      {title}
    </div>
  );
  return (
    <div className="keys hide-narrow" aria-hidden="true">
      {line("done", "passed")}
      {line("now suspended", "held here")}
      {line("ahead", "ahead")}
    </div>
  );
}
