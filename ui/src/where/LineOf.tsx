/** The line of a change: issue, pull requests, commits, images, GitOps commits, releases. */

import { Link } from "@tanstack/react-router";
import type { ProductAt } from "../api/schema";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { word } from "../kit/status";
import { Moment } from "../kit/Time";
import { number } from "../kit/words";
import { kindOf, type Known, type Line, type Releases, type Stop } from "./where";

const MOST = 3;

interface LineOfProps {
  readonly line: Line | undefined;
  readonly trouble: boolean;
  readonly product: ProductAt;
  readonly releases: Releases;
}

export function LineOf({ line, trouble, product, releases }: LineOfProps) {
  const ids = [...product.releases, ...product.taken_back_by];
  return (
    <section className="panel line" aria-label="The way of the change" aria-busy={!line && !trouble}>
      {trouble && <p className="t2">The notes of {product.releases[0]} cannot be read now: what is in it is not shown.</p>}
      <ol>
        {line?.stages.map(({ title, stops }) => (
          <li key={title}>
            <h3>{title}</h3>
            {stops.slice(0, MOST).map((stop) => (
              <StopCard key={stop.key} stop={stop} />
            ))}
            {stops.length > MOST && <p className="t3 s12">and {number(stops.length - MOST)} more</p>}
          </li>
        ))}
        <li>
          <h3>Releases</h3>
          {ids.slice(0, MOST).map((id) => (
            <ReleaseStop
              key={id}
              id={id}
              release={releases.get(id)}
              takesBack={product.taken_back_by.includes(id)}
            />
          ))}
          {ids.length > MOST && <p className="t3 s12">and {number(ids.length - MOST)} more</p>}
        </li>
      </ol>
    </section>
  );
}

function StopCard({ stop }: { readonly stop: Stop }) {
  const { icon } = kindOf({ kind: stop.kind, ref: stop.ref, scope: "" });
  return (
    <Link to="/where" search={{ ref: stop.ref }} className="stop">
      <span className="row">
        <Icon name={icon} />
        <span className="mono el lk">{stop.title}</span>
      </span>
      <span className="about" title={stop.about}>
        {stop.about}
      </span>
      {stop.at && (
        <span className="t3">
          <Moment at={stop.at} />
        </span>
      )}
    </Link>
  );
}

interface ReleaseStopProps {
  readonly id: string;
  readonly release: Known;
  readonly takesBack: boolean;
}

function ReleaseStop({ id, release, takesBack }: ReleaseStopProps) {
  return (
    <Link to="/releases/$release" params={{ release: id }} className={`stop ${release?.status ?? ""}`}>
      <span className="row">
        {release && <Glyph status={release.status} size={14} label="" />}
        <span className="b el">{id}</span>
      </span>
      <span className="word">{takesBack ? "Takes it back" : release ? word(release.status) : ""}</span>
      {release && (
        <span className="t3">
          <Moment at={release.created_at} />
        </span>
      )}
    </Link>
  );
}
