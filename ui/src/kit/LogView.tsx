/** A log: a hundred thousand lines drawn a screen at a time, with colours, search and line links. */

import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import Anser from "anser";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { Icon } from "./Icon";
import { tell } from "./reports";
import { number, plural } from "./words";

const ROW = 18;
const ROW_OF_TOUCH = 24; // what stands above one another is hit by a finger from this height on

interface LogViewProps {
  readonly name: string;
  readonly lines: readonly string[];
  readonly ended: boolean;
  readonly lost: boolean;
  /** The line that the address names, from 1. */
  readonly line: number | undefined;
  readonly choose: (line: number | undefined) => void;
}

export function LogView({ name, lines, ended, lost, line, choose }: LogViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [wrap, setWrap] = useState(false);
  const [follow, setFollow] = useState(line === undefined);
  const [sought, setSought] = useState("");
  const [at, setAt] = useState(0);
  const hits = useMemo(() => found(lines, sought), [lines, sought]);
  const hit = hits[Math.min(at, hits.length - 1)];
  const touched = useMediaQuery("(max-width: 760px), (pointer: coarse)", false, { getInitialValueInEffect: false });
  const height = touched ? ROW_OF_TOUCH : ROW;
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 20,
  });
  useEffect(() => rows.measure(), [wrap, height, rows]);
  useEffect(() => {
    if (follow && lines.length) rows.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, lines.length, rows]);
  const named = useRef(line);
  useEffect(() => {
    if (named.current && lines.length >= named.current) {
      rows.scrollToIndex(named.current - 1, { align: "center" });
      named.current = undefined;
    }
  }, [lines.length, rows]);
  const go = (place: number) => {
    if (!hits.length) return;
    const next = (place + hits.length) % hits.length;
    setAt(next);
    setFollow(false);
    rows.scrollToIndex(hits[next] ?? 0, { align: "center" });
  };
  // One line number is a stop of the Tab key; from there the arrows go to the others.
  const stop = line !== undefined && line <= lines.length ? line - 1 : (rows.range?.startIndex ?? 0);
  const walk = (event: KeyboardEvent, index: number) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const next = index + (by ?? 0);
    if (!by || next < 0 || next >= lines.length) return;
    event.preventDefault();
    rows.scrollToIndex(next, { align: "auto" });
    scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] .no`)?.focus({ preventScroll: true });
  };
  const copy = async () => {
    await navigator.clipboard.writeText(lines.map(plainText).join("\n"));
    tell(`Copied ${plural(lines.length, "line")}.`);
  };
  return (
    <>
      <div className="lt">
        <label className="field log-search">
          <Icon name="search" size={12} />
          <input
            type="search"
            placeholder="Search"
            aria-label="Search in the log"
            value={sought}
            onChange={(event) => {
              setSought(event.target.value);
              setAt(0);
              const [first] = found(lines, event.target.value);
              if (first === undefined) return;
              setFollow(false);
              rows.scrollToIndex(first, { align: "center" });
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") go(event.shiftKey ? at - 1 : at + 1);
            }}
          />
          {sought && (
            <span className="t3 s11 nw" role="status">
              {hits.length ? `${at + 1} of ${number(hits.length)}` : "none"}
            </span>
          )}
        </label>
        <button className="ib sm" aria-label="Wrap lines" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
          <Icon name="wrap" />
        </button>
        <button className="ib sm" aria-label="Copy the log" onClick={() => void copy()}>
          <Icon name="copy" />
        </button>
        <button className="ib sm" aria-label="Download the log" onClick={() => save(name, lines)}>
          <Icon name="download" />
        </button>
      </div>
      {/* What scrolls can be reached by the keys. */}
      {/* eslint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */}
      <div
        className={`log mono${wrap ? " wrap" : ""}`}
        style={{ lineHeight: `${height}px` }}
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-label={`Log of ${name}`}
        aria-live="off"
        onWheel={(event) => event.deltaY < 0 && setFollow(false)}
        onKeyDown={(event) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && setFollow(false)}
      >
        {/* eslint-enable */}
        <ol style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => (
            <li
              key={row.index}
              data-index={row.index}
              ref={wrap ? rows.measureElement : null}
              className={`${line === row.index + 1 ? "chosen" : ""}${hit === row.index ? " hit" : ""}`}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <button
                className="no"
                tabIndex={row.index === stop ? 0 : -1}
                onKeyDown={(event) => walk(event, row.index)}
                aria-label={`Line ${row.index + 1}: link`}
                onClick={() => choose(line === row.index + 1 ? undefined : row.index + 1)}
              >
                {row.index + 1}
              </button>
              <span className="tx">{drawn(lines[row.index] ?? "", sought)}</span>
            </li>
          ))}
        </ol>
        {!lines.length && <p className="state s12">{ended ? "It wrote nothing." : "Nothing was written yet."}</p>}
      </div>
      <div className="lf">
        <button
          className="row follow"
          aria-pressed={follow}
          disabled={ended}
          onClick={() => setFollow(!follow)}
        >
          <Icon name="follow" className={follow && !ended ? "lk" : ""} />
          <span>
            {ended ? "Complete" : follow ? "Following" : "Follow"}, {plural(lines.length, "line")}
          </span>
        </button>
        {lost && <span className="st suspended s12">Connection lost, trying again</span>}
      </div>
    </>
  );
}

function found(lines: readonly string[], sought: string): number[] {
  if (!sought) return [];
  const word = sought.toLowerCase();
  const hits: number[] = [];
  lines.forEach((line, place) => {
    if (line.toLowerCase().includes(word)) hits.push(place);
  });
  return hits;
}

const COLOURED = /\u001b\[/;

function plainText(line: string): string {
  return COLOURED.test(line) ? Anser.ansiToText(line) : line;
}

/** A line with its colours as classes of ours, so that both themes can show them. */
function drawn(line: string, sought: string): ReactNode {
  if (!COLOURED.test(line)) return marked(line, sought);
  return Anser.ansiToJson(line, { use_classes: true, remove_empty: true }).map((part, place) => (
    <span key={place} className={`${part.fg ?? ""} ${part.decorations.map((each) => `ansi-${each}`).join(" ")}`}>
      {marked(part.content, sought)}
    </span>
  ));
}

function marked(text: string, sought: string): ReactNode {
  if (!sought) return text;
  const from = text.toLowerCase().indexOf(sought.toLowerCase());
  if (from < 0) return text;
  return (
    <>
      {text.slice(0, from)}
      <mark>{text.slice(from, from + sought.length)}</mark>
      {marked(text.slice(from + sought.length), sought)}
    </>
  );
}

function save(name: string, lines: readonly string[]): void {
  const address = URL.createObjectURL(new Blob([lines.join("\n")], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${name.replace(/[^\w.-]+/g, "-")}.log`;
  link.click();
  URL.revokeObjectURL(address);
}
