/** What a node says of an environment, worked out from the release and what is there now. */

import type {
  Cell,
  EnvironmentShown,
  GateShown,
  PhaseShown,
  ReleaseDocument,
  Status,
  WorkflowShown,
} from "../api/schema";
import type { GraphEdge, Stretch } from "../graph/Graph";
import type { Box } from "../graph/layout";
import { ENDED } from "../kit/status";
import { setDuration } from "../kit/times";

export interface Part {
  readonly component: string;
  readonly version: string;
  /** Whether it is what the release carries. */
  readonly carried: boolean;
}

/** The components there: what the release brought, else what is there now. */
export function parts(
  release: ReleaseDocument,
  environment: EnvironmentShown,
  cells: readonly Cell[],
): Part[] {
  const carried = new Map(release.components.map((part) => [part.name, part.version]));
  const here = cells.filter((cell) => cell.environment === environment.name);
  const names = here.length ? here.map((cell) => cell.component) : [...carried.keys()];
  const brought = environment.landed || (environment.role !== "step" && environment.status === "succeeded");
  return names.sort().map((component) => {
    const now = here.find((cell) => cell.component === component)?.version ?? "";
    const mine = carried.get(component);
    const version = brought && mine ? mine : now;
    return { component, version, carried: brought && mine !== undefined };
  });
}

const IN_ROWS: ReadonlySet<string> = new Set(["on_start", "pre_action", "action", "post_action"]);
const NOT_BEGUN: ReadonlySet<Status> = new Set<Status>(["waiting", "queued"]);

/** Workflows have steps in the node, as many as there is room for. */
export const MOST_STEPS = 3;
const WORKFLOWS: ReadonlySet<string> = new Set(["on_start", "pre_action", "post_action"]);

export function workflowOf(environment: EnvironmentShown, phase: string): WorkflowShown | undefined {
  return environment.workflows.find((each) => each.purpose === phase);
}

/** The phases that have rows of their own; sync and health are told with the applications. */
export function rows(environment: EnvironmentShown): PhaseShown[] {
  return environment.phases.filter((phase) => IN_ROWS.has(phase.name) && phase.status !== "skipped");
}

export function phaseOf(environment: EnvironmentShown, name: string): PhaseShown | undefined {
  return environment.phases.find((phase) => phase.name === name);
}

/** Sync and health in words, with what is wrong said first. */
export function health(environment: EnvironmentShown): { words: string; bad: boolean } {
  const sync = phaseOf(environment, "sync")?.status;
  const healthy = phaseOf(environment, "health")?.status;
  if (!sync || !healthy || NOT_BEGUN.has(sync)) return { words: "", bad: false };
  if (sync !== "succeeded") return { words: `sync ${sync}`, bad: isBad(sync) };
  if (healthy === "succeeded") return { words: "synced, healthy", bad: false };
  return { words: `health ${healthy}`, bad: isBad(healthy) };
}

function isBad(status: Status): boolean {
  return status === "failed" || status === "error";
}

export function begun(environment: EnvironmentShown): boolean {
  return !NOT_BEGUN.has(environment.status) && environment.started_at !== null;
}

/** The gates, as long as the promotion stands before them or was refused there. */
export function gates(environment: EnvironmentShown): readonly GateShown[] {
  const passed = phaseOf(environment, "gates")?.status === "succeeded";
  return passed ? [] : planned(environment);
}

/** Those that policy and windows make. What turns up, a lock or another release, is the reason. */
function planned(environment: EnvironmentShown): readonly GateShown[] {
  return environment.gates.filter((gate) => gate.kind !== "lock" && gate.kind !== "busy");
}

/** What a gate waits for, in a few words. */
export function gate(of: GateShown, environment: EnvironmentShown): string {
  if (of.kind === "approval") {
    const needed = environment.settings.approval?.required;
    return needed === undefined ? "" : `${environment.approvals.length} of ${needed}`;
  }
  return of.kind === "soak" && environment.settings.soak_seconds
    ? setDuration(environment.settings.soak_seconds)
    : "";
}

/** What is still to come here, in one line. */
export function ahead(environment: EnvironmentShown): string {
  const words: Record<string, string> = {
    on_start: "hook",
    pre_action: "pre-action",
    action: environment.settings.action === "pr" ? "pull request" : "commit",
    post_action: "post-action",
  };
  const left = environment.phases.filter((phase) => NOT_BEGUN.has(phase.status) || phase.status === "pending");
  return left.map((phase) => words[phase.name] ?? "").filter(Boolean).join(", ");
}

export function isHeld(status: Status): boolean {
  return ["running", "suspended", "failed", "error", "terminating"].includes(status);
}

// --- the graph -------------------------------------------------------------------------------
const MOST_PARTS = 6;
export { MOST_PARTS };
const HEAD = 36;
const WHY = 76; // the status, the times, and two lines of reason
const FOOT = 41;
const TITLE = 26; // of a block of rows
const LINE = 20; // a row to be read
const TARGET = 24; // a row to be pressed

/** Room for all that may come to stand in a node, whatever its state: so nothing ever moves. */
export function boxes(release: ReleaseDocument, cells: readonly Cell[]): Box[] {
  return release.environments.map((environment) => {
    const count = parts(release, environment, cells).length;
    const applications = TITLE + Math.min(count, MOST_PARTS) * LINE + (count > MOST_PARTS ? LINE : 0);
    const inRows = environment.phases.filter((phase) => IN_ROWS.has(phase.name));
    const phases = inRows.reduce(
      (sum, phase) => sum + (WORKFLOWS.has(phase.name) ? TITLE + MOST_STEPS * TARGET : TARGET + 7),
      0,
    );
    const { approval, soak_seconds } = environment.settings;
    const asked = Number(approval !== null) + Number((soak_seconds ?? 0) > 0);
    const gates = Math.max(asked, planned(environment).length);
    const height = HEAD + WHY + applications + (gates && TITLE + gates * LINE) + phases + FOOT;
    return { id: environment.name, width: 192, height, after: environment.depends_on };
  });
}

export function edges(release: ReleaseDocument): GraphEdge[] {
  return release.environments.flatMap((environment) =>
    environment.depends_on.map((from) => ({
      from,
      to: environment.name,
      stretch: stretch(release, from, environment),
      status: environment.status,
    })),
  );
}

function stretch(release: ReleaseDocument, from: string, to: EnvironmentShown): Stretch {
  const before = release.environments.find((each) => each.name === from);
  const passed = before?.status === "succeeded" || before?.status === "superseded";
  if (!passed || NOT_BEGUN.has(to.status) || to.status === "skipped") return "ahead";
  return ENDED.has(to.status) && to.status === "succeeded" ? "done" : "now";
}

export function arrival(release: ReleaseDocument, environment: EnvironmentShown): Stretch | null {
  if (!environment.depends_on.length) return null;
  const all = environment.depends_on.map((from) => stretch(release, from, environment));
  return all.includes("now") ? "now" : all.every((each) => each === "done") ? "done" : (all[0] ?? "ahead");
}

/** What it comes after: `after load-test and staging`. */
export function after({ depends_on }: EnvironmentShown): string {
  return depends_on.length ? `after ${depends_on.join(" and ")}` : "";
}

/** The reason, unless it only waits for all that it comes after. */
export function why(environment: EnvironmentShown): string {
  const sentence = environment.reason?.sentence ?? "";
  return sentence === after(environment).replace("after", "waits for") ? "" : sentence;
}
