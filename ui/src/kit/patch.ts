/** Unified diffs, read for being shown: hunks, lines with their numbers, and what changed in a line. */

export type Sign = " " | "-" | "+";

export interface Line {
  readonly sign: Sign;
  readonly text: string;
  readonly old: number | null;
  readonly new: number | null;
}

export interface Hunk {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** A line and the one that took its place, side by side. */
export interface Pair {
  readonly left: Line | null;
  readonly right: Line | null;
}

const HEAD = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;

export function parse(patch: string): Hunk[] {
  const hunks: { title: string; lines: Line[] }[] = [];
  let old = 0;
  let fresh = 0;
  for (const text of patch.split("\n")) {
    const head = HEAD.exec(text);
    if (head) {
      old = Number(head[1]);
      fresh = Number(head[2]);
      hunks.push({ title: head[3] ?? "", lines: [] });
      continue;
    }
    const lines = hunks.at(-1)?.lines;
    if (!lines) continue; // names of files, which stand beside the diff
    const rest = text.slice(1);
    if (text.startsWith("-")) lines.push({ sign: "-", text: rest, old: old++, new: null });
    else if (text.startsWith("+")) lines.push({ sign: "+", text: rest, old: null, new: fresh++ });
    else if (text.startsWith(" ")) lines.push({ sign: " ", text: rest, old: old++, new: fresh++ });
  }
  return hunks;
}

const MOST_LINES = 2_000; // a screen holds fifty

/** The files whose lines are shown at once: from the first on, as many as can be drawn quickly. */
export function shownAtOnce<F extends { readonly patch: string }>(files: readonly F[]): ReadonlySet<F> {
  let left = MOST_LINES;
  return new Set(
    files.filter(({ patch }) => {
      const lines = patch.split("\n").length;
      if (lines > left) return false;
      left -= lines;
      return true;
    }),
  );
}

export function counted(hunks: readonly Hunk[]): { plus: number; minus: number } {
  const signs = hunks.flatMap((hunk) => hunk.lines.map((line) => line.sign));
  const of = (sign: Sign) => signs.filter((each) => each === sign).length;
  return { plus: of("+"), minus: of("-") };
}

/** Lines of a hunk as pairs: what went out beside what came in. */
export function pairs(lines: readonly Line[]): Pair[] {
  const found: Pair[] = [];
  let out: Line[] = [];
  let into: Line[] = [];
  const flush = () => {
    for (let i = 0; i < Math.max(out.length, into.length); i++) {
      found.push({ left: out[i] ?? null, right: into[i] ?? null });
    }
    out = [];
    into = [];
  };
  for (const line of lines) {
    if (line.sign === "-") {
      if (into.length) flush();
      out.push(line);
    } else if (line.sign === "+") into.push(line);
    else {
      flush();
      found.push({ left: line, right: line });
    }
  }
  flush();
  return found;
}

/** What is read as one: a word, a number, a version. */
const PART = /[\p{L}\p{N}._+~-]/u;

/** Where two lines differ: whole words and versions, between what they have in common before and after. */
export function changed(a: string, b: string): { from: number; toA: number; toB: number } | null {
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let back = 0;
  const most = Math.min(a.length, b.length) - from;
  while (back < most && a[a.length - 1 - back] === b[b.length - 1 - back]) back++;
  const same = from + back;
  if (same < Math.max(a.length, b.length) / 3) return null; // another line altogether
  const within = (one: string, before: number) =>
    PART.test(one[before - 1] ?? "") && PART.test(one[before] ?? "");
  while (within(a, from) || within(b, from)) from--;
  while (back > 0 && (within(a, a.length - back) || within(b, b.length - back))) back--;
  return { from, toA: a.length - back, toB: b.length - back };
}
