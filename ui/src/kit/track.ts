/** The track: a release's or product's environments as a line of glyphs, worked out for drawing. */

import type { FlowItem, Status } from "../api/schema";

export interface Stop {
  readonly environment: string;
  readonly column: number;
}

/** A stretch between two stops; solid where the way was made. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly solid: boolean;
}

/** Columns next to each other whose environments run in parallel. */
export interface Group {
  readonly from: number;
  readonly to: number;
}

const MADE: ReadonlySet<Status> = new Set<Status>(["succeeded", "superseded"]);
const AHEAD: ReadonlySet<Status> = new Set<Status>(["waiting", "queued", "skipped", "pending"]);

/** Solid as far as the release has come: to a stop that was reached, from one that let it go on. */
export function stretches(
  stops: readonly { readonly column: number; readonly status: Status }[],
): Stretch[] {
  const inOrder = [...stops].sort((a, b) => a.column - b.column);
  return inOrder.slice(1).map((stop, place) => {
    const before = inOrder.slice(0, place + 1);
    const solid = !AHEAD.has(stop.status) && before.some((each) => MADE.has(each.status));
    return { from: before.at(-1)?.column ?? 0, to: stop.column, solid };
  });
}

/** Stops of one flow that come after the very same environments, and stand side by side. */
export function parallel(stops: readonly Stop[], flow: FlowItem | undefined): Group[] {
  if (!flow) return [];
  const key = (environment: string) => [...(flow.depends_on[environment] ?? [])].sort().join("\n");
  const groups: Group[] = [];
  const inOrder = [...stops].sort((a, b) => a.column - b.column);
  let first = inOrder[0];
  let last = first;
  const end = () => {
    if (first && last && first !== last) groups.push({ from: first.column, to: last.column });
  };
  for (const stop of inOrder.slice(1)) {
    const together =
      first !== undefined && key(first.environment) !== "" && key(first.environment) === key(stop.environment);
    if (!together) {
      end();
      first = stop;
    }
    last = stop;
  }
  end();
  return groups;
}

/** The first of the environments that go at once, for each time that a flow goes on to others. */
export function turns({ environments, depends_on }: Pick<FlowItem, "environments" | "depends_on">): ReadonlySet<string> {
  const first = new Set<string>();
  let together: string[] = [];
  for (const environment of environments) {
    const goesOn = depends_on[environment]?.some((before) => together.includes(before)) ?? true;
    if (goesOn) first.add(environment);
    together = goesOn ? [environment] : [...together, environment];
  }
  return first;
}

/** Without the stretches inside of a group: what runs in parallel does not follow on each other. */
export function between(lines: readonly Stretch[], groups: readonly Group[]): Stretch[] {
  return lines.filter((line) => !groups.some((group) => group.from <= line.from && line.to <= group.to));
}
