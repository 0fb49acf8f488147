/** The lists of release notes: issues, pull requests, commits, images, GitOps changes. */

import { type ReactNode, useMemo, useState } from "react";
import type { CommitItem, GitopsItem, NotesDocument, PullRequestShown } from "../api/schema";
import { Icon, type IconName } from "../kit/Icon";
import { usePrinting } from "../kit/printing";
import { number, plural } from "../kit/words";
import * as told from "./notes";
import { CommitRow, FeatureRow, FromTo, GitopsRow, ImageRow, RequestRow } from "./rows";

const FIRST = 15;
const STEP = 200;

// --- the two orders --------------------------------------------------------------------------
export function Changes({ notes }: { readonly notes: NotesDocument }) {
  return (
    <>
      <Features notes={notes} />
      <Requests notes={notes} />
      <Commits notes={notes} />
    </>
  );
}

export function Deployed({ notes }: { readonly notes: NotesDocument }) {
  return (
    <>
      <Images notes={notes} />
      <Gitops notes={notes} />
    </>
  );
}

export function ByComponent({ notes }: { readonly notes: NotesDocument }) {
  const names = useMemo(() => told.components(notes), [notes]);
  return (
    <>
      {names.map((name) => (
        <Component key={name} name={name} notes={notes} />
      ))}
    </>
  );
}

function Component({ name, notes }: { readonly name: string; readonly notes: NotesDocument }) {
  const own = useMemo(() => told.ofComponent(notes, name), [notes, name]);
  const images = told.changed(own.images.items);
  return (
    <section className="panel sec" aria-label={name}>
      <header>
        <Icon name="component" />
        <h2>{name}</h2>
        <span className="t2 el">
          {told.size(own.pull_requests.items.length, told.own(own.commits.items).length)}
        </span>
        <span className="grow" />
        {images.map((image) => (
          <FromTo key={image.name} image={image} />
        ))}
      </header>
      <Rows label={`Features of ${name}`} items={own.features.items} keyOf={(one) => one.key}>
        {(one) => <FeatureRow one={one} notes={notes} />}
      </Rows>
      <Rows label={`Pull requests of ${name}`} items={own.pull_requests.items} keyOf={requestKey}>
        {(one) => <RequestRow one={one} />}
      </Rows>
      <Rows label={`Commits of ${name}`} items={told.own(own.commits.items)} keyOf={commitKey}>
        {(one) => <CommitRow one={one} />}
      </Rows>
      <Rows label={`GitOps changes of ${name}`} items={own.gitops.items} keyOf={commitKey}>
        {(one) => <GitopsRow one={one} />}
      </Rows>
    </section>
  );
}

// --- the five groups -------------------------------------------------------------------------
function Features({ notes }: { readonly notes: NotesDocument }) {
  return (
    <Section icon="issue" title="Features" count={told.count(notes, "features")} empty={!notes.features.items.length}>
      <Rows label="Features" items={notes.features.items} keyOf={(one) => one.key}>
        {(one) => <FeatureRow one={one} notes={notes} components />}
      </Rows>
    </Section>
  );
}

function Requests({ notes }: { readonly notes: NotesDocument }) {
  const { items } = notes.pull_requests;
  return (
    <Section icon="pullRequest" title="Pull requests" count={told.count(notes, "pull_requests")} empty={!items.length}>
      <Rows label="Pull requests" items={items} keyOf={requestKey}>
        {(one) => <RequestRow one={one} components />}
      </Rows>
    </Section>
  );
}

function Commits({ notes }: { readonly notes: NotesDocument }) {
  const [merges, setMerges] = useState(false);
  const { items } = notes.commits;
  const own = told.own(items);
  const count = items.length - own.length;
  return (
    <Section
      icon="commit"
      title="Commits"
      count={number(own.length)}
      empty={!items.length}
      aside={
        count > 0 && (
          <button className="btn ghost sm no-print" aria-pressed={merges} onClick={() => setMerges(!merges)}>
            {plural(count, "merge")}
          </button>
        )
      }
    >
      <Rows label="Commits" items={merges ? items : own} keyOf={commitKey}>
        {(one) => <CommitRow one={one} components />}
      </Rows>
    </Section>
  );
}

function Images({ notes }: { readonly notes: NotesDocument }) {
  const items = told.changed(notes.images.items);
  return (
    <Section icon="image" title="Images" count={told.count(notes, "images")} empty={!items.length}>
      <Rows label="Images" items={items} keyOf={(one) => `${one.component} ${one.name}`}>
        {(one) => <ImageRow one={one} />}
      </Rows>
    </Section>
  );
}

function Gitops({ notes }: { readonly notes: NotesDocument }) {
  const { items } = notes.gitops;
  return (
    <Section icon="git" title="GitOps changes" count={told.count(notes, "gitops")} empty={!items.length}>
      <Rows label="GitOps changes" items={items} keyOf={commitKey}>
        {(one) => <GitopsRow one={one} />}
      </Rows>
    </Section>
  );
}

interface SectionProps {
  readonly icon: IconName;
  readonly title: string;
  readonly count: string;
  readonly empty: boolean;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

function Section({ icon, title, count, empty, aside, children }: SectionProps) {
  return (
    <section className="panel sec" aria-label={title}>
      <header>
        <Icon name={icon} />
        <h2>
          {title} <span className="n">{count}</span>
        </h2>
        <span className="grow" />
        {aside}
      </header>
      {empty ? <p className="none">None</p> : children}
    </section>
  );
}

interface RowsProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly children: (item: T) => ReactNode;
}

/** The first rows at once, the others by asking: notes may have thousands. */
function Rows<T>({ label, items, keyOf, children }: RowsProps<T>) {
  const [asked, setMost] = useState(FIRST);
  const printing = usePrinting();
  if (!items.length) return null;
  const most = printing ? items.length : asked;
  const left = items.length - most;
  return (
    <>
      <ul aria-label={label}>
        {items.slice(0, most).map((item) => (
          <li key={keyOf(item)}>{children(item)}</li>
        ))}
      </ul>
      {left > 0 && (
        <button className="more" onClick={() => setMost(most + STEP)}>
          Show {left > STEP ? `${STEP} of ${number(left)} more` : `${number(left)} more`}
        </button>
      )}
    </>
  );
}

function requestKey(one: PullRequestShown): string {
  return `${one.repository}#${one.number}`;
}

function commitKey(one: CommitItem | GitopsItem): string {
  return `${one.repository} ${one.sha} ${one.taken_back}`;
}
