/** Questions that are asked once, before something grave, and the form they have in common. */

import { Modal } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useFocusReturn } from "./focus";
import { tellProblem } from "./reports";

interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** What the button says that does it: the verb itself. */
  readonly verb: string;
  readonly danger?: boolean;
  readonly ready?: boolean;
  readonly size?: number | string;
  /** Does it, and reports what came of it; a problem is told, and the question stays. */
  readonly act: () => Promise<void>;
  readonly close: () => void;
}

export function Dialog({ title, children, verb, danger, ready = true, size = 460, act, close }: DialogProps) {
  useFocusReturn();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !ready) return;
    setBusy(true);
    try {
      await act();
      close();
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} size={size} attributes={{ content: { "aria-label": title } }}>
      <form className="dialog" onSubmit={(event) => void submit(event)}>
        <h2>{title}</h2>
        <div className="dialog-body">{children}</div>
        <footer>
          <button type="button" className="btn" onClick={close}>
            Cancel
          </button>
          <button
            type="submit"
            className={`btn pri${danger ? " dan" : ""}`}
            disabled={busy || !ready}
            data-autofocus
          >
            {busy ? "Asking…" : verb}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly children: ReactNode;
}

export function Field({ label, hint, children }: FieldProps) {
  return (
    <label className="labelled">
      <span className="m">{label}</span>
      {hint && <span className="t3 s12">{hint}</span>}
      {children}
    </label>
  );
}
