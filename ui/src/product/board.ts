/** The board of a product, worked out: what stands in each column, and how far it is behind. */

import type { Cell, FlowItem, ProductDocument, ProductEnvironment } from "../api/schema";
import { plural } from "../kit/words";

export interface Card {
  readonly component: string;
  readonly cell: Cell | null;
  /** The cell it is compared with: the same component one column before. */
  readonly before: Cell | null;
  readonly from: string;
  /** Somebody changed it since it landed. */
  readonly byHand: boolean;
}

export interface Column {
  readonly environment: ProductEnvironment;
  /** Where its content comes from; empty for the first. */
  readonly from: string;
  readonly cards: readonly Card[];
}

export function columns(product: ProductDocument, flows: readonly FlowItem[]): Column[] {
  const used = flows.filter((flow) => product.flows.includes(flow.name));
  const names = product.environments.map((each) => each.name);
  const cells = new Map(product.matrix.map((cell) => [`${cell.component}\n${cell.environment}`, cell]));
  const byHand = new Set(product.trouble.filter(({ scope }) => scope === "drift").map(({ subject }) => subject));
  return product.environments.map((environment, place) => {
    const from = source(environment.name, used, names, place);
    const cards = product.components
      .map((component) => ({
        component,
        cell: cells.get(`${component}\n${environment.name}`) ?? null,
        before: cells.get(`${component}\n${from}`) ?? null,
        from,
        byHand: byHand.has(`${product.name}/${environment.name}/${component}`),
      }))
      .filter((card) => card.cell !== null || card.before !== null);
    return { environment, from, cards };
  });
}

function source(name: string, flows: readonly FlowItem[], names: readonly string[], place: number): string {
  for (const flow of flows) {
    const before = flow.depends_on[name]?.filter((each) => names.includes(each));
    const last = before?.sort((a, b) => names.indexOf(a) - names.indexOf(b)).at(-1);
    if (last) return last;
    if (flow.trigger_environment === name) return "";
  }
  return names[place - 1] ?? "";
}

export function isLevel(card: Card): boolean {
  if (card.byHand) return false;
  return card.cell !== null && card.before !== null && card.cell.version === card.before.version;
}

/** `level with dev`, `behind dev`, `newest`. */
export function level(card: Card): string {
  if (card.byHand) return "changed by hand since";
  if (!card.from) return "newest";
  if (!card.cell) return `not here, ${card.from} has it`;
  if (!card.before) return `not in ${card.from}`;
  return isLevel(card) ? `level with ${card.from}` : `behind ${card.from}`;
}

/** How far a column is behind the one before: in releases of the product, and since when. */
export function behind(column: Column, all: readonly Column[]): { words: string; since: string | null } {
  if (!column.from) return { words: "where they begin", since: null };
  const before = all.find((each) => each.environment.name === column.from);
  if (!before || column.cards.every(isLevel)) return { words: `level with ${column.from}`, since: null };
  const mine = count(column.environment.release);
  const theirs = count(before.environment.release);
  const waiting = column.cards.filter((card) => !isLevel(card)).map((card) => card.before?.at ?? "");
  const since = waiting.filter(Boolean).sort()[0] ?? null;
  if (mine && theirs && theirs > mine) {
    return { words: `${plural(theirs - mine, "release")} behind ${column.from}`, since };
  }
  return { words: `differs from ${column.from}`, since };
}

function count(release: string): number {
  return Number(/-(\d+)$/.exec(release)?.[1] ?? 0);
}

/** The environments that come after this one, in the order of columns. */
export function targets(name: string, all: readonly Column[]): string[] {
  const next = all.filter((column) => column.from === name).map((column) => column.environment.name);
  const place = all.findIndex((column) => column.environment.name === name);
  const later = all.slice(place + 1).map((column) => column.environment.name);
  return [...next, ...later.filter((each) => !next.includes(each))];
}
