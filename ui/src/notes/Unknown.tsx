/** How much of the notes is known, and what is not: on its way with the next try, or given up. */

import type { NotesDocument } from "../api/schema";
import { Icon } from "../kit/Icon";
import * as times from "../kit/times";
import { useNow } from "../kit/useNow";
import { number, plural } from "../kit/words";
import { type Missing, missing, resolved } from "./notes";

const MOST = 4; // things with one reason, by name

export function Unknown({ notes }: { readonly notes: NotesDocument }) {
  const { found, total } = resolved(notes);
  const coming = missing(notes, "coming");
  const awaited = missing(notes, "awaited");
  const lost = missing(notes, "given_up");
  return (
    <section className="panel sec unknown" aria-label="What is not known">
      <header>
        <Icon name="warning" />
        <h2>
          {number(found)} of {number(total)} resolved
        </h2>
      </header>
      <div className="meter" role="img" aria-label={`${found} of ${total} are known whole`}>
        <i style={{ flexGrow: found }} />
        <i style={{ flexGrow: Math.max(0, total - found) }} />
      </div>
      {coming.length > 0 && (
        <Reasons reasons={coming}>
          <b>{number(count(coming))} on the way</b>, <NextTry of={notes.resolving} />
        </Reasons>
      )}
      {awaited.length > 0 && (
        <Reasons reasons={awaited}>
          <b>{number(count(awaited))} for a CI to report</b>; nobody else is asked
        </Reasons>
      )}
      {lost.length > 0 && (
        <Reasons reasons={lost}>
          <b>{number(count(lost))} given up</b>; asked for again only when the notes are made anew
        </Reasons>
      )}
    </section>
  );
}

function count(reasons: readonly Missing[]): number {
  return new Set(reasons.flatMap(({ what }) => what)).size;
}

function NextTry({ of }: { readonly of: NotesDocument["resolving"] }) {
  const now = useNow("second");
  if (of.state === "asking") return <>asked for now</>;
  if (!of.next_try_at) return <>not asked for any more</>;
  const left = (Date.parse(of.next_try_at) - now) / 1000;
  return <>{left > 0 ? `next try in ${times.duration(left)}` : "the next try is due"}</>;
}

interface ReasonsProps {
  readonly reasons: readonly Missing[];
  readonly children: React.ReactNode;
}

function Reasons({ reasons, children }: ReasonsProps) {
  return (
    <>
      <p className="outlook t2">{children}</p>
      <ul aria-live="off">
        {reasons.map(({ reason, what }) => (
          <li key={reason} className="lack">
            <Icon name="warning" className="wn" />
            <div className="grow">
              <div className="what">
                {what.slice(0, MOST).map((each, place) => (
                  <span key={each}>
                    {place > 0 && ", "}
                    <span className="mono">{each}</span>
                  </span>
                ))}
                {what.length > MOST && (
                  <details>
                    <summary>and {plural(what.length - MOST, "more", "more")}</summary>
                    {what.slice(MOST).map((each) => (
                      <span key={each} className="mono">
                        {each}
                      </span>
                    ))}
                  </details>
                )}
              </div>
              <p className="t2">{sentence(reason)}</p>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

/** A reason as a sentence of its own; the name of a host that it begins with stays as it is. */
function sentence(reason: string): string {
  const first = /^\S+\.\S/.test(reason) ? reason.charAt(0) : reason.charAt(0).toUpperCase();
  return `${first}${reason.slice(1)}${/[.!?]$/.test(reason) ? "" : "."}`;
}
