/** The columns of environments: those that are configured, in order, then those only releases know. */

import type { ConfiguredEnvironment, ReleaseItem } from "../api/schema";

export interface Column {
  readonly name: string;
  readonly production: boolean;
}

export function columns(
  configured: readonly ConfiguredEnvironment[],
  product: string | undefined,
  releases: readonly ReleaseItem[],
): Column[] {
  const here = configured.filter((each) => !product || each.products.includes(product));
  const found = here.map((each) => ({ name: each.name, production: each.kind === "prod" }));
  const known = new Set(found.map((column) => column.name));
  for (const place of releases.flatMap((release) => release.environments)) {
    if (known.has(place.name)) continue;
    known.add(place.name);
    const of = configured.find((each) => each.name === place.name);
    found.push({ name: place.name, production: of?.kind === "prod" });
  }
  return found;
}

/** Wide enough for the names when there are few, narrow when there are many. */
export function columnWidth(count: number, room: number): number {
  return Math.round(Math.min(76, Math.max(58, room / Math.max(1, count))));
}
