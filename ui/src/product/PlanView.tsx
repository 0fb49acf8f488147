/** What a promotion would do, before anything is written: the diff, the policy, what will happen. */

import { useMemo } from "react";
import type { PlanDocument, ReasonShown } from "../api/schema";
import * as settings from "../configuration/settings";
import { Advice } from "../kit/Advice";
import { Diff } from "../kit/Diff";
import { Icon } from "../kit/Icon";
import { shownAtOnce } from "../kit/patch";
import { plural, repository, sha } from "../kit/words";

const SHOWN = ["action", "pre_action", "post_action", "approval", "soak", "auto_merge", "on_drift"];

interface PlanViewProps {
  readonly plan: PlanDocument;
  /** What follows besides the writes themselves. */
  readonly consequences?: readonly string[];
}

export function PlanView({ plan, consequences = [] }: PlanViewProps) {
  const shown = useMemo(() => shownAtOnce(plan.repositories.flatMap((each) => each.files)), [plan]);
  return (
    <div className="plan">
      <section aria-label="Changes">
        {plan.repositories.map((each) => (
          <div key={`${each.repository} ${each.branch}`} className="repository">
            <p className="s12 t2">
              {repository(each.repository)}, {each.branch} at <span className="mono">{sha(each.base)}</span>
            </p>
            {each.reason && <Note reason={each.reason} />}
            {each.drift.map((drift) => (
              <p key={drift.file + drift.place} className="note suspended">
                <Icon name="warning" />
                <span>
                  <b>Changed by hand:</b> <span className="mono">{drift.place}</span> in {drift.file} was{" "}
                  {drift.landed}, is {drift.found} since {drift.author} ({sha(drift.commit)}).
                </span>
              </p>
            ))}
            {each.files.map((file) => (
              <Diff key={file.path} file={file} closed={!shown.has(file)} />
            ))}
            {!each.files.length && !each.reason && <p className="t2">Nothing changes here.</p>}
          </div>
        ))}
        {!plan.repositories.length && <p className="t2">Nothing would be written.</p>}
      </section>
      <section aria-label="Policy in force">
        <h3>Policy in force for {plan.environment}</h3>
        <dl className="policy">
          {plan.policy
            .filter((each) => SHOWN.includes(each.name))
            .map((each) => (
              <div key={each.name}>
                <dt className="t3">{settings.title(each.name)}</dt>
                <dd>{settings.value(each.name, each.value)}</dd>
                <dd className="t3">{each.origin}</dd>
              </div>
            ))}
        </dl>
      </section>
      <section aria-label="What will happen">
        <h3>What will happen</h3>
        <ul className="happens">
          {outcome(plan).map((sentence) => (
            <li key={sentence}>
              <Icon name="right" size={12} className="t3" />
              <span>{sentence}</span>
            </li>
          ))}
          {consequences.map((sentence) => (
            <li key={sentence}>
              <Icon name="right" size={12} className="t3" />
              <span>{sentence}</span>
            </li>
          ))}
          {plan.warnings.map((warning) => (
            <li key={warning.sentence}>
              <Icon name="warning" size={12} />
              <span>{warning.sentence}</span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Note({ reason }: { readonly reason: ReasonShown }) {
  return (
    <p className="note error">
      <Icon name="warning" />
      <span>
        <b>{reason.sentence}</b>
        <Advice of={reason.advice} />
      </span>
    </p>
  );
}

function outcome(plan: PlanDocument): string[] {
  const files = plan.repositories.flatMap((each) => each.files).length;
  const action = plan.policy.find((each) => each.name === "action")?.value;
  const said = [
    plan.goes_back_to
      ? `A rollback takes ${plan.environment} back to ${plan.goes_back_to}: ${plan.components.join(", ")}.`
      : `A new release, by hand, brings ${plan.components.join(", ")} to ${plan.environment}.`,
  ];
  if (!files) said.push(`${plan.environment} has this content already: no commit is needed.`);
  else if (action === "pr") said.push(`One pull request changes ${plural(files, "file")}; ${plan.environment} stays as it is until it is merged.`);
  else said.push(`One commit to each branch changes ${plural(files, "file")}.`);
  return said;
}
