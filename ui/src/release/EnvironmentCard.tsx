/** An environment of a release: the node of the graph, and the card of the list. */

import { memo } from "react";
import type { Cell, EnvironmentShown, ReleaseDocument, WorkflowShown } from "../api/schema";
import { Glyph } from "../kit/Glyph";
import { Icon } from "../kit/Icon";
import { ENDED, word } from "../kit/status";
import { Duration, Moment } from "../kit/Time";
import { sha } from "../kit/words";
import { Actions, known } from "./actions";
import * as told from "./environment";
import { stepKey } from "./StepDrawer";
import { phase as phaseName } from "./telling";

interface EnvironmentCardProps {
  readonly release: ReleaseDocument;
  readonly environment: EnvironmentShown;
  readonly cells: readonly Cell[];
  readonly chosen: boolean;
  readonly step: string | undefined;
  readonly open: (environment: string, step?: string) => void;
}

export const EnvironmentCard = memo(function EnvironmentCard(props: EnvironmentCardProps) {
  const { release, environment, cells, chosen, step, open } = props;
  const { name, status } = environment;
  const held = told.isHeld(status) ? " held" : "";
  const reason = told.why(environment);
  const arrival = told.arrival(release, environment);
  // What is always possible, as to skip, stands in the drawer: here stands what is due.
  const due = known(environment.actions).filter((action) => action !== "skip");
  const after = told.after(environment);
  const pullRequest = environment.settings.action === "pr";
  return (
    <article
      className={`node ${status}${held}${chosen ? " chosen" : ""}`}
      aria-label={[`${name}: ${word(status).toLowerCase()}`, after].filter(Boolean).join(", ")}
    >
      {arrival && (
        <>
          <span className={`in ${arrival}`} title={pullRequest ? "by pull request" : "by commit"}>
            <Icon name={pullRequest ? "pullRequest" : "commit"} size={12} />
          </span>
          <i className={`tip ${arrival}`} />
        </>
      )}
      {release.environments.some((each) => each.depends_on.includes(name)) && <i className="pt" />}
      <header>
        <button onClick={() => open(name)} aria-expanded={chosen} title="Details">
          <Glyph status={status} label="" />
          <b className="el">{name}</b>
          {environment.kind === "prod" && <span className="chip ln">prod</span>}
          <span className="grow" />
          <span className="dur">
            <Duration from={environment.started_at} to={environment.ended_at} />
          </span>
        </button>
      </header>
      <p className="word">{word(status)}</p>
      <Times environment={environment} />
      <p className="why" title={reason}>
        {reason}
      </p>
      <Applications parts={told.parts(release, environment, cells)} environment={environment} />
      <Gates environment={environment} />
      <Phases environment={environment} step={step} open={(of) => open(name, of)} />
      <Hooks environment={environment} step={step} open={(of) => open(name, of)} />
      {due.length > 0 && (
        <div className="ft">
          <Actions release={release.id} environment={name} actions={due} small />
        </div>
      )}
    </article>
  );
});

function Times({ environment }: { readonly environment: EnvironmentShown }) {
  const { started_at, ended_at, role, attempt } = environment;
  const tries = attempt > 1 ? `attempt ${attempt}, ` : "";
  return (
    <p className="fx">
      {tries}
      {role === "trigger" && "trigger"}
      {role === "source" && "taken from here"}
      {started_at && role !== "step" && ", "}
      {started_at && (
        <>
          {ended_at ? "" : "since "}
          <Moment at={started_at} />
          {ended_at && (
            <>
              {" → "}
              <Moment at={ended_at} />
            </>
          )}
        </>
      )}
      {!started_at && role === "step" && (told.after(environment) || "\u00a0")}
    </p>
  );
}

interface ApplicationsProps {
  readonly parts: readonly told.Part[];
  readonly environment: EnvironmentShown;
}

function Applications({ parts, environment }: ApplicationsProps) {
  const { words, bad } = told.health(environment);
  const before = parts.some((part) => part.version) && !parts.some((part) => part.carried);
  const shown = parts.slice(0, told.MOST_PARTS);
  const more = parts.length - shown.length;
  return (
    <div className="blk">
      <div className="bh">
        <span>Components</span>
        <span className={bad ? "bad" : "t3"}>{words || (before ? "there now" : "")}</span>
      </div>
      {shown.map((part) => (
        <div key={part.component} className="step">
          <Icon name="component" size={12} className="t3" />
          <span className="el grow">{part.component}</span>
          <span
            className={part.carried ? "ver" : "ver t3"}
            title={part.carried || !part.version ? part.version : `${part.version}, there now and not by this release`}
          >
            {part.version || "–"}
          </span>
        </div>
      ))}
      {more > 0 && <div className="step t3">and {more} more</div>}
    </div>
  );
}

function Gates({ environment }: { readonly environment: EnvironmentShown }) {
  const gates = told.gates(environment);
  if (!gates.length) return null;
  return (
    <div className="blk">
      <div className="bh">
        <span>Gates</span>
      </div>
      {gates.map((gate) => (
        <div key={gate.kind} className="step" title={gate.reason?.sentence}>
          <Glyph status={gate.status} size={12} label={gate.status} />
          <span className={`el grow${gate.status === "waiting" ? " t3" : ""}`}>{gate.kind}</span>
          <span className="d">
            {told.gate(gate, environment)}
            {gate.opens_at && gate.status !== "succeeded" && (
              <>
                {" opens "}
                <Moment at={gate.opens_at} />
              </>
            )}
          </span>
        </div>
      ))}
    </div>
  );
}

interface PhasesProps {
  readonly environment: EnvironmentShown;
  readonly step: string | undefined;
  readonly open: (step?: string) => void;
}

function Phases({ environment, step, open }: PhasesProps) {
  if (!told.begun(environment)) {
    const left = told.ahead(environment);
    if (!left) return null;
    return (
      <div className="blk one">
        <div className="step">
          <Glyph status="waiting" size={12} label="" />
          <span className="t2">Then</span>
          <span className="d el grow r">{left}</span>
        </div>
      </div>
    );
  }
  return (
    <>
      {told.rows(environment).map((phase) => {
        const workflow = told.workflowOf(environment, phase.name);
        return workflow?.steps.length ? (
          <Steps key={phase.name} workflow={workflow} step={step} open={open} />
        ) : (
        <div key={phase.name} className="blk one">
          <button className="step" onClick={() => open()}>
            <Glyph status={phase.status} size={12} label={phase.status} />
            <span className="el grow">{phase.name === "action" ? what(environment) : phaseName(phase.name)}</span>
            <span className="d mono">
              {phase.name === "action" ? (
                environment.landings.map((landing) => sha(landing.commit)).join(" ")
              ) : (
                <Duration from={phase.started_at} to={phase.ended_at} />
              )}
            </span>
          </button>
        </div>
        );
      })}
    </>
  );
}

interface StepsProps {
  readonly workflow: WorkflowShown;
  readonly step: string | undefined;
  readonly open: (step?: string) => void;
}

/** The steps of a workflow, each over all applications: those that matter first when there are many. */
function Steps({ workflow, step: chosen, open }: StepsProps) {
  const { steps } = workflow;
  const begun = steps.findIndex((each) => !ENDED.has(each.status) || each.status !== "succeeded");
  const from = Math.max(0, Math.min(begun < 0 ? 0 : begun - 1, steps.length - told.MOST_STEPS));
  const shown = steps.slice(from, from + told.MOST_STEPS);
  const more = steps.length - shown.length;
  return (
    <div className="blk">
      <div className="bh">
        <span>{phaseName(workflow.purpose)}</span>
        <span className="t3">
          {workflow.attempt > 1 ? `attempt ${workflow.attempt}` : ""}
          {more > 0 ? ` ${steps.length} steps` : ""}
        </span>
      </div>
      {shown.map((each) => {
        const key = stepKey(workflow, each);
        return (
          <button
            key={each.name}
            className={`step${chosen === key ? " on" : ""}`}
            onClick={() => open(key)}
          >
            <Glyph status={each.status} size={12} label={each.status} />
            <span className="el grow">{each.name}</span>
            <span className="d">
              <Duration from={each.started_at} to={each.ended_at} />
            </span>
          </button>
        );
      })}
    </div>
  );
}

/** Hooks are told the result and are no part of it: shown only when they ran. */
function Hooks({ environment, step, open }: PhasesProps) {
  return environment.workflows
    .filter((each) => (each.purpose === "on_success" || each.purpose === "on_fail") && each.steps.length > 0)
    .map((each) => <Steps key={each.purpose} workflow={each} step={step} open={open} />);
}

function what(environment: EnvironmentShown): string {
  if (environment.settings.action === "pr") return "Pull request";
  return environment.landings.length > 1 ? "Commits" : "Commit";
}
