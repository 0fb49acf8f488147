/** Events in words. A kind that is not known here is told by its name, never left out. */

import type { EventShown, ReasonShown, Status } from "../api/schema";
import { STATUSES } from "../kit/status";
import { listed, repository, sha } from "../kit/words";

export interface Told {
  readonly status: Status | null;
  readonly title: string;
  readonly detail: string;
}

const PHASES: Record<string, string> = {
  gates: "Gates",
  on_start: "Start hook",
  pre_action: "Pre-action",
  action: "Action",
  sync: "Sync",
  health: "Health",
  post_action: "Post-action",
  on_success: "Success hook",
  on_fail: "Failure hook",
};

export function phase(name: string): string {
  return PHASES[name] ?? plain(name);
}

export function told(event: EventShown): Told {
  const { data, kind } = event;
  const why = sentence(data.reason);
  const of = phase(text(data.phase));
  const given = statusOf(data.status);
  switch (kind) {
    case "ReleaseCreated":
      return { status: null, title: "Release began", detail: text(data.subject) };
    case "ReleaseQueued":
      return { status: "queued", title: "Queued", detail: why };
    case "ReleaseStarted":
      return { status: null, title: "Release started", detail: "" };
    case "TerminationRequested":
      return { status: "terminating", title: "Asked to stop", detail: why };
    case "ReleaseStopped":
      return { status: "terminated", title: "Stopped", detail: why };
    case "ReleaseEnded":
      return { status: given, title: `Release ${given ?? "ended"}`, detail: why };
    case "ReleaseReopened":
      return { status: null, title: "Goes on", detail: changes(data.changes) };
    case "ClockStarted":
    case "ClockStopped":
      return { status: null, title: kind === "ClockStarted" ? "Time runs" : "Time stands", detail: "" };
    case "PromotionHeld":
      return { status: given, title: `Held: ${of.toLowerCase()}`, detail: why };
    case "PromotionStarted":
      return { status: null, title: "Promotion began", detail: attempt(data.attempt) };
    case "PromotionRetried":
      return {
        status: null,
        title: "Tried again",
        detail: [attempt(data.attempt), changes(data.changes)].filter(Boolean).join(": "),
      };
    case "PromotionEnded":
      return { status: given, title: `Promotion ${given ?? "ended"}`, detail: why };
    case "PhaseStarted":
      return { status: null, title: `${of} began`, detail: why };
    case "PhaseReported":
      return { status: given, title: `${of} ${given ?? ""}`.trim(), detail: why };
    case "PhaseTroubled":
      return { status: "running", title: `${of} in trouble, trying again`, detail: why };
    case "PhaseSucceeded":
      return { status: "succeeded", title: `${of} succeeded`, detail: why };
    case "PhaseFailed":
      return { status: given ?? "failed", title: `${of} ${given ?? "failed"}`, detail: why };
    case "CommitLanded": {
      const where = `${sha(text(data.commit))} on ${text(data.branch)} of ${repository(text(data.repository))}`;
      const of = Array.isArray(data.components) ? listed(data.components.map(String)) : "";
      const title = data.changed === false ? "Was there already" : "Commit landed";
      return { status: "succeeded", title, detail: of ? `${where}: ${of}` : where };
    }
    case "ApprovalGiven":
      return { status: "succeeded", title: "Approved", detail: text(data.comment) };
    case "ApprovalRejected":
      return { status: "failed", title: "Rejected", detail: why || text(data.comment) };
    case "SkipRequested":
      return { status: "skipped", title: "Asked to skip", detail: why };
    case "StepResumed":
      return { status: null, title: `Resumed ${text(data.step)}`, detail: text(data.workflow) };
    case "WorkflowStopped":
      return { status: "terminating", title: "Workflow stopped", detail: why };
    case "EnvironmentLocked":
      return { status: "suspended", title: "Locked", detail: text(data.reason) };
    case "EnvironmentUnlocked":
      return { status: null, title: "Unlocked", detail: "" };
    default:
      return { status: given, title: plain(kind), detail: why || text(data.comment) };
  }
}

function sentence(reason: unknown): string {
  return reason && typeof reason === "object" ? text((reason as ReasonShown).sentence) : "";
}

function attempt(count: unknown): string {
  return typeof count === "number" && count > 1 ? `attempt ${count}` : "";
}

function changes(lines: unknown): string {
  return Array.isArray(lines) ? lines.map(text).join(", ") : "";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function statusOf(value: unknown): Status | null {
  return STATUSES.find((status) => status === value) ?? null;
}

/** `GateApproved` and `pre_action` as words: "Gate approved", "Pre action". */
export function plain(name: string): string {
  const words = name.replace(/_/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
