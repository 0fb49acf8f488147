/** Where the time went: a bar for each stretch of the change's way, on one axis. */

import type { ReleaseDocument } from "../api/schema";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { duration } from "../kit/times";
import { useNow } from "../kit/useNow";
import { type Line, type Span, spans } from "./where";

interface TimeSpentProps {
  readonly line: Line;
  readonly release: ReleaseDocument | undefined;
}

const LEAST = 0.6; // of a hundred: what is short stays to be seen

export function TimeSpent({ line, release }: TimeSpentProps) {
  const now = useNow();
  const all = spans(line, release, now);
  if (!all.length) return null;
  const begin = Math.min(...all.map((span) => span.from));
  const end = Math.max(...all.map((span) => span.to));
  const whole = Math.max(1, end - begin);
  const longest = all.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
  const goesOn = release?.ended === false;
  return (
    <section className="panel sec time-spent" aria-label="Where the time went">
      <header>
        <Icon name="window" />
        <h2>
          Where the time went{" "}
          <span className="n">
            {duration(whole / 1000)}
            {goesOn ? " so far" : ""}
          </span>
        </h2>
        <span className="grow" />
        <span className="t2 s12 el">
          Longest: {longest.name}, {lasted(longest)}
        </span>
      </header>
      <ul>
        {all.map((span) => (
          <li key={span.name} className={span.status ?? ""}>
            <span className="row name">
              {span.status && span.name !== "Until it was set in git" ? (
                <Glyph status={span.status} size={14} label={span.status} />
              ) : (
                <Icon name={span.status ? "git" : "commit"} />
              )}
              <span className="el">{span.name}</span>
            </span>
            <span className="lane" aria-hidden="true">
              <i
                style={{
                  left: `${Math.min(100 - LEAST, (100 * (span.from - begin)) / whole)}%`,
                  width: `${Math.max(LEAST, (100 * (span.to - span.from)) / whole)}%`,
                }}
              />
            </span>
            <span className="lasted">
              {lasted(span)}
              {span.words && <span className="t3 words">, {span.words}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function lasted(span: Span): string {
  return duration((span.to - span.from) / 1000);
}
