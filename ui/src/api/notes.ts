/** Notes as text to take along, and when to look whether more of them is known. */

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

const FIRST_MS = 1_500;
const LONGEST_MS = 60_000;

/** How long to wait before looking again, while something is still being found out. */
export function pause(looked: number): number {
  return Math.min(FIRST_MS * 2 ** Math.floor(Math.max(0, looked - 1) / 4), LONGEST_MS);
}
