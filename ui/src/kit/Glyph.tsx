/** The glyph of a status, and the word with it. A glyph alone says its word to who cannot see it. */

import type { ReactElement } from "react";
import type { Status } from "../api/schema";
import { TURNING, word } from "./status";

const ON = "var(--on)";
const RING = { fill: "none", stroke: "currentColor", strokeWidth: 1.5 } as const;
const STROKE = { fill: "none", strokeLinecap: "round", strokeLinejoin: "round" } as const;

const arc = (
  <>
    <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeOpacity=".28" strokeWidth="2" />
    <path d="M8 2a6 6 0 0 1 6 6" {...STROKE} stroke="currentColor" strokeWidth="2" />
  </>
);

const SHAPES: Record<Status, ReactElement> = {
  succeeded: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M4.9 8.3l2.1 2.1 4.1-4.5" {...STROKE} stroke={ON} strokeWidth="1.6" />
    </>
  ),
  running: arc,
  suspended: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M6.2 5.4v5.2M9.8 5.4v5.2" {...STROKE} stroke={ON} strokeWidth="1.8" />
    </>
  ),
  pending: (
    <>
      <circle cx="8" cy="8" r="6.25" {...RING} />
      <path d="M8 4.8V8l2.2 1.5" {...STROKE} stroke="currentColor" strokeWidth="1.5" />
    </>
  ),
  waiting: <circle cx="8" cy="8" r="6.25" {...RING} />,
  queued: (
    <>
      <circle cx="8" cy="8" r="6.25" {...RING} />
      <path d="M5.2 8h.01M8 8h.01M10.8 8h.01" {...STROKE} stroke="currentColor" strokeWidth="2" />
    </>
  ),
  failed: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" {...STROKE} stroke={ON} strokeWidth="1.6" />
    </>
  ),
  error: (
    <>
      <path d="M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z" fill="currentColor" />
      <path d="M8 4.4v4" {...STROKE} stroke={ON} strokeWidth="1.8" />
      <circle cx="8" cy="11.2" r="1.1" fill={ON} />
    </>
  ),
  terminating: (
    <>
      {arc}
      <rect x="5.9" y="5.9" width="4.2" height="4.2" rx=".8" fill="currentColor" />
    </>
  ),
  terminated: (
    <>
      <circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" strokeWidth="1.9" />
      <path d="M3.9 3.9l8.2 8.2" stroke="currentColor" strokeWidth="1.9" />
    </>
  ),
  superseded: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path
        d="M4 8h4.9M6.8 5.7L9.1 8l-2.3 2.3M11.5 5.3v5.4"
        {...STROKE}
        stroke={ON}
        strokeWidth="1.5"
      />
    </>
  ),
  skipped: (
    <>
      <circle cx="8" cy="8" r="6.25" {...RING} strokeWidth="1.4" strokeDasharray="2.2 1.73" />
      <path d="M5.6 8h4.8" {...STROKE} stroke="currentColor" strokeWidth="1.6" />
    </>
  ),
};

interface GlyphProps {
  readonly status: Status;
  readonly size?: number;
  /** What it says beside nothing else; empty where the word stands next to it. */
  readonly label?: string;
}

export function Glyph({ status, size = 16, label }: GlyphProps) {
  const spin = TURNING.has(status) ? " spin" : "";
  const said = label === undefined ? word(status) : label;
  return (
    <svg
      key={status}
      className={`g ${status}${spin}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      {...(said ? { role: "img", "aria-label": said } : { "aria-hidden": true })}
    >
      {SHAPES[status]}
    </svg>
  );
}

export function StatusWord({ status, size = 14 }: { readonly status: Status; readonly size?: number }) {
  return (
    <span className={`st ${status}`}>
      <Glyph status={status} size={size} label="" />
      {word(status)}
    </span>
  );
}
