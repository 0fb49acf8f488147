/** The rows of release notes: an issue, pull request, commit, image or GitOps change each. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type {
  CommitItem,
  Feature,
  GitopsItem,
  ImageAt,
  ImageItem,
  NotesDocument,
  PullRequestShown,
} from "../api/schema";
import { Icon } from "../kit/Icon";
import { Person } from "../kit/Person";
import { Moment } from "../kit/Time";
import { commitPage, repository, requestPage, sha } from "../kit/words";
import * as told from "./notes";

interface FeatureRowProps {
  readonly one: Feature;
  readonly notes: NotesDocument;
  readonly components?: boolean;
}

export function FeatureRow({ one, notes, components }: FeatureRowProps) {
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

export function RequestRow({ one, components }: { readonly one: PullRequestShown; readonly components?: boolean }) {
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

export function CommitRow({ one, components }: { readonly one: CommitItem; readonly components?: boolean }) {
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

export function GitopsRow({ one }: { readonly one: GitopsItem }) {
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

export function ImageRow({ one }: { readonly one: ImageItem }) {
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

export function FromTo({ image }: { readonly image: ImageItem }) {
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
