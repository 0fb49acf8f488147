/** What the release changed in an environment, file by file, side by side. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import * as queries from "../api/queries";
import type { FileDiffShown, ReleaseDocument, RepositoryDiff } from "../api/schema";
import { Diff } from "../kit/Diff";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { shownAtOnce } from "../kit/patch";
import { Answer, Empty } from "../kit/states";
import { commitPage, repository, sha } from "../kit/words";
import { EnvironmentPicker } from "../notes/EnvironmentPicker";

const MANY = 12; // beside each other they are no longer found

export function DiffTab({ release }: { readonly release: ReleaseDocument }) {
  const { environment } = useSearch({ strict: false });
  const navigate = useNavigate();
  const landed = release.environments.filter((each) => each.landed || each.role === "trigger");
  const chosen = environment ?? landed.at(-1)?.name ?? release.environments[0]?.name ?? "";
  const choose = (name: string) =>
    void navigate({ to: ".", search: { environment: name }, replace: true });
  return (
    <div className="page">
      {release.environments.length > MANY ? (
        <div className="head">
          <EnvironmentPicker environments={release.environments} chosen={chosen} choose={choose} />
        </div>
      ) : (
        <div className="seg scroll" role="group" aria-label="Environment">
          {release.environments.map((each) => (
            <button
              key={each.name}
              aria-pressed={each.name === chosen}
              onClick={() => choose(each.name)}
            >
              <Glyph status={each.status} size={12} label="" />
              {each.name}
            </button>
          ))}
        </div>
      )}
      <Changes release={release.id} environment={chosen} />
    </div>
  );
}

function Changes({ release, environment }: { readonly release: string; readonly environment: string }) {
  const diff = useQuery({ ...queries.diff(release, environment), enabled: environment !== "" });
  return (
    <Answer of={diff}>
      {({ items }) => {
        const changed = items.filter((item) => item.files.length > 0);
        if (!items.length) {
          return (
            <div className="panel">
              <Empty title={`Nothing has landed in ${environment} yet`}>
                <p>When the release comes there, its commit is shown here.</p>
              </Empty>
            </div>
          );
        }
        if (!changed.length) {
          return (
            <div className="panel">
              <Empty title="No commit was needed">
                <p>The content was in {environment} already.</p>
              </Empty>
            </div>
          );
        }
        const shown = shownAtOnce(changed.flatMap((item) => item.files));
        return changed.map((item) => (
          <Repository key={`${item.repository} ${item.branch}`} item={item} shown={shown} />
        ));
      }}
    </Answer>
  );
}

interface RepositoryProps {
  readonly item: RepositoryDiff;
  readonly shown: ReadonlySet<FileDiffShown>;
}

function Repository({ item, shown }: RepositoryProps) {
  const page = commitPage(item.repository, item.commit);
  return (
    <section className="repository">
      <h2 className="row">
        <Icon name="git" />
        <span className="el">{repository(item.repository)}</span>
        <span className="t3 s12">{item.branch}</span>
        {page ? (
          <a className="mono lk" href={page} target="_blank" rel="noreferrer">
            {sha(item.commit)}
          </a>
        ) : (
          <span className="mono t2" title={item.commit}>
            {sha(item.commit)}
          </span>
        )}
      </h2>
      {item.files.map((file) => (
        <Diff key={file.path} file={file} sideBySide closed={!shown.has(file)} />
      ))}
    </section>
  );
}
