/** The earlier releases whose changes come to an environment with this one. */

import { Link } from "@tanstack/react-router";
import type { AlsoCarried } from "../api/schema";
import { listed } from "../kit/words";
import * as told from "./carries";

interface AlsoCarriesProps {
  readonly carries: readonly AlsoCarried[];
  /** What is said behind it. */
  readonly children?: React.ReactNode;
}

export function AlsoCarries({ carries, children }: AlsoCarriesProps) {
  if (!carries.length) return null;
  return (
    <p className="also s12 t2">
      {carries.map(({ environments, releases, total }) => (
        <span key={environments.join()}>
          Also carries{" "}
          {told.pieces(releases).map(({ before, release, words }) => (
            <span key={release}>
              {before}
              <Link to="/releases/$release" params={{ release }} className="lk">
                {words}
              </Link>
            </span>
          ))}
          {total > releases.length && ` (and ${total - releases.length} before)`}, which never came to{" "}
          {listed(environments)} by {total > 1 ? "themselves" : "itself"}
          {children ?? "."}{" "}
        </span>
      ))}
    </p>
  );
}
