/** Notes as text to take along, and whether more of them is still on its way. */

import { ask, problem, search } from "./client";
import type { NotesDocument } from "./schema";

export type NotesFormat = "json" | "markdown" | "text";

export async function notesText(
  release: string,
  environment: string,
  from: string,
  format: NotesFormat,
): Promise<string> {
  const path = `/releases/${encodeURIComponent(release)}/notes`;
  const response = await ask(path + search({ environment, from, format }));
  if (!response.ok) throw await problem(response);
  return response.text();
}

export const GROUPS = ["features", "pull_requests", "commits", "images", "gitops"] as const;

export function isWhole(notes: NotesDocument): boolean {
  return GROUPS.every((name) => !notes[name].unresolved.length && notes[name].resolved === notes[name].total);
}

/** Whether something that is missing is still asked for. */
export function isComing(notes: NotesDocument): boolean {
  const lacks = GROUPS.flatMap((name) => notes[name].unresolved);
  return notes.resolving.state !== "over" && lacks.some((lack) => lack.outlook === "coming");
}

const GRACE_MS = 15_000;

/** The stream tells when notes were made anew. Should it not: how long until they must have been. */
export function untilMadeAnew(notes: NotesDocument, now: number): number | false {
  if (!isComing(notes)) return false;
  const { next_try_at: due } = notes.resolving;
  return Math.max(0, due ? Date.parse(due) - now : 0) + GRACE_MS;
}
