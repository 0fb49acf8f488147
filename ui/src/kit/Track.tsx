/** Draws a track: lines and outlines behind, a glyph (and what stands below it) for each stop. */

import type { ReactNode } from "react";
import type { Group, Stretch } from "./track";
import type { Range } from "./columns";

export interface DrawnStop {
  readonly column: number;
  readonly glyph: ReactNode;
  readonly title: string;
  readonly below?: ReactNode;
}

interface TrackProps {
  readonly stops: readonly DrawnStop[];
  readonly stretches: readonly Stretch[];
  readonly groups: readonly Group[];
  readonly columns: number;
  readonly width: number;
  readonly range?: Range;
  /** Where the line lies, from the top. */
  readonly line: number;
}

const GAP = 12; // between the middle of a glyph and the line
const OUTLINE = 14; // from the middle of a glyph to its group's outline

export function Track({ stops, stretches, groups, columns, width, range, line }: TrackProps) {
  const middle = (column: number) => (column + 0.5) * width;
  const seen = range ?? { from: 0, to: columns };
  const inSight = (from: number, to: number) => to >= seen.from && from < seen.to;
  return (
    <span className="track" style={{ width: columns * width }}>
      {groups.filter((group) => inSight(group.from, group.to)).map((group) => (
        <i
          key={`g${group.from}`}
          className="track-group"
          style={{
            left: middle(group.from) - OUTLINE,
            width: middle(group.to) - middle(group.from) + 2 * OUTLINE,
            top: line - OUTLINE + 2,
          }}
        />
      ))}
      {stretches.filter((each) => inSight(each.from, each.to)).map((each) => (
        <i
          key={`l${each.from}`}
          className={each.solid ? "track-line" : "track-line ahead"}
          style={{
            left: middle(each.from) + GAP,
            width: Math.max(0, middle(each.to) - middle(each.from) - 2 * GAP),
            top: line - 0.75,
          }}
        />
      ))}
      {stops.filter((stop) => inSight(stop.column, stop.column)).map((stop) => (
        <span
          key={stop.column}
          className="track-stop"
          style={{ left: stop.column * width, width, top: line - 8 }}
          title={stop.title}
        >
          {stop.glyph}
          {stop.below}
        </span>
      ))}
    </span>
  );
}
