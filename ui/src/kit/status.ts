/** The words of status, worst first as the server ranks them, and in the order of counters. */

import type { ProductEnvironment, Status } from "../api/schema";

export const STATUSES: readonly Status[] = [
  "succeeded",
  "running",
  "suspended",
  "pending",
  "queued",
  "waiting",
  "failed",
  "error",
  "terminating",
  "terminated",
  "superseded",
  "skipped",
];

export const NEEDS_SOMEONE: readonly Status[] = ["suspended", "failed", "error"];
export const TURNING: ReadonlySet<Status> = new Set<Status>(["running", "terminating"]);
export const ENDED: ReadonlySet<Status> = new Set<Status>([
  "succeeded",
  "failed",
  "error",
  "terminated",
  "superseded",
  "skipped",
]);

export function word(status: Status): string {
  return status.charAt(0).toUpperCase() + status.slice(1);
}

/** How an environment stands: what is on its way there, else what came last. */
export function standing(of: ProductEnvironment): Status | null {
  return of.on_its_way[0]?.status ?? of.status;
}
