/** What belongs to the release as a whole: its hooks, what workflows handed on, and warnings. */

import type { ReleaseDocument } from "../api/schema";
import { useEscape } from "../kit/focus";
import { StatusWord } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { Hooks, Phases, Warning, Workflows } from "./Drawer";

/** Whether there is anything to show of it. */
export function hasOwn(release: ReleaseDocument): boolean {
  const { on_start, hooks, workflows, warnings, context } = release;
  return on_start !== null || [hooks, workflows, warnings, Object.keys(context)].some((each) => each.length > 0);
}

interface ReleaseDrawerProps {
  readonly release: ReleaseDocument;
  readonly open: (step: string) => void;
  readonly close: () => void;
}

export function ReleaseDrawer({ release, open, close }: ReleaseDrawerProps) {
  useEscape(close);
  return (
    <aside className="drawer" tabIndex={-1} aria-label={`Hooks and context of ${release.id}`}>
      <div className="dh">
        <div className="row">
          <h2 className="el">{release.id}</h2>
          <StatusWord status={release.status} size={16} />
          <span className="grow" />
          <button className="ib sm" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        <p className="s12 t2">Hooks of the release itself, and what its workflows handed on.</p>
      </div>
      {/* What scrolls can be reached by the keys. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="db" tabIndex={0} role="group" aria-label="Details">
        {release.warnings.map((warning) => (
          <Warning key={warning.code + warning.sentence} reason={warning} />
        ))}
        {release.on_start && <Phases phases={[release.on_start]} title="Before everything" />}
        <Workflows of={release.workflows} open={open} />
        <Hooks told={release.hooks} ran={release.workflows} />
        <Context values={release.context} />
      </div>
    </aside>
  );
}

/** What workflows put out as `PROMOTION_CONTEXT`: each that comes after gets it. */
function Context({ values }: { readonly values: ReleaseDocument["context"] }) {
  const entries = Object.entries(values);
  return (
    <section>
      <h3>Promotion context</h3>
      {entries.length ? (
        <dl className="kv">
          {entries.map(([name, value]) => [
            <dt key={`${name} name`} className="mono">
              {name}
            </dt>,
            <dd key={name} className="mono">
              {typeof value === "string" ? value : JSON.stringify(value)}
            </dd>,
          ])}
        </dl>
      ) : (
        <p className="t3 s12">No workflow has handed anything on.</p>
      )}
    </section>
  );
}
