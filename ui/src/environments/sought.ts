/** What of the board is looked for: its rows, and the environments that have columns. */

import type { ConfiguredEnvironment, ProductEnvironment, ProductItem, Status } from "../api/schema";
import { standing } from "../kit/status";

export interface Sought {
  /** In names of environments, else of products. */
  readonly q: string;
  readonly status: Status | undefined;
  readonly onlyLocked: boolean;
}

interface Found {
  readonly rows: readonly ProductItem[];
  readonly columns: readonly ConfiguredEnvironment[];
}

/** Who looks for something sees its environments beside each other, not where all are in a row. */
export function found(
  environments: readonly ConfiguredEnvironment[],
  products: readonly ProductItem[],
  { q, status, onlyLocked }: Sought,
): Found {
  const isNamed = ({ name }: { readonly name: string }) => name.toLowerCase().includes(q.toLowerCase());
  const byEnvironment = environments.some(isNamed);
  const isWanted = (of: ProductEnvironment) =>
    (!byEnvironment || isNamed(of)) && (!status || standing(of) === status) && (!onlyLocked || of.locked);
  const rows = products.filter(
    (product) => product.environments.some(isWanted) && (byEnvironment || isNamed(product)),
  );
  if (!q && !status && !onlyLocked) return { rows, columns: environments };
  const places = new Set(rows.flatMap((row) => row.environments.filter(isWanted)).map((of) => of.name));
  return { rows, columns: environments.filter(({ name }) => places.has(name)) };
}
