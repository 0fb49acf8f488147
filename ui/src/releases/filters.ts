/** The filters of a list of releases: as the address has them, and as the server takes them. */

import type { Query } from "../api/client";
import type { Status } from "../api/schema";
import { STATUSES } from "../kit/status";

export interface Filters {
  readonly q?: string;
  readonly product?: string;
  readonly status?: readonly Status[];
  readonly flow?: string;
  readonly environment?: string;
  readonly at?: readonly Status[]; // how it stands in that environment
  readonly initiator?: string;
  readonly since?: string; // `1d`, `7d`, `30d`, or a day
  readonly until?: string; // a day, included
  readonly ended?: boolean;
}

export const SPANS: Record<string, string> = { "1d": "last day", "7d": "last 7 days", "30d": "last 30 days" };
const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function readFilters(given: Record<string, unknown>): Filters {
  const word = (name: string) => {
    const value = given[name];
    return (typeof value === "string" || typeof value === "number") && value !== "" ? String(value) : undefined;
  };
  const words = (name: string) => {
    const value = given[name];
    const all = Array.isArray(value) ? value : [value];
    const known = STATUSES.filter((status) => all.includes(status));
    return known.length ? known : undefined;
  };
  const since = word("since");
  const until = word("until");
  return compact({
    q: word("q"),
    product: word("product"),
    status: words("status"),
    flow: word("flow"),
    environment: word("environment"),
    at: words("at"),
    initiator: word("initiator"),
    since: since && (since in SPANS || DAY.test(since)) ? since : undefined,
    until: until && DAY.test(until) ? until : undefined,
    ended: typeof given.ended === "boolean" ? given.ended : undefined,
  });
}

/** Some filters to be set; undefined takes one off. */
export type SomeFilters = { [Name in keyof Filters]?: Filters[Name] | undefined };

/** Without what is not set, so that the same filters make the same address. */
export function compact(filters: SomeFilters): Filters {
  return Object.fromEntries(
    Object.entries(filters).filter(([, value]) => value !== undefined && value !== "" && String(value) !== ""),
  ) as Filters;
}

/** The query of the server. Spans begin at a full minute, so that the question stays the same. */
export function asked(filters: Filters, now: number): Query {
  const { q, at, since, until, ...same } = filters;
  const minute = Math.floor(now / 60_000) * 60_000;
  const begun =
    since && since in SPANS
      ? new Date(minute - Number.parseInt(since) * DAY_MS).toISOString()
      : since && localDay(since, 0);
  return {
    ...same,
    q: q && finished(q),
    environment_status: filters.environment ? at : undefined,
    since: begun || undefined,
    until: until ? localDay(until, 1) : undefined,
  };
}

function localDay(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

/** The last word may still be typed: three letters find by their beginning. */
function finished(q: string): string {
  return /[\p{L}\p{N}]{3,}$/u.test(q) ? `${q}*` : q;
}
