/** The diff of one file: side by side where there is room, else one under the other. */

import { useMediaQuery } from "@mantine/hooks";
import { useMemo, useState } from "react";
import type { FileDiffShown } from "../api/schema";
import { changed, counted, type Hunk, type Line, type Pair, pairs, parse } from "./patch";
import { plural } from "./words";

const ONCE = ["no", "no", "sign", ""];
const TWICE = ["no", "sign", "", "no", "sign", ""];

interface DiffProps {
  readonly file: FileDiffShown;
  readonly note?: string;
  readonly sideBySide?: boolean;
  /** Its lines are drawn only when somebody wants to see them. */
  readonly closed?: boolean;
}

export function Diff({ file, note, sideBySide = false, closed = false }: DiffProps) {
  const [opened, setOpened] = useState(false);
  const wide = useMediaQuery("(min-width: 900px)", true);
  const twice = sideBySide && wide;
  const hunks = useMemo(() => parse(file.patch), [file.patch]);
  const { plus, minus } = counted(hunks);
  const moved = file.old_path && file.old_path !== file.path ? `${file.old_path} → ` : "";
  return (
    <section className="diff" aria-label={`Changes of ${file.path}`}>
      <header>
        <span className="mono el">
          {moved}
          {file.path}
        </span>
        <span className="t3 el grow">{note}</span>
        <span className="plus">+{plus}</span>
        <span className="minus">−{minus}</span>
      </header>
      {hunks.length === 0 && <p className="state s12">Not shown as text.</p>}
      {closed && !opened ? (
        <button className="btn ghost" onClick={() => setOpened(true)}>
          Show {plural(hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0), "line")}
        </button>
      ) : (
        <table>
          {/* The first row may be a title over all columns: it says nothing of their widths. */}
          <colgroup>
            {(twice ? TWICE : ONCE).map((column, place) => (
              <col key={place} className={column} />
            ))}
          </colgroup>
          <tbody>
            {hunks.map((hunk, place) =>
              twice ? (
                <SideBySide key={place} hunk={hunk} />
              ) : (
                <Unified key={place} hunk={hunk} />
              ),
            )}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Unified({ hunk }: { readonly hunk: Hunk }) {
  const rows = pairs(hunk.lines).flatMap((pair) =>
    pair.left === pair.right
      ? [{ line: pair.left, pair }]
      : [
          { line: pair.left, pair },
          { line: pair.right, pair },
        ],
  );
  const inOrder = [...rows].filter((row) => row.line !== null);
  return (
    <>
      {hunk.title && <Title hunk={hunk} columns={4} />}
      {inOrder.map(({ line, pair }, place) => (
        <tr key={place} className={kind(line)}>
          <td className="no">{line?.old}</td>
          <td className="no">{line?.new}</td>
          <td className="sign">{sign(line)}</td>
          <td>
            <Text line={line} pair={pair} />
          </td>
        </tr>
      ))}
    </>
  );
}

function SideBySide({ hunk }: { readonly hunk: Hunk }) {
  return (
    <>
      {hunk.title && <Title hunk={hunk} columns={6} />}
      {pairs(hunk.lines).map((pair, place) => (
        <tr key={place}>
          <td className={`no ${kind(pair.left)}`}>{pair.left?.old}</td>
          <td className={`sign ${kind(pair.left)}`}>{pair.left === pair.right ? "" : sign(pair.left)}</td>
          <td className={kind(pair.left)}>
            <Text line={pair.left} pair={pair} />
          </td>
          <td className={`no ${kind(pair.right)}`}>{pair.right?.new}</td>
          <td className={`sign ${kind(pair.right)}`}>{pair.left === pair.right ? "" : sign(pair.right)}</td>
          <td className={kind(pair.right)}>
            <Text line={pair.right} pair={pair} />
          </td>
        </tr>
      ))}
    </>
  );
}

function Title({ hunk, columns }: { readonly hunk: Hunk; readonly columns: number }) {
  return (
    <tr className="hunk">
      <td colSpan={columns}>{hunk.title}</td>
    </tr>
  );
}

function Text({ line, pair }: { readonly line: Line | null; readonly pair: Pair }) {
  if (!line) return null;
  const { left, right } = pair;
  const part = left && right && left !== right ? changed(left.text, right.text) : null;
  if (!part) return <>{line.text}</>;
  const to = line === left ? part.toA : part.toB;
  return (
    <>
      {line.text.slice(0, part.from)}
      <mark>{line.text.slice(part.from, to)}</mark>
      {line.text.slice(to)}
    </>
  );
}

function kind(line: Line | null): string {
  if (!line) return "none";
  return line.sign === "-" ? "del" : line.sign === "+" ? "add" : "";
}

function sign(line: Line | null): string {
  return line?.sign === "-" ? "−" : line?.sign === "+" ? "+" : "";
}
