/** What may be asked of a release now: the server says which, this says how each is asked. */

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as queries from "../api/queries";
import * as wishes from "../api/wishes";
import { Dialog, Field } from "../kit/dialogs";
import { tell, tellProblem } from "../kit/reports";

interface Action {
  readonly verb: string;
  readonly danger?: boolean;
  readonly primary?: boolean;
  /** Asked once before it is done; what is harmless is done at once. */
  readonly question?: string;
  /** Whether it takes a comment, and whether it needs one. */
  readonly comment?: "may" | "must";
  readonly done: string;
}

const ACTIONS: Record<string, Action> = {
  approve: {
    verb: "Approve",
    primary: true,
    question: "Your approval is recorded in your name. When enough have agreed, it goes on.",
    comment: "may",
    done: "Approved",
  },
  merge: {
    verb: "Merge",
    primary: true,
    question: "The pull request is merged, and the environment gets the change.",
    done: "Merging",
  },
  retry: { verb: "Retry", primary: true, done: "Trying again" },
  reject: {
    verb: "Reject",
    question: "The promotion ends here as failed. A retry asks for approval again.",
    comment: "may",
    done: "Rejected",
  },
  close: {
    verb: "Close",
    question: "The pull request is closed, and the promotion ends here.",
    done: "Closing",
  },
  skip: {
    verb: "Skip",
    question: "The environment is left out: nothing is written to it, and what comes after goes on.",
    comment: "may",
    done: "Skipped",
  },
  terminate: {
    verb: "Terminate",
    danger: true,
    question: "It stops where it is. What was written to git stays; a retry goes on from here.",
    comment: "may",
    done: "Stopping",
  },
};

export function known(actions: readonly string[]): string[] {
  const order = Object.keys(ACTIONS);
  return actions.filter((name) => name in ACTIONS).sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

interface ActionsProps {
  readonly release: string;
  /** Empty for the release as a whole. */
  readonly environment?: string;
  readonly actions: readonly string[];
  readonly small?: boolean;
  /** At most one button is the primary one. */
  readonly plain?: boolean;
}

export function Actions({ release, environment = "", actions, small, plain }: ActionsProps) {
  const [asked, setAsked] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const wish = useWish(release, environment);
  const shown = known(actions);
  const press = (name: string) => {
    if (ACTIONS[name]?.question) return setAsked(name);
    setBusy(true);
    wish(name, "").catch(tellProblem).finally(() => setBusy(false));
  };
  return (
    <>
      {[...shown].reverse().map((name) => {
        const action = ACTIONS[name];
        if (!action) return null;
        const primary = action.primary && !plain && name === shown[0];
        const kind = `${primary ? " pri" : ""}${action.danger ? " dan" : ""}${small ? " sm" : ""}`;
        return (
          <button
            key={name}
            className={`btn${kind}`}
            disabled={busy}
            aria-label={environment ? `${action.verb} ${environment}` : undefined}
            onClick={() => press(name)}
          >
            {action.verb}
            {action.question ? "…" : ""}
          </button>
        );
      })}
      {asked && (
        <Ask
          name={asked}
          where={environment || release}
          wish={(comment) => wish(asked, comment)}
          close={() => setAsked(null)}
        />
      )}
    </>
  );
}

function useWish(release: string, environment: string) {
  const cache = useQueryClient();
  return async (name: string, comment: string) => {
    const body = ACTIONS[name]?.comment && comment ? { comment } : {};
    const made = await wishes.act(release, environment, name, body);
    cache.setQueryData(queries.release(release).queryKey, made);
    tell(`${ACTIONS[name]?.done ?? name}: ${release}${environment ? ` in ${environment}` : ""}`);
  };
}

interface AskProps {
  readonly name: string;
  readonly where: string;
  readonly wish: (comment: string) => Promise<void>;
  readonly close: () => void;
}

function Ask({ name, where, wish, close }: AskProps) {
  const [comment, setComment] = useState("");
  const action = ACTIONS[name];
  if (!action) return null;
  return (
    <Dialog
      title={`${action.verb} ${where}?`}
      verb={action.verb}
      danger={action.danger ?? false}
      ready={action.comment !== "must" || comment.trim() !== ""}
      act={() => wish(comment.trim())}
      close={close}
    >
      <p>{action.question}</p>
      {action.comment && (
        <Field label="Comment" hint={action.comment === "may" ? "Optional, shown in the timeline" : ""}>
          <textarea
            className="input"
            rows={2}
            maxLength={2000}
            value={comment}
            onChange={(event) => setComment(event.target.value)}
          />
        </Field>
      )}
    </Dialog>
  );
}
