/** What a release also carries, in words. */

import type { AlsoCarried } from "../api/schema";
import { listed } from "../kit/words";

interface Piece {
  readonly before: string;
  readonly release: string;
  readonly words: string;
}

/** `shop-3`, `shop-3` to `7`, `shop-3`, `5` and `7`. */
export function pieces(releases: readonly string[]): Piece[] {
  const numbers = releases.map((release) => Number(/\d+$/.exec(release)?.[0]));
  const last = releases.length - 1;
  const inRow = last > 1 && numbers.every((n, place) => n === (numbers[0] ?? 0) + place);
  return releases.flatMap((release, place) => {
    if (inRow && place > 0 && place < last) return [];
    const before = place === 0 ? "" : inRow ? " to " : place === last ? " and " : ", ";
    return [{ before, release, words: place ? String(numbers[place]) : release }];
  });
}

/** All of it in one line, for a hover. */
export function sentence(carries: readonly AlsoCarried[]): string {
  const parts = carries.map(({ environments, releases, total }) => {
    const words = pieces(releases).map((piece) => piece.before + piece.words).join("");
    const more = total > releases.length ? ` (and ${total - releases.length} before)` : "";
    return `${words}${more} to ${listed(environments)}`;
  });
  return `Also carries ${parts.join("; ")}`;
}

/** How many releases come along at most to one environment. */
export function most(carries: readonly AlsoCarried[]): number {
  return Math.max(0, ...carries.map(({ total }) => total));
}
