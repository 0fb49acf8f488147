/** What somebody may ask the server to do: one function for each wish. */

import { post } from "./client";
import type {
  LockAnswer,
  LookedShown,
  PlanDocument,
  ReleaseDocument,
  RunDocument,
} from "./schema";

const name = encodeURIComponent;

export interface Promotion {
  readonly from?: string;
  readonly components?: readonly string[];
  readonly release?: string;
}

/** An action of a release, or of it in one environment, as the server names it. */
export function act(
  release: string,
  environment: string,
  action: string,
  body: object,
): Promise<ReleaseDocument> {
  const where = environment ? `/environments/${name(environment)}` : "";
  return post(`/releases/${name(release)}${where}/${action}`, body);
}

const place = (product: string, environment: string) =>
  `/products/${name(product || "-")}/environments/${name(environment)}`;

export const planPromotion = (product: string, to: string, of: Promotion) =>
  post<PlanDocument>(`${place(product, to)}/promote`, { ...of, dry_run: true });

export const promote = (product: string, to: string, of: Promotion) =>
  post<ReleaseDocument>(`${place(product, to)}/promote`, of);

export const planRollback = (product: string, environment: string, to: string) =>
  post<PlanDocument>(`${place(product, environment)}/rollback`, { to, dry_run: true });

export const rollBack = (product: string, environment: string, to: string, lock: boolean) =>
  post<ReleaseDocument>(`${place(product, environment)}/rollback`, { to, lock });

export const lock = (product: string, environment: string, reason: string, until: string | null) =>
  post<LockAnswer>(`${place(product, environment)}/lock`, { reason, until });

export const unlock = (product: string, environment: string) =>
  post<LockAnswer>(`${place(product, environment)}/unlock`);

export const create = (product: string) =>
  post<ReleaseDocument>(`/products/${name(product)}/releases`);

export const refresh = () => post<LookedShown>("/refresh");

export const resume = (run: string, step: string) =>
  post<RunDocument>(`/runs/${name(run)}/steps/${step.split("/").map(name).join("/")}/resume`);

export const stopRun = (run: string, comment: string) =>
  post<RunDocument>(`/runs/${name(run)}/terminate`, { comment });
