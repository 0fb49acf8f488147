/** What came of what somebody asked for: short reports at the edge of the page. */

import { Link } from "@tanstack/react-router";
import { Problem } from "../api/client";
import type { Status } from "../api/schema";
import { Glyph } from "./Glyph";
import { Icon } from "./Icon";
import { store } from "./store";

interface Report {
  readonly id: number;
  readonly status: Status;
  readonly sentence: string;
  readonly advice: string;
  readonly release: string;
}

const SHOWN_MS = 7000;
const shown = store<readonly Report[]>([]);
let last = 0;

/** Say what came of it; `release` is a release to look at. */
export function tell(sentence: string, status: Status = "succeeded", advice = "", release = ""): void {
  const report = { id: ++last, status, sentence, advice, release };
  shown.set([...shown.get().slice(-3), report]);
  // What went wrong stays until somebody has read it.
  if (status === "succeeded") setTimeout(() => close(report.id), SHOWN_MS);
}

export function tellProblem(error: unknown): void {
  const { sentence, advice } = explained(error);
  tell(sentence, "failed", advice);
}

export function explained(error: unknown): { sentence: string; advice: string; code: string } {
  if (error instanceof Problem) {
    return { sentence: error.message, advice: error.advice, code: error.code };
  }
  return { sentence: "Something went wrong in this page.", advice: String(error), code: "page" };
}

function close(id: number): void {
  shown.set(shown.get().filter((report) => report.id !== id));
}

export function Reports() {
  const reports = shown.use();
  return (
    <div className="reports" role="status" aria-live="polite">
      {reports.map((report) => (
        <div key={report.id} className={`report ${report.status}`}>
          <Glyph status={report.status} label="" />
          <div className="grow">
            <p>
              {report.sentence}{" "}
              {report.release && (
                <Link to="/releases/$release" params={{ release: report.release }} className="lk">
                  Show {report.release}
                </Link>
              )}
            </p>
            {report.advice && <p className="t2 s12">{report.advice}</p>}
          </div>
          <button className="ib sm" aria-label="Close" onClick={() => close(report.id)}>
            <Icon name="close" size={12} />
          </button>
        </div>
      ))}
    </div>
  );
}
