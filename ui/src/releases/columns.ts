/** The columns of environments: those that are configured, in order, then those only releases know. */

import type { ConfiguredEnvironment, ListingReleaseItem } from "../api/schema";

export interface Column {
  readonly name: string;
  readonly production: boolean;
}

export function columns(
  configured: readonly ConfiguredEnvironment[],
  product: string | undefined,
  named: readonly string[],
): Column[] {
  const kinds = new Map(configured.map((each) => [each.name, each.kind]));
  const here = configured.filter((each) => !product || each.products.includes(product));
  const names = new Set([...here.map((each) => each.name), ...named]);
  return [...names].map((name) => ({ name, production: kinds.get(name) === "prod" }));
}

/** The names in some releases, each once. */
export interface Named {
  readonly environments: readonly string[];
  readonly initiators: readonly string[];
}

type Page = Pick<ListingReleaseItem, "items">;
const known = new WeakMap<Page, Named>();

/** The names in all pages. A page is looked through once, however many come after it. */
export function named(pages: readonly Page[]): Named {
  const found = pages.map((page) => {
    const names = known.get(page) ?? namedIn(page);
    known.set(page, names);
    return names;
  });
  return {
    environments: [...new Set(found.flatMap((names) => names.environments))],
    initiators: [...new Set(found.flatMap((names) => names.initiators))],
  };
}

function namedIn({ items }: Page): Named {
  const environments = new Set<string>();
  const initiators = new Set<string>();
  for (const item of items) {
    initiators.add(item.initiator);
    for (const place of item.environments) environments.add(place.name);
  }
  return { environments: [...environments], initiators: [...initiators] };
}

/** Wide enough for the names when there are few, narrow when there are many. */
export function columnWidth(count: number, room: number): number {
  return Math.round(Math.min(76, Math.max(58, room / Math.max(1, count))));
}
