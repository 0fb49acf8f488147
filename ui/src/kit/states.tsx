/** What a part of the page shows when it has nothing to show: why, and the one next step. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Problem } from "../api/client";
import { Icon } from "./Icon";
import { explained } from "./reports";

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="state">
      <b>{title}</b>
      {children}
    </div>
  );
}

interface FailedProps {
  readonly error: unknown;
  readonly retry?: () => void;
  /** What the page is about, where this is all of it: a page has a heading in any state. */
  readonly page?: string | undefined;
  /** Where to go on when there is no such thing. */
  readonly others?: Others | undefined;
}

/** The list of what a page shows one of. */
interface Others {
  readonly to: string;
  readonly title: string;
}

export function Failed({ error, retry, page, others }: FailedProps) {
  const { sentence, advice, code } = explained(error);
  return (
    <div className="state" role="alert">
      <Icon name="warning" size={18} />
      {page && <h1 className="vh">{page}</h1>}
      <b>{sentence}</b>
      {advice && <span>{advice}</span>}
      <code>{code}</code>
      {retry && (
        <button className="btn" onClick={retry}>
          Try again
        </button>
      )}
      {others && error instanceof Problem && error.status === 404 && (
        <Link to={others.to} className="lk">
          {others.title}
        </Link>
      )}
    </div>
  );
}

interface LoadingRowsProps {
  readonly rows?: number;
  readonly height?: number;
  /** As of what failed. */
  readonly page?: string | undefined;
}

/** Bars in the place of rows that are on their way; they appear only after a moment. */
export function LoadingRows({ rows = 6, height = 44, page }: LoadingRowsProps) {
  return (
    <div aria-busy="true">
      {page && <h1 className="vh">{page}</h1>}
      <span className="vh">Loading</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="loading-row" style={{ height }}>
          <span className="bar" style={{ width: `${14 + ((row * 7) % 10)}%` }} />
          <span className="bar" style={{ width: `${24 + ((row * 5) % 14)}%` }} />
          <span className="bar" style={{ width: "12%" }} />
        </div>
      ))}
    </div>
  );
}

/** Beside a list whose first part is shown already. */
export function MoreComing() {
  return (
    <span className="t3 s12" role="status">
      More are coming
    </span>
  );
}

interface AnswerProps<T> {
  readonly of: {
    readonly data: T | undefined;
    readonly error: unknown;
    readonly refetch: () => unknown;
  };
  readonly loading?: ReactNode;
  readonly page?: string;
  readonly others?: Others;
  readonly children: (data: T) => ReactNode;
}

/** The answer of a query, or what is in its place. What is known stays, also when it ages. */
export function Answer<T>({ of, loading, page, others, children }: AnswerProps<T>) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) {
    return <Failed error={of.error} retry={() => void of.refetch()} page={page} others={others} />;
  }
  return <>{loading ?? <LoadingRows page={page} />}</>;
}
