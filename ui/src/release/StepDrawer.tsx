/** One step of a workflow: its log as it is written, what went in and came out, and its manifest. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { followLog, type Log, NO_LOG } from "../api/log";
import * as queries from "../api/queries";
import type { ReleaseDocument, RunDocument, RunStep, StepOfRun, StepShown, WorkflowShown } from "../api/schema";
import * as wishes from "../api/wishes";
import { Dialog } from "../kit/dialogs";
import { useEscape } from "../kit/focus";
import { Glyph, StatusWord } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { LogView } from "../kit/LogView";
import { tell, tellProblem } from "../kit/reports";
import { Answer, Failed } from "../kit/states";
import { Duration, Moment } from "../kit/Time";
import { phase } from "./telling";

/** How a step is named in the address. */
export function stepKey(workflow: WorkflowShown, step: StepShown): string {
  return `${workflow.purpose}:${step.name}`;
}

interface StepDrawerProps {
  readonly release: ReleaseDocument;
  readonly environment: string;
  readonly workflow: WorkflowShown;
  readonly step: StepShown;
  readonly close: () => void;
}

type Tab = "log" | "values" | "manifest" | "attempts";

export function StepDrawer({ release, environment, workflow, step, close }: StepDrawerProps) {
  useEscape(close);
  const { application } = useSearch({ from: "/shell/releases/$release" });
  const navigate = useNavigate();
  const [tab, setTab] = useState<Tab>("log");
  const of = step.applications.find((each) => each.application === application) ?? first(step);
  if (!of) return null;
  const choose = (name: string) =>
    void navigate({ to: ".", search: (before) => ({ ...before, application: name, line: undefined }), replace: true });
  return (
    <aside className="drawer wide" tabIndex={-1} aria-label={`Step ${step.name}`}>
      <div className="dh bare">
        <div className="row">
          <h2 className="el">{step.name}</h2>
          <StatusWord status={of.status} size={16} />
          <span className="grow" />
          <Steer run={of.run} step={of} kind={step.kind} />
          <button className="ib sm" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        <p className="s12 t2">
          {environment || release.id}, {phase(workflow.purpose).toLowerCase()}, of {workflow.template}
        </p>
        {of.reason && <p className="s12">{of.reason.sentence}</p>}
        <dl className="facts">
          {of.started_at && (
            <div>
              <dt>Started</dt>
              <dd>
                <Moment at={of.started_at} seconds />
              </dd>
            </div>
          )}
          {of.started_at && (
            <div>
              <dt>{of.ended_at ? "Took" : "Running"}</dt>
              <dd>
                <Duration from={of.started_at} to={of.ended_at} />
              </dd>
            </div>
          )}
          <div>
            <dt>Attempt</dt>
            <dd>{of.attempt}</dd>
          </div>
        </dl>
      </div>
      <div className="tabs dt" role="tablist" aria-label="Step">
        {(["log", "values", "manifest", "attempts"] as const).map((each) => (
          <button
            key={each}
            role="tab"
            className="tab"
            aria-selected={tab === each}
            onClick={() => setTab(each)}
          >
            {TITLES[each]}
          </button>
        ))}
      </div>
      {step.applications.length > 1 && (
        <div className="lt which">
          <Applications step={step} chosen={of.application} choose={choose} />
        </div>
      )}
      {tab === "log" ? (
        <StepLog
          key={`${of.run} ${of.step} ${of.attempt}`}
          of={of}
          name={step.name}
        />
      ) : (
        <RunPart tab={tab} of={of} workflow={workflow} />
      )}
    </aside>
  );
}

const TITLES: Record<Tab, string> = {
  log: "Log",
  values: "Inputs, outputs",
  manifest: "Manifest",
  attempts: "Attempts",
};

/** The application whose step says most: one that did not succeed, else the first. */
function first(step: StepShown): StepOfRun | undefined {
  return step.applications.find((each) => each.status === step.status) ?? step.applications[0];
}

interface ApplicationsProps {
  readonly step: StepShown;
  readonly chosen: string;
  readonly choose: (application: string) => void;
}

function Applications({ step, chosen, choose }: ApplicationsProps) {
  return (
    <div className="seg scroll" role="group" aria-label="Application">
      {step.applications.map((each) => (
        <button
          key={each.run}
          aria-pressed={each.application === chosen}
          onClick={() => choose(each.application)}
        >
          <Glyph status={each.status} size={12} label={each.status} />
          {each.application}
        </button>
      ))}
    </div>
  );
}

interface StepLogProps {
  readonly of: StepOfRun;
  readonly name: string;
}

function StepLog({ of, name }: StepLogProps) {
  const { line } = useSearch({ from: "/shell/releases/$release" });
  const navigate = useNavigate();
  const [log, setLog] = useState<Log>(NO_LOG);
  const { run, step, attempt } = of;
  useEffect(() => followLog({ run, step, attempt }, setLog), [run, step, attempt]);
  if (log.error && !log.lines.length) {
    return <Failed error={log.error} />;
  }
  return (
    <LogView
      name={name}
      lines={log.lines}
      ended={log.ended}
      lost={log.lost}
      line={line}
      choose={(chosen) =>
        void navigate({
          to: ".",
          search: (before) => ({ ...before, line: chosen }),
          replace: true,
        })
      }
    />
  );
}

interface RunPartProps {
  readonly tab: Tab;
  readonly of: StepOfRun;
  readonly workflow: WorkflowShown;
}

function RunPart({ tab, of, workflow }: RunPartProps) {
  const run = useQuery(queries.run(of.run));
  return (
    // What scrolls can be reached by the keys.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="db" tabIndex={0} role="group" aria-label={TITLES[tab]}>
      <Answer of={run}>
        {(document) => {
          const step = document.steps.find((each) => each.id === of.step);
          if (tab === "values") return <Values step={step} run={document} />;
          if (tab === "manifest") return <Manifest run={document} />;
          return <Attempts workflow={workflow} run={document} />;
        }}
      </Answer>
    </div>
  );
}

function Values({ step, run }: { readonly step: RunStep | undefined; readonly run: RunDocument }) {
  return (
    <>
      <Table title="Inputs" values={step?.inputs ?? {}} />
      <Table title="Outputs" values={step?.outputs ?? {}} />
      <Table title="Arguments of the workflow" values={run.arguments} />
      <Table title="Labels of the workflow" values={run.labels} />
      <Table title="Outputs of the workflow" values={run.outputs} />
    </>
  );
}

function Table({ title, values }: { readonly title: string; readonly values: Readonly<Record<string, string>> }) {
  const entries = Object.entries(values);
  return (
    <section>
      <h3>{title}</h3>
      {entries.length ? (
        <dl className="kv">
          {entries.map(([name, value]) => [
            <dt key={`${name} name`}>{name}</dt>,
            <dd key={name} className="mono">
              {value}
            </dd>,
          ])}
        </dl>
      ) : (
        <p className="t3 s12">None</p>
      )}
    </section>
  );
}

function Manifest({ run }: { readonly run: RunDocument }) {
  return Object.entries(run.manifest).map(([name, manifest]) => (
    <section key={name}>
      <h3>{name}</h3>
      <pre className="manifest">{JSON.stringify(manifest, null, 2)}</pre>
    </section>
  ));
}

function Attempts({ workflow, run }: { readonly workflow: WorkflowShown; readonly run: RunDocument }) {
  const all = [...workflow.runs, ...workflow.earlier].filter((each) => each.application === run.application);
  return (
    <>
      <ul className="phases">
        {all.map((each) => (
          <li key={each.id}>
            <Glyph status={each.status} size={14} />
            <span className="m">Attempt {each.attempt}</span>
            <span className="t3">
              {each.started_at && <Moment at={each.started_at} seconds />}{" "}
              <Duration from={each.started_at} to={each.ended_at} />
            </span>
            {each.reason && <span className="why">{each.reason.sentence}</span>}
          </li>
        ))}
      </ul>
      {run.interruptions.map((each) => (
        <p key={each.at} className="note suspended">
          <Icon name="warning" />
          <span>
            {each.step} was cut short at <Moment at={each.at} seconds /> because its worker {each.worker} was gone.
          </span>
        </p>
      ))}
    </>
  );
}

interface SteerProps {
  readonly run: string;
  readonly step: StepOfRun;
  readonly kind: StepShown["kind"];
}

function Steer({ run, step, kind }: SteerProps) {
  const [stopping, setStopping] = useState(false);
  const live = step.status === "running" || step.status === "suspended" || step.status === "pending";
  if (!live) return null;
  const resume = async () => {
    try {
      await wishes.resume(run, step.step);
      tell("It goes on.");
    } catch (error) {
      tellProblem(error);
    }
  };
  return (
    <>
      {kind === "suspend" && (
        <button className="btn sm pri" onClick={() => void resume()}>
          Resume
        </button>
      )}
      <button className="btn sm dan" onClick={() => setStopping(true)}>
        Stop…
      </button>
      {stopping && (
        <Dialog
          title={`Stop the run of ${step.application || "this workflow"}?`}
          verb="Stop"
          danger
          act={async () => {
            await wishes.stopRun(run, "");
            tell("The run is being stopped.");
          }}
          close={() => setStopping(false)}
        >
          <p>Its steps are ended; what must always run at its end is run.</p>
        </Dialog>
      )}
    </>
  );
}
