/** All of one environment of a release, beside the graph. */

import { Link } from "@tanstack/react-router";
import type {
  EnvironmentShown,
  HookTold,
  PhaseShown,
  ReasonShown,
  ReleaseDocument,
  WorkflowShown,
} from "../api/schema";
import { Advice } from "../kit/Advice";
import { useEscape } from "../kit/focus";
import { Glyph, StatusWord } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { Person } from "../kit/Person";
import { Duration, Moment } from "../kit/Time";
import { commitPage, listed, plural, repository, sha } from "../kit/words";
import * as policy from "../configuration/settings";
import { Actions, known } from "./actions";
import * as told from "./environment";
import { stepKey } from "./StepDrawer";
import { phase as phaseName, plain } from "./telling";

interface DrawerProps {
  readonly release: ReleaseDocument;
  readonly environment: EnvironmentShown;
  readonly open: (environment: string, step: string) => void;
  readonly close: () => void;
}

export function Drawer({ release, environment, open, close }: DrawerProps) {
  useEscape(close);
  const { name, status, reason, warnings } = environment;
  return (
    <aside className="drawer" tabIndex={-1} aria-label={`${name} of ${release.id}`}>
      <div className="dh">
        <div className="row">
          <h2 className="el">{name}</h2>
          <StatusWord status={status} size={16} />
          <span className="grow" />
          <button className="ib sm" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        {reason && <p className="s12">{reason.sentence}</p>}
        {reason?.advice && (
          <p className="s12">
            <Advice of={reason.advice} atHand={environment.actions.length > 0} />
          </p>
        )}
        {environment.carried_by && (
          <p className="s12">
            <Link to="/releases/$release" params={{ release: environment.carried_by.release }} className="lk">
              {environment.carried_by.sentence}
            </Link>
          </p>
        )}
        <dl className="facts">
          <Fact title="Version">{environment.version || "–"}</Fact>
          {environment.started_at && (
            <Fact title="Started">
              <Moment at={environment.started_at} />
            </Fact>
          )}
          {environment.started_at && (
            <Fact title={environment.ended_at ? "Took" : "For"}>
              <Duration from={environment.started_at} to={environment.ended_at} />
            </Fact>
          )}
          <Fact title="Attempt">{environment.attempt}</Fact>
        </dl>
      </div>
      {known(environment.actions).length > 0 && (
        <div className="ft">
          <Actions release={release.id} environment={name} actions={environment.actions} />
        </div>
      )}
      {environment.not_now.approve?.code && told.gates(environment).some((gate) => gate.kind === "approval") && (
        <p className="not-now s12 t2">You cannot approve: {environment.not_now.approve.sentence}.</p>
      )}
      {/* What scrolls can be reached by the keys. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="db" tabIndex={0} role="group" aria-label="Details">
        {environment.unsupported.length > 0 && (
          <div className="note error">
            <Glyph status="error" size={14} label="" />
            <span>Not supported yet: {listed(environment.unsupported)}.</span>
          </div>
        )}
        {warnings.map((warning) => (
          <Warning key={warning.code + warning.sentence} reason={warning} />
        ))}
        <Gates environment={environment} />
        <Phases phases={environment.phases} />
        <Workflows of={environment.workflows} open={(step) => open(name, step)} />
        <Hooks told={environment.hooks} ran={environment.workflows} />
        <Landings environment={environment} release={release.id} />
        <Settings environment={environment} />
      </div>
    </aside>
  );
}

function Fact({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Warning({ reason }: { readonly reason: ReasonShown }) {
  return (
    <div className="note suspended">
      <Icon name="warning" />
      <span>
        {reason.sentence}
        <Advice of={reason.advice} />
      </span>
    </div>
  );
}

function Gates({ environment }: { readonly environment: EnvironmentShown }) {
  const { gates, approvals } = environment;
  if (!gates.length && !approvals.length) return null;
  return (
    <section>
      <h3>Gates</h3>
      <ul className="phases">
        {gates.map((gate) => (
          <li key={gate.kind}>
            <Glyph status={gate.status} size={14} />
            <span className="m">{plain(gate.kind)}</span>
            <span className="t3">
              {gate.opens_at && gate.status !== "succeeded" ? (
                <>
                  opens <Moment at={gate.opens_at} />
                </>
              ) : (
                told.gate(gate, environment)
              )}
            </span>
            {gate.reason && <span className="why">{gate.reason.sentence}</span>}
          </li>
        ))}
        {approvals.map((given) => (
          <li key={given.by}>
            <Icon name="check" />
            <span>
              <Person name={given.by} /> approved
            </span>
            <span className="t3">{given.at && <Moment at={given.at} />}</span>
            {given.comment && <span className="why">“{given.comment}”</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Phases({ phases, title = "Phases" }: { readonly phases: readonly PhaseShown[]; readonly title?: string }) {
  if (!phases.length) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className="phases">
        {phases.map((phase) => (
          <li key={phase.name}>
            <Glyph status={phase.status} size={14} />
            <span className="m">{phaseName(phase.name)}</span>
            <span className="t3">
              <Duration from={phase.started_at} to={phase.ended_at} />
            </span>
            {phase.reason && (
              <span className="why">
                {phase.reason.sentence}
                {phase.retry_at && (
                  <>
                    {" "}
                    Again at <Moment at={phase.retry_at} />, after {plural(phase.tries, "try", "tries")}.
                  </>
                )}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface WorkflowsProps {
  readonly of: readonly WorkflowShown[];
  readonly open: (step: string) => void;
}

export function Workflows({ of, open }: WorkflowsProps) {
  return of.map((workflow) => (
    <section key={workflow.purpose}>
      <h3>
        {phaseName(workflow.purpose)}: {workflow.template}
        {workflow.attempt > 1 && <span className="t3">, attempt {workflow.attempt}</span>}
      </h3>
      {workflow.steps.map((step) => (
        <button
          key={step.name}
          className="step"
          data-step={stepKey(workflow, step)}
          onClick={() => open(stepKey(workflow, step))}
        >
          <Glyph status={step.status} size={14} />
          <span className="el grow">{step.name}</span>
          <span className="d">
            <Duration from={step.started_at} to={step.ended_at} />
          </span>
        </button>
      ))}
      {!workflow.steps.length && <p className="t3 s12">No step has begun.</p>}
    </section>
  ));
}

interface HooksProps {
  readonly told: readonly HookTold[];
  readonly ran: readonly WorkflowShown[];
}

/** Hooks that are told how an attempt ended, where their workflows do not say all of it. */
export function Hooks({ told: all, ran }: HooksProps) {
  const hooks = all.filter(
    ({ purpose, attempt, reason }) =>
      reason !== null || !ran.some((each) => each.purpose === purpose && each.attempt === attempt),
  );
  if (!hooks.length) return null;
  return (
    <section>
      <h3>Hooks</h3>
      <ul className="phases">
        {hooks.map((hook) => (
          <li key={`${hook.purpose} ${hook.attempt}`}>
            <Glyph status={hook.status} size={14} />
            <span className="el">
              <span className="m">{phaseName(hook.purpose)}</span> <span className="t2">{hook.template}</span>
              {hook.attempt > 1 && <span className="t3">, attempt {hook.attempt}</span>}
            </span>
            <span className="t3">
              <Duration from={hook.started_at} to={hook.ended_at} />
            </span>
            {hook.reason && <span className="why">{hook.reason.sentence}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Landings({ environment, release }: { readonly environment: EnvironmentShown; readonly release: string }) {
  if (!environment.landings.length) return null;
  return (
    <section>
      <h3>Change</h3>
      <ul className="phases">
        {environment.landings.map((landing) => {
          const page = commitPage(landing.repository, landing.commit);
          return (
            <li key={`${landing.repository} ${landing.branch}`}>
              <Icon name="commit" />
              <span className="el">
                {page ? (
                  <a className="mono lk" href={page} target="_blank" rel="noreferrer">
                    {sha(landing.commit)}
                  </a>
                ) : (
                  <span className="mono" title={landing.commit}>
                    {sha(landing.commit)}
                  </span>
                )}{" "}
                on {landing.branch} of {repository(landing.repository)}
              </span>
              <span className="t3">{landing.landed_at && <Moment at={landing.landed_at} />}</span>
              <span className="why">
                {landing.components.join(", ")}
                {!landing.changed && ": was there already"}
              </span>
            </li>
          );
        })}
      </ul>
      <Link
        to="/releases/$release/diff"
        params={{ release }}
        search={{ environment: environment.name }}
        className="lk s12"
      >
        Show the diff
      </Link>
    </section>
  );
}

function Settings({ environment }: { readonly environment: EnvironmentShown }) {
  const origins = Object.entries(environment.origins);
  if (!origins.length) return null;
  const settings: Record<string, unknown> = environment.settings;
  const set = origins.filter(([, origin]) => origin !== "default");
  const shown = set.length ? set : origins.filter(([name]) => name === "action");
  return (
    <section>
      <h3>Policy in force</h3>
      <dl className="kv three">
        {shown.map(([name, origin]) => (
          <div key={name}>
            <dt>{policy.title(name)}</dt>
            <dd>{policy.value(name, settings[name] ?? settings[`${name}_seconds`])}</dd>
            <dd className="t3">{origin}</dd>
          </div>
        ))}
      </dl>
      <p className="t3 s12">Everything else is as by default.</p>
    </section>
  );
}
