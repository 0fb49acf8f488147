/** How much of the notes is known, and what is not, with the reason. Looks again by itself. */

import type { NotesDocument } from "../api/schema";
import { Icon } from "../kit/Icon";
import { number, plural } from "../kit/words";
import { missing, resolved } from "./notes";

const MOST = 4; // things with one reason, by name

export function Unknown({ notes }: { readonly notes: NotesDocument }) {
  const { found, total } = resolved(notes);
  const reasons = missing(notes);
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
    </section>
  );
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}${/[.!?]$/.test(reason) ? "" : "."}`;
}
