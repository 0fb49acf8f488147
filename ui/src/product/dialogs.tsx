/** Promote, roll back and lock: asked with all that follows from it, done, and reported. */

import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import * as queries from "../api/queries";
import * as wishes from "../api/wishes";
import type { PlanDocument, ReleaseDocument } from "../api/schema";
import { Dialog, Field } from "../kit/dialogs";
import { useFocusReturn } from "../kit/focus";
import { tell, tellProblem } from "../kit/reports";
import { Answer, LoadingRows } from "../kit/states";
import { PlanView } from "./PlanView";

export interface Wanted {
  readonly product: string;
  readonly from: string;
  readonly to: string;
  /** Empty: all of them. */
  readonly components: readonly string[];
}

export function PromoteDialog({ wanted, close }: { readonly wanted: Wanted; readonly close: () => void }) {
  const { product, from, to, components } = wanted;
  const what = components.length ? components.join(", ") : "all components";
  return (
    <Planned
      title={`Promote ${what} from ${from} to ${to}`}
      verb="Promote"
      name={["promotion", product, from, to, ...components]}
      plan={() => wishes.planPromotion(product, to, { from, components })}
      act={() => wishes.promote(product, to, { from, components })}
      done={(made) => `${made.id} promotes ${what} to ${to}.`}
      close={close}
    />
  );
}

interface RollbackDialogProps {
  readonly product: string;
  readonly environment: string;
  readonly close: () => void;
}

export function RollbackDialog({ product, environment, close }: RollbackDialogProps) {
  const [to, setTo] = useState("");
  const [locks, setLocks] = useState(true);
  const earlier = useQuery(
    queries.someReleases({ product, environment, environment_status: "succeeded", limit: 30 }),
  );
  return (
    <Planned
      title={`Roll ${environment} of ${product} back`}
      verb="Roll back"
      danger
      name={["rollback", product, environment, to]}
      plan={() => wishes.planRollback(product, environment, to)}
      act={() => wishes.rollBack(product, environment, to, locks)}
      done={(made) => `${made.id} rolls ${environment} back.`}
      consequences={
        locks ? [`${environment} is locked for ${product} afterwards, until somebody unlocks it.`] : []
      }
      close={close}
    >
      <div className="row wide-gap">
        <Field label="Back to">
          <select className="input" value={to} onChange={(event) => setTo(event.target.value)}>
            <option value="">the release before the present one</option>
            {earlier.data?.items.map((item) => (
              <option key={item.id} value={item.id}>
                {item.id} {item.version}
              </option>
            ))}
          </select>
        </Field>
        <label className="row">
          <input type="checkbox" checked={locks} onChange={(event) => setLocks(event.target.checked)} />
          Lock it, so that newer releases do not come back at once
        </label>
      </div>
    </Planned>
  );
}

interface PlannedProps {
  readonly title: string;
  readonly verb: string;
  readonly danger?: boolean;
  readonly name: readonly string[];
  readonly plan: () => Promise<PlanDocument>;
  readonly act: () => Promise<ReleaseDocument>;
  readonly done: (made: ReleaseDocument) => string;
  readonly consequences?: readonly string[];
  readonly close: () => void;
  readonly children?: ReactNode;
}

const AGAIN_MS = 3_000;

/** Whether something is in the way of it: a repository that cannot be reached, a value that is gone. */
function isPrevented(plan: PlanDocument | undefined): boolean {
  return plan?.repositories.some((each) => each.reason !== null) ?? false;
}

/** A question with its plan: nothing is written until somebody says yes to what is shown. */
function Planned(props: PlannedProps) {
  useFocusReturn();
  const { title, verb, danger, name, plan, act, done, consequences, close, children } = props;
  const [busy, setBusy] = useState(false);
  const planned = useQuery({
    queryKey: ["plan", ...name],
    queryFn: plan,
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    // What is in the way may go by itself, and no event tells it.
    refetchInterval: ({ state }) => (isPrevented(state.data) ? AGAIN_MS : false),
  });
  const impossible = planned.data === undefined || isPrevented(planned.data);
  const confirm = async () => {
    setBusy(true);
    try {
      const made = await act();
      tell(done(made), "succeeded", "", made.id);
      close();
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} size={1080} attributes={{ content: { "aria-label": title } }}>
      <div className="dialog">
        <h2>{title}</h2>
        <div className="dialog-body">
          {children}
          <Answer of={planned} loading={<LoadingRows rows={4} />}>
            {(found) => <PlanView plan={found} consequences={consequences ?? []} />}
          </Answer>
        </div>
        <footer>
          <span className="t3 s12 grow">Nothing is written until you confirm.</span>
          <button className="btn" onClick={close}>
            Cancel
          </button>
          <button
            className={`btn pri${danger ? " dan" : ""}`}
            disabled={busy || impossible}
            onClick={() => void confirm()}
          >
            {busy ? "Asking…" : verb}
          </button>
        </footer>
      </div>
    </Modal>
  );
}

interface LockDialogProps {
  /** Empty: the whole environment. */
  readonly product: string;
  readonly environment: string;
  readonly close: () => void;
}

export function LockDialog({ product, environment, close }: LockDialogProps) {
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  const what = product ? `${product} in ${environment}` : `all of ${environment}`;
  return (
    <Dialog
      title={`Lock ${what}?`}
      verb="Lock"
      ready={reason.trim() !== ""}
      close={close}
      act={async () => {
        await wishes.lock(product, environment, reason.trim(), until ? new Date(until).toISOString() : null);
        tell(`Locked: ${what}.`);
      }}
    >
      <p>Nothing is promoted there while it is locked; what is under way waits before it writes.</p>
      <Field label="Reason" hint="Shown wherever something waits for this lock">
        <input
          className="input"
          required
          maxLength={2000}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </Field>
      <Field label="Until" hint="Empty: until somebody unlocks it">
        <input
          type="datetime-local"
          className="input"
          value={until}
          onChange={(event) => setUntil(event.target.value)}
        />
      </Field>
    </Dialog>
  );
}

export async function unlock(product: string, environment: string): Promise<void> {
  try {
    await wishes.unlock(product, environment);
    tell(`Unlocked: ${product ? `${product} in ${environment}` : `all of ${environment}`}.`);
  } catch (error) {
    tellProblem(error);
  }
}
