/** The lists of release notes: issues, pull requests, commits, images, GitOps changes. */

import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import type {
  CommitItem,
  Feature,
  GitopsItem,
  ImageAt,
  ImageItem,
  NotesDocument,
  PullRequestShown,
} from "../api/schema";
import { Icon, type IconName } from "../kit/Icon";
import { Person } from "../kit/Person";
import { usePrinting } from "../kit/printing";
import { Moment } from "../kit/Time";
import { commitPage, number, plural, repository, requestPage, sha } from "../kit/words";
import * as told from "./notes";

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
          {title}
          <span className="n">{count}</span>
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

// --- rows ------------------------------------------------------------------------------------
interface FeatureRowProps {
  readonly one: Feature;
  readonly notes: NotesDocument;
  readonly components?: boolean;
}

function FeatureRow({ one, notes, components }: FeatureRowProps) {
  const lent = one.title ? "" : told.lentTitle(notes, one);
  return (
    <div className="lr f">
      <Where reference={one.key} page={one.url}>
        {one.key}
      </Where>
      <Said fate={told.fate(one)} strong>
        {one.title || <span className="t2">{lent}</span>}
        {one.moved_to && <span className="t3"> now {one.moved_to}</span>}
      </Said>
      <span className="facts-line">
        {components && <Components names={one.components} />}
        <span className="t2 nw">{told.size(one.pull_requests.length, one.commits)}</span>
        {one.assignee && <Person name={one.assignee} />}
        {one.status && <span className="chip ln">{one.status}</span>}
      </span>
    </div>
  );
}

function RequestRow({ one, components }: { readonly one: PullRequestShown; readonly components?: boolean }) {
  return (
    <div className="lr">
      <Where
        reference={`${repository(one.repository)}#${one.number}`}
        page={one.url || requestPage(one.repository, one.number)}
      >
        #{one.number}
      </Where>
      <Said fate={told.fate(one)}>{one.title || <span className="t2">{one.branch || repository(one.repository)}</span>}</Said>
      <span className="facts-line">
        {components && <Components names={one.components} />}
        {one.author && <Person name={one.author} />}
        {one.merged_at && (
          <span className="t3 nw when">
            <Moment at={one.merged_at} />
          </span>
        )}
      </span>
    </div>
  );
}

function CommitRow({ one, components }: { readonly one: CommitItem; readonly components?: boolean }) {
  return (
    <div className="lr">
      <Where reference={one.sha} page={commitPage(one.repository, one.sha)}>
        {sha(one.sha)}
      </Where>
      <Said fate={told.fate(one)}>
        <span className={one.merge ? "t3" : ""}>{one.subject}</span>
        {one.reverted_by && <span className="t3"> by {sha(one.reverted_by)}</span>}
      </Said>
      <span className="facts-line">
        {components && <Components names={one.components} />}
        <Person name={one.author} />
        <span className="t3 nw when">
          <Moment at={one.committed_at} />
        </span>
      </span>
    </div>
  );
}

function GitopsRow({ one }: { readonly one: GitopsItem }) {
  const carrier = one.via ?? one.carried_by;
  return (
    <div className="lr">
      <Where reference={one.sha} page={commitPage(one.repository, one.sha)}>
        {sha(one.sha)}
      </Where>
      <Said fate={told.fate(one)}>{one.subject}</Said>
      <span className="facts-line">
        {one.kind === "by_hand" && <span className="chip ln">by hand</span>}
        {one.via && (
          <Link to="/releases/$release" params={{ release: one.via }} className="lk nw">
            {one.via}
          </Link>
        )}
        {!one.via && carrier && <span className="t3 nw">{sha(carrier)}</span>}
        <span className="t3 nw when">
          <Moment at={one.committed_at} />
        </span>
      </span>
    </div>
  );
}

function ImageRow({ one }: { readonly one: ImageItem }) {
  return (
    <div className="image">
      <span className="m el">{one.component}</span>
      <span className="mono t2 el" title={one.name}>
        {one.name.split("/").slice(-2).join("/")}
      </span>
      <FromTo image={one} />
      {(one.sentence || one.to?.tag_moved_to) && (
        <p className="t2 s12 why">
          {one.sentence}
          {one.to?.tag_moved_to && ` The tag means ${one.to.tag_moved_to.slice(0, 19)} now.`}
        </p>
      )}
    </div>
  );
}

function FromTo({ image }: { readonly image: ImageItem }) {
  const back = image.direction === "backwards";
  return (
    <span className="from-to">
      {back && <span className="chip ln">back</span>}
      <At at={image.from} quiet />
      <Icon name="arrow" size={12} className="t3" />
      <At at={image.to} image={image.name} />
    </span>
  );
}

interface AtProps {
  readonly at: ImageAt | null;
  readonly image?: string;
  readonly quiet?: boolean;
}

/** What an image is at one end, with who said which commit it was built from. */
function At({ at, image, quiet }: AtProps) {
  if (!at) return <span className="t3">nothing</span>;
  const built = at.revision ? `built from ${sha(at.revision)}, says the ${SAID_BY[at.answered_by ?? ""] ?? "server"}` : "";
  const version = at.tag || at.digest?.replace("sha256:", "").slice(0, 12) || "";
  const shown = (
    <span className={quiet ? "t2 el" : "m el"} title={[version, built].filter(Boolean).join(", ")}>
      {version}
    </span>
  );
  if (!image) return shown;
  return (
    <Link to="/where" search={{ ref: at.tag ? `${image}:${at.tag}` : (at.digest ?? "") }} className="lk at">
      {shown}
    </Link>
  );
}

const SAID_BY: Record<string, string> = {
  ci: "CI that built it",
  registry: "registry",
  reference: "GitOps commit",
  tag: "tag",
};

interface WhereProps {
  readonly reference: string;
  readonly page: string | undefined;
  readonly children: ReactNode;
}

/** The name of a thing: leads to where it is, and beside it to its own page. */
function Where({ reference, page, children }: WhereProps) {
  return (
    <span className="ref">
      <Link to="/where" search={{ ref: reference }} className="mono lk nw" title={`Where is ${reference}?`}>
        {children}
      </Link>
      {page && /^https?:/.test(page) && (
        <a href={page} target="_blank" rel="noreferrer" className="out no-print" aria-label={`${reference} on its own page`}>
          <Icon name="external" size={11} />
        </a>
      )}
    </span>
  );
}

interface SaidProps {
  readonly fate: string;
  readonly strong?: boolean;
  readonly children: ReactNode;
}

function Said({ fate, strong, children }: SaidProps) {
  return (
    <span className={`said${strong ? " m" : ""}`}>
      {fate ? <s>{children}</s> : children}
      {fate && <span className="chip ln">{fate}</span>}
    </span>
  );
}

const MOST_NAMES = 2;

function Components({ names }: { readonly names: readonly string[] }) {
  return (
    <span className="cps" title={names.join(", ")}>
      {names.slice(0, MOST_NAMES).map((name) => (
        <span key={name} className="chip">
          {name}
        </span>
      ))}
      {names.length > MOST_NAMES && <span className="chip">+{names.length - MOST_NAMES}</span>}
    </span>
  );
}
