/** Settings of a policy in words. */

import { setDuration } from "../kit/times";

const DURATIONS: ReadonlySet<string> = new Set([
  "soak",
  "sync_timeout",
  "health_timeout",
  "degraded_grace",
  "settle",
  "timeout",
]);

export function title(name: string): string {
  const words = name.replace(/_seconds$/, "").replace(/^(pre|post)_/, "$1-").replace(/_/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function value(name: string, given: unknown): string {
  if (given === null || given === undefined || given === "") return "none";
  if (typeof given === "boolean") return given ? "yes" : "no";
  if (typeof given === "number" && DURATIONS.has(name.replace(/_seconds$/, ""))) return setDuration(given);
  if (typeof given === "object") return approval(given as Record<string, unknown>);
  if (given === "pr") return "pull request";
  return String(given);
}

function approval(of: Record<string, unknown>): string {
  if (typeof of.required !== "number") return JSON.stringify(of);
  const names = (field: unknown) => (Array.isArray(field) ? field.map(String) : []);
  const from = [...names(of.teams).map((team) => `team ${team}`), ...names(of.users)];
  const by = from.length ? ` from ${from.join(", ")}` : "";
  return `${of.required}${by}${of.exclude_author ? ", not the author" : ""}`;
}
