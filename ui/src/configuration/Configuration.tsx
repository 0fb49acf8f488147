/** The configuration in force, and what is wrong with it or with a newer one. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as queries from "../api/queries";
import * as wishes from "../api/wishes";
import type { ConfigurationDocument, ConfigurationProblem, Status, TroubleShown } from "../api/schema";
import { Advice } from "../kit/Advice";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { tell, tellProblem } from "../kit/reports";
import { Answer, Empty } from "../kit/states";
import { Ago } from "../kit/Time";
import { listed, number, plural, sha } from "../kit/words";
import { usePage } from "../shell/page";

export function Configuration() {
  usePage({ title: "Configuration" });
  const configuration = useQuery(queries.configuration);
  return (
    <div className="page">
      <div className="head">
        <h1>Configuration</h1>
        <span className="grow" />
        <Refresh />
      </div>
      <Answer of={configuration}>{(document) => <Document of={document} />}</Answer>
    </div>
  );
}

function Refresh() {
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    try {
      const { repositories, releases, trouble } = await wishes.refresh();
      const news = releases.length ? `New: ${listed(releases)}.` : "No new release.";
      tell(`Looked at ${plural(repositories.length, "repository", "repositories")}. ${news}`);
      for (const each of trouble) tell(`${each.repository}: ${each.reason.sentence}`, "failed", each.reason.advice);
      await cache.invalidateQueries({ queryKey: queries.configuration.queryKey });
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button className="btn" disabled={busy} onClick={() => void look()}>
      <Icon name="back" />
      {busy ? "Looking…" : "Look for new commits now"}
    </button>
  );
}

function Document({ of }: { readonly of: ConfigurationDocument }) {
  const newer = of.problems_revision !== "" && of.problems_revision !== of.revision;
  const errors = of.problems.filter((problem) => problem.severity === "error").length;
  return (
    <>
      <section className="panel pad" aria-label="In force">
        <dl className="kv">
          <dt>Source</dt>
          <dd className="mono">{of.source || "none yet"}</dd>
          <dt>Revision in force</dt>
          <dd className="mono" title={of.revision}>
            {sha(of.revision) || "none yet"}
          </dd>
          <dt>Holds</dt>
          <dd>
            {listed(Object.entries(of.counts).map(([name, count]) => `${number(count)} ${count === 1 ? name.replace(/ies$/, "y").replace(/s$/, "") : name}`))}
          </dd>
        </dl>
      </section>
      {newer && errors > 0 && (
        <p className="note error" role="alert">
          <Glyph status="error" size={14} label="" />
          <span>
            <b>A newer configuration is not in force.</b> Revision{" "}
            <span className="mono">{sha(of.problems_revision)}</span> has {plural(errors, "error")}; the last
            good one stays until they are mended.
          </span>
        </p>
      )}
      <h2>
        Repositories and products in trouble <span className="n">{of.trouble.length}</span>
      </h2>
      {of.trouble.length ? <Trouble trouble={of.trouble} /> : <Fine what="repositories" />}
      <h2>
        Problems <span className="n">{of.problems.length}</span>
      </h2>
      {of.problems.length ? <Problems problems={of.problems} /> : <Fine what="configuration" />}
    </>
  );
}

function Fine({ what }: { readonly what: string }) {
  return (
    <div className="panel">
      <Empty title={what === "repositories" ? "Every repository answers" : "Nothing is wrong"} />
    </div>
  );
}

const SEVERITY: Record<string, Status> = { error: "error", warning: "suspended" };

function Problems({ problems }: { readonly problems: readonly ConfigurationProblem[] }) {
  const errorsFirst = [...problems].sort(
    (a, b) => Number(b.severity === "error") - Number(a.severity === "error"),
  );
  return (
    <div className="table scroll-x">
      <table className="plain">
        <thead>
          <tr>
            <th>Severity</th>
            <th>Where</th>
            <th>What</th>
            <th>Code</th>
          </tr>
        </thead>
        <tbody>
          {errorsFirst.map((problem, place) => (
            <tr key={place}>
              <td>
                <span className={`st ${SEVERITY[problem.severity] ?? "queued"}`}>
                  <Glyph status={SEVERITY[problem.severity] ?? "queued"} size={14} label="" />
                  {problem.severity}
                </span>
              </td>
              <td className="mono">
                {problem.file}:{problem.line}:{problem.column}
              </td>
              <td>{problem.message}</td>
              <td className="mono t2" data-column="Code">{problem.code}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Trouble({ trouble }: { readonly trouble: readonly TroubleShown[] }) {
  return (
    <div className="table scroll-x">
      <table className="plain">
        <thead>
          <tr>
            <th>What</th>
            <th>Why</th>
            <th>Since</th>
          </tr>
        </thead>
        <tbody>
          {trouble.map((each) => (
            <tr key={`${each.scope} ${each.subject}`}>
              <td>
                <span className="t2">{each.scope}</span> <span className="mono">{each.subject}</span>
              </td>
              <td>
                {each.reason.sentence}
                {each.reason.advice && (
                  <div>
                    <Advice of={each.reason.advice} />
                  </div>
                )}
              </td>
              <td className="nw" data-column="Since">
                <Ago at={each.since} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
