/** One release: who and what, how it stands, what may be asked now, and the tabs below. */

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import * as queries from "../api/queries";
import type { Carrier, EnvironmentShown, ReasonShown, ReleaseDocument } from "../api/schema";
import { Advice } from "../kit/Advice";
import { Glyph } from "../kit/Glyph";
import { Person } from "../kit/Person";
import { Answer, LoadingRows } from "../kit/states";
import { STATUSES, word } from "../kit/status";
import { Ago, Duration, Moment } from "../kit/Time";
import { commitPage, listed, productOf, repository, sha, shortVersion, versions } from "../kit/words";
import { Notes } from "../notes/Notes";
import { usePage } from "../shell/page";
import { Actions } from "./actions";
import { AlsoCarries } from "./AlsoCarries";
import { DiffTab } from "./DiffTab";
import { Timeline } from "./Timeline";

const Flow = lazy(() => import("./Flow"));

type Tab = "flow" | "notes" | "timeline" | "diff";

export function ReleaseFlow() {
  return (
    <Page tab="flow">
      {(release) => (
        <Suspense fallback={<div className="stage" />}>
          <Flow release={release} />
        </Suspense>
      )}
    </Page>
  );
}

export function ReleaseNotes() {
  return <Page tab="notes">{(release) => <Notes key={release.id} release={release} />}</Page>;
}

export function ReleaseTimeline() {
  return <Page tab="timeline">{(release) => <Timeline release={release} />}</Page>;
}

export function ReleaseDiff() {
  return <Page tab="diff">{(release) => <DiffTab release={release} />}</Page>;
}

interface PageProps {
  readonly tab: Tab;
  readonly children: (release: ReleaseDocument) => ReactNode;
}

function Page({ tab, children }: PageProps) {
  const { release: id = "" } = useParams({ strict: false });
  const release = useQuery(queries.release(id));
  const product = release.data?.product ?? productOf(id);
  // For who comes by a link that was prepared: the address was known then, and nothing asked.
  useQuery({ ...queries.product(product), enabled: tab === "flow", retry: false });
  usePage(
    { title: "Products", to: "/" },
    { title: product, to: `/products/${encodeURIComponent(product)}` },
    { title: "Releases", to: `/products/${encodeURIComponent(product)}/releases` },
    { title: id },
  );
  return (
    <Answer
      of={release}
      page={id}
      others={{ to: "/releases", title: "All releases" }}
      loading={<LoadingRows page={id} rows={3} height={56} />}
    >
      {(document) => (
        <div className="release">
          <Head release={document} />
          <Banner key={document.id} release={document} />
          {tab === "flow" && <AlsoCarries carries={document.also_carries} />}
          <Tabs release={document} tab={tab} />
          {children(document)}
        </div>
      )}
    </Answer>
  );
}

const HOW = {
  head: "",
  revision: "by revision",
  manual: "by hand",
  rollback: "rollback",
} as const;

function Head({ release }: { readonly release: ReleaseDocument }) {
  const { commit, version } = release;
  const page = commit && commitPage(commit.repository, commit.sha);
  const several = versions(version).length > 1;
  // A single environment that failed has its retry in the banner.
  const failed = release.environments.filter((each) => each.actions.includes("retry"));
  const actions = release.actions.filter((name) => name !== "retry" || !hasBanner(release) || failed.length > 1);
  return (
    <section className="rh" aria-label="Release">
      <div className="grow">
        <div className="row wrap">
          <h1>{release.id}</h1>
          {version && (
            <span className="chip tall" title={version}>
              {several ? shortVersion(version) : version}
            </span>
          )}
          <span className="meta">
            {release.flow ? (
              <Link to="/flows/$flow" params={{ flow: release.flow }} search={{ product: release.product }} className="lk">
                {release.flow}
              </Link>
            ) : (
              <span>manual</span>
            )}
            {commit && (
              <>
                <span className="t3">·</span>
                {page ? (
                  <a className="mono lk" href={page} target="_blank" rel="noreferrer">
                    {sha(commit.sha)}
                  </a>
                ) : (
                  <span className="mono" title={commit.sha}>
                    {sha(commit.sha)}
                  </span>
                )}
                <span className="el">
                  on {commit.branch} of {repository(commit.repository)}
                </span>
              </>
            )}
            <span className="t3">·</span>
            <span>
              <Moment at={release.created_at} />, <Ago at={release.created_at} />
            </span>
          </span>
        </div>
        <div className="sub">
          <Person name={release.initiator} />
          <span className="subj">{commit?.subject || subject(release)}</span>
          {HOW[release.trigger] && <span className="chip ln">{HOW[release.trigger]}</span>}
        </div>
      </div>
      <BigStatus release={release} />
      {actions.length > 0 && (
        <div className="acts">
          <Actions release={release.id} actions={actions} plain={hasBanner(release)} />
        </div>
      )}
    </section>
  );
}

function subject(release: ReleaseDocument): string {
  if (release.goes_back_to) return `Back to ${release.goes_back_to}`;
  return release.components.map((part) => `${part.name} ${part.version}`).join(", ");
}

function BigStatus({ release }: { readonly release: ReleaseDocument }) {
  const where = worst(release);
  return (
    <div className={`big ${release.status}`}>
      <Glyph status={release.status} size={24} label="" />
      <div>
        {/* What is told aloud when it changes: without the time, which changes every second. */}
        <b role="status" aria-label={`Status: ${word(release.status)}`}>
          {word(release.status)}
        </b>
        <span className="s12 t2 el">
          <Duration from={release.created_at} to={release.ended ? release.ended_at : null} />
          {where && !release.ended ? `, ${where.name}` : ""}
        </span>
      </div>
    </div>
  );
}

/** The environment that makes the release's status what it is. */
export function worst(release: ReleaseDocument): EnvironmentShown | undefined {
  return release.environments.find((each) => each.status === release.status);
}

const TOLD: ReadonlySet<string> = new Set(["failed", "error", "suspended", "terminated", "queued"]);

function hasBanner(release: ReleaseDocument): boolean {
  return TOLD.has(release.status) && release.reason !== null;
}

/** What there is to tell: its room is kept while the release may yet have something, so that nothing moves. */
function Banner({ release }: { readonly release: ReleaseDocument }) {
  const tells = hasBanner(release) || release.carried_by !== null;
  const [kept, setKept] = useState(false);
  if (!kept && (tells || !release.ended)) setKept(true);
  if (hasBanner(release) && release.reason) return <Told release={release} reason={release.reason} />;
  if (release.carried_by) return <Carried by={release.carried_by} />;
  if (!kept) return null;
  const where = release.environments.filter((each) => each.status === release.status);
  return (
    <div className="ban quiet hide-narrow">
      <Glyph status={release.status} label="" />
      <span>
        {word(release.status)}
        {where.length > 0 && ` in ${listed(where.map((each) => each.name))}`}
      </span>
    </div>
  );
}

interface ToldProps {
  readonly release: ReleaseDocument;
  readonly reason: ReasonShown;
}

function Told({ release, reason }: ToldProps) {
  const where = worst(release);
  const actions = where?.actions.filter((name) => name !== "skip") ?? [];
  return (
    <div className={`ban ${release.status}`} role="alert">
      <Glyph status={release.status} label="" />
      <span className="grow">
        {where && <b>{where.name}: </b>}
        <b>{reason.sentence}</b>
        <Advice of={reason.advice} atHand={actions.length > 0} />
      </span>
      {where && actions.length > 0 && (
        <span className="row">
          <Actions release={release.id} environment={where.name} actions={actions} small />
        </span>
      )}
    </div>
  );
}

function Carried({ by }: { readonly by: Carrier }) {
  return (
    <div className="ban superseded">
      <Glyph status="superseded" label="" />
      <span className="grow">
        <b>Overtaken.</b> Its change is{" "}
        <Link to="/releases/$release" params={{ release: by.release }} className="lk">
          {by.sentence}
        </Link>
        .
      </span>
    </div>
  );
}

function Tabs({ release, tab }: { readonly release: ReleaseDocument; readonly tab: Tab }) {
  const params = { release: release.id };
  const current = (name: Tab) => (tab === name ? { "aria-current": "page" as const } : {});
  const changed = release.environments.flatMap((each) => each.landings).filter((each) => each.changed);
  return (
    <div className="tabs">
      <nav className="row tab-links" aria-label="Release">
        <Link
          to="/releases/$release"
          params={params}
          className="tab"
          activeOptions={{ exact: true, includeSearch: false }}
          {...current("flow")}
        >
          Flow
        </Link>
        <Link to="/releases/$release/notes" params={params} className="tab" {...current("notes")}>
          Notes
        </Link>
        <Link to="/releases/$release/timeline" params={params} className="tab" {...current("timeline")}>
          Timeline
        </Link>
        <Link to="/releases/$release/diff" params={params} className="tab" {...current("diff")}>
          Diff {changed.length > 0 && <span className="n">{changed.length}</span>}
        </Link>
      </nav>
      <Counters release={release} />
    </div>
  );
}

function Counters({ release }: { readonly release: ReleaseDocument }) {
  const count = (status: keyof typeof release.counters) => release.counters[status] ?? 0;
  const inOrder = [...STATUSES].sort((a, b) => Number(count(b) > 0) - Number(count(a) > 0));
  return (
    <ul className="cnts" aria-label="Environments by status">
      {inOrder.map((status) => (
        <li key={status} className={count(status) ? "" : "z"} aria-hidden={count(status) === 0} title={`${count(status)} ${status}`}>
          <Glyph status={status} size={14} label="" />
          <b>{count(status)}</b>
          <span className={count(status) ? "" : "vh"}>{status}</span>
        </li>
      ))}
    </ul>
  );
}
