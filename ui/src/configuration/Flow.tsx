/** One flow as a graph, with the policy that is in force for a chosen product. */

import { useMediaQuery } from "@mantine/hooks";
import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import * as queries from "../api/queries";
import type { FlowDocument, PolicyEvaluation } from "../api/schema";
import { Graph } from "../graph/Graph";
import type { Box } from "../graph/layout";
import { Filter } from "../kit/Filter";
import { Icon } from "../kit/Icon";
import { Answer } from "../kit/states";
import { setDuration } from "../kit/times";
import { usePage } from "../shell/page";
import * as settings from "./settings";

const SHOWN = ["action", "pre_action", "post_action", "approval", "soak", "auto_merge", "retries"] as const;
const HEIGHT = 40 + 20 * SHOWN.length + 16;

export function Flow() {
  const { flow: name } = useParams({ from: "/shell/flows/$flow" });
  usePage({ title: "Flows", to: "/flows" }, { title: name });
  const flow = useQuery(queries.flow(name));
  return (
    <Answer of={flow} page={name} others={{ to: "/flows", title: "All flows" }}>
      {(document) => <Shown flow={document} />}
    </Answer>
  );
}

function Shown({ flow }: { readonly flow: FlowDocument }) {
  const given = useSearch({ from: "/shell/flows/$flow" });
  const navigate = useNavigate();
  const phone = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const product = given.product ?? flow.products[0];
  const steps = flow.steps.map((step) => step.environment);
  const resolved = useQueries({
    queries: steps.map((environment) => ({
      ...queries.evaluation(product ?? "", environment, flow.name),
      enabled: product !== undefined,
    })),
    combine: (answers) => answers.map((answer) => answer.data),
  });
  const boxes: Box[] = useMemo(
    () => [
      { id: flow.trigger_environment, width: 192, height: 60, after: [] },
      ...flow.steps.map((step) => ({ id: step.environment, width: 192, height: HEIGHT, after: step.depends_on })),
    ],
    [flow],
  );
  const edges = useMemo(
    () =>
      flow.steps.flatMap((step) =>
        step.depends_on.map((from) => ({
          from,
          to: step.environment,
          stretch: "done" as const,
          status: "waiting" as const,
        })),
      ),
    [flow],
  );
  const draw = useCallback(
    (environment: string) => (
      <Node
        environment={environment}
        trigger={environment === flow.trigger_environment}
        evaluation={resolved[flow.steps.findIndex((step) => step.environment === environment)]}
        product={product}
        flow={flow.name}
      />
    ),
    [flow, resolved, product],
  );
  const hooks = Object.entries(flow.hooks).filter(([, template]) => template);
  return (
    <div className="release">
      <div className="page">
        <div className="head">
          <h1>{flow.name}</h1>
          <span className="t2 el">{flow.description}</span>
          <span className="grow" />
          <Filter
            needed
            name="Policy for"
            options={flow.products.map((value) => ({ value }))}
            chosen={product ? [product] : []}
            choose={([value]) => void navigate({ to: ".", search: value ? { product: value } : {}, replace: true })}
          />
        </div>
        <p className="t2 s12">
          Time limit {setDuration(flow.timeout_seconds)}.
          {flow.post_trigger && ` After the trigger: ${flow.post_trigger}.`}
          {hooks.map(([name, template]) => ` ${settings.title(name)}: ${template}.`)} Written in{" "}
          <span className="mono">{flow.origin}</span>.
        </p>
      </div>
      <div className="stage">
        {phone ? (
          <div className="outline">
            {boxes.map((box) => (
              <div key={box.id}>{draw(box.id)}</div>
            ))}
          </div>
        ) : (
          <Graph label={`${flow.name} as a graph`} boxes={boxes} edges={edges} draw={draw} plain />
        )}
      </div>
    </div>
  );
}

interface NodeProps {
  readonly environment: string;
  readonly trigger: boolean;
  readonly evaluation: PolicyEvaluation | undefined;
  readonly product: string | undefined;
  readonly flow: string;
}

function Node({ environment, trigger, evaluation, product, flow }: NodeProps) {
  const navigate = useNavigate();
  const set = evaluation?.settings.filter((each) => (SHOWN as readonly string[]).includes(each.name)) ?? [];
  const action = set.find((each) => each.name === "action")?.value;
  return (
    <article className={`node waiting${trigger ? " bare" : ""}`} aria-label={environment}>
      {!trigger && (
        <>
          <span className="in done" title={action === "pr" ? "by pull request" : "by commit"}>
            <Icon name={action === "pr" ? "pullRequest" : "commit"} size={12} />
          </span>
          <i className="tip done" />
        </>
      )}
      <header>
        <button
          disabled={!product || trigger}
          title={trigger ? undefined : "Evaluate the policy"}
          onClick={() =>
            void navigate({ to: "/policies", search: { product: product ?? "", environment, flow } })
          }
        >
          <b className="el" title={environment}>
            {environment}
          </b>
          <span className="grow" />
          {trigger && <span className="chip ln">trigger</span>}
        </button>
      </header>
      {!trigger && (
        <div className="blk">
          {set.map((each) => (
            <div key={each.name} className="step" title={`${settings.value(each.name, each.value)}, from ${each.origin}`}>
              <span className="t2">{settings.title(each.name)}</span>
              <span className="el grow r">{settings.value(each.name, each.value)}</span>
            </div>
          ))}
        </div>
      )}
    </article>
  );
}
