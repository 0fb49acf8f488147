/** A release on its way: the graph, or the same as a list, and the drawer beside it. */

import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo, useRef } from "react";
import * as queries from "../api/queries";
import type { Cell, ReleaseDocument } from "../api/schema";
import { Graph } from "../graph/Graph";
import { useFocusReturn, useStepFocus } from "../kit/focus";
import { Icon } from "../kit/Icon";
import { Empty } from "../kit/states";
import { Drawer } from "./Drawer";
import { EnvironmentCard } from "./EnvironmentCard";
import * as told from "./environment";
import { worst } from "./Release";
import { hasOwn, ReleaseDrawer } from "./ReleaseDrawer";
import { StepDrawer, stepKey } from "./StepDrawer";

const NO_CELLS: readonly Cell[] = [];

export default function Flow({ release }: { readonly release: ReleaseDocument }) {
  const { environment: named, show, step: stepNamed, about } = useSearch({ from: "/shell/releases/$release" });
  const navigate = useNavigate();
  const phone = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const product = useQuery({ ...queries.product(release.product), retry: false });
  const cells = product.data?.matrix ?? NO_CELLS;
  const chosen = release.environments.find((each) => each.name === named);
  const open = useCallback(
    (name: string | undefined, of?: string) =>
      void navigate({
        to: ".",
        search: (before) => {
          const { environment, step, application, line, about: whole, ...others } = before;
          if (!name || (name === environment && of === step)) return others;
          return { ...others, environment: name, ...(of ? { step: of } : {}) };
        },
        replace: named !== undefined,
      }),
    [navigate, named],
  );
  const openOwn = (wanted: boolean, of?: string) =>
    void navigate({
      to: ".",
      search: ({ environment, step, application, line, about: whole, ...others }) =>
        wanted ? { ...others, about: "release", ...(of ? { step: of } : {}) } : others,
      replace: about !== undefined,
    });
  const card = useCallback(
    (name: string) => {
      const environment = release.environments.find((each) => each.name === name);
      return (
        environment && (
          <EnvironmentCard
            release={release}
            environment={environment}
            cells={cells}
            chosen={name === named}
            step={name === named ? stepNamed : undefined}
            open={open}
          />
        )
      );
    },
    [release, cells, named, stepNamed, open],
  );
  const boxKey = JSON.stringify(told.boxes(release, cells));
  const boxes = useMemo(() => JSON.parse(boxKey) as ReturnType<typeof told.boxes>, [boxKey]);
  const edges = useMemo(() => told.edges(release), [release]);
  if (!release.environments.length) {
    return (
      <div className="panel">
        <Empty title="This release goes nowhere">
          <p>Its flow has no environments.</p>
        </Empty>
      </div>
    );
  }
  const asList = phone || show === "list";
  // What is known of the applications decides about sizes: wait for it, so that nothing moves.
  const known = product.data !== undefined || product.isError;
  const own = about !== undefined && !chosen && hasOwn(release);
  const workflow = (own ? release : chosen)?.workflows.find((each) => stepNamed?.startsWith(`${each.purpose}:`));
  const step = workflow?.steps.find((each) => stepKey(workflow, each) === stepNamed);
  return (
    <div className={`stage${chosen || own ? " with-drawer" : ""}${step ? " with-step" : ""}`}>
      {asList ? (
        <div className="outline" role="region" aria-label={`${release.id} as a list`}>
          <div className="row">
            {!phone && <Switch asList />}
            <Own release={release} chosen={own} open={() => openOwn(!own)} />
          </div>
          {release.environments.map((each) => (
            <div key={each.name}>{card(each.name)}</div>
          ))}
        </div>
      ) : known ? (
        <Graph
          label={`${release.id} as a graph`}
          boxes={boxes}
          edges={edges}
          draw={card}
          focus={named ?? worst(release)?.name}
          chosen={chosen?.name}
        >
          <Switch />
          <Own release={release} chosen={own} open={() => openOwn(!own)} />
        </Graph>
      ) : (
        <div className="canvas" aria-busy="true" />
      )}
      {(own || chosen) && (
        <Beside step={step && stepNamed}>
          {workflow && step ? (
            <StepDrawer
              release={release}
              environment={chosen?.name ?? ""}
              workflow={workflow}
              step={step}
              close={() => (chosen ? open(chosen.name) : openOwn(true))}
            />
          ) : chosen ? (
            <Drawer release={release} environment={chosen} open={open} close={() => open(undefined)} />
          ) : (
            <ReleaseDrawer release={release} open={(of) => openOwn(true, of)} close={() => openOwn(false)} />
          )}
        </Beside>
      )}
    </div>
  );
}

interface BesideProps {
  /** The step that is shown, if it is one. */
  readonly step: string | undefined;
  readonly children: ReactNode;
}

/** What is open beside the graph: one after the other, and the focus goes with it. */
function Beside({ step, children }: BesideProps) {
  const place = useRef<HTMLDivElement>(null);
  useFocusReturn();
  useStepFocus(place, step);
  return (
    <div className="beside" ref={place}>
      {children}
    </div>
  );
}

interface OwnProps {
  readonly release: ReleaseDocument;
  readonly chosen: boolean;
  readonly open: () => void;
}

function Own({ release, chosen, open }: OwnProps) {
  if (!hasOwn(release)) return null;
  return (
    <button className="btn switch" aria-expanded={chosen} onClick={open}>
      <Icon name={release.warnings.length ? "warning" : "workflows"} />
      Hooks and context
    </button>
  );
}

function Switch({ asList = false }: { readonly asList?: boolean }) {
  const navigate = useNavigate();
  const change = () =>
    void navigate({
      to: ".",
      search: (before) => ({ ...before, show: asList ? undefined : "list" }),
      replace: true,
    });
  return (
    <button className="btn switch" onClick={change}>
      <Icon name={asList ? "flows" : "list"} />
      {asList ? "As a graph" : "As a list"}
    </button>
  );
}
