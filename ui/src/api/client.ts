/** The only door to the server: every request goes through here, and every problem is a `Problem`. */

import type { ProblemDocument } from "./schema";

export const API = "/api/v1";

/** What the server said no with: a sentence for people, a code for programs. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly advice: string;

  constructor(status: number, code: string, detail: string, advice = "") {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.advice = advice;
  }
}

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

const HELD_MS = 400;
let held: Promise<void> = Promise.resolve();

/**
 * Have questions wait until the function is called that is given back, so that no change falls
 * between their answers and the stream that tells changes. It says whether they waited until then:
 * they do not wait for long.
 */
export function hold(): () => boolean {
  let waiting = true;
  let go: () => void = () => undefined;
  held = new Promise((resolve) => {
    go = () => {
      waiting = false;
      resolve();
    };
  });
  const patience = setTimeout(() => go(), HELD_MS);
  return () => {
    const waited = waiting;
    clearTimeout(patience);
    go();
    return waited;
  };
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  await held;
  return answer<T>(await ask(path + search(query), { signal }));
}

/** A wish. It names itself, so that a request that is repeated is not done twice. */
export async function post<T>(path: string, body: object = {}): Promise<T> {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
  return answer<T>(await ask(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** A request with what says who asks; a missing connection is a problem like any other. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const { token, name } = identity();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  else if (name) headers.set("X-Towpath-Actor", name);
  let response: Response;
  try {
    response = await fetch(API + path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem(0, "not_connected", "The server does not answer.");
  }
  if (response.status === 401) signedOut();
  return response;
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  throw await problem(response);
}

export async function problem(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as Partial<ProblemDocument>;
  const detail = body.detail ?? `The server answered ${response.status}.`;
  return new Problem(response.status, body.code ?? "unknown", detail, body.advice ?? "");
}

export function search(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "") continue;
    if (Array.isArray(value)) for (const each of value) given.append(name, String(each));
    else given.set(name, String(value));
  }
  const text = given.toString();
  return text && `?${text}`;
}

// --- who asks --------------------------------------------------------------------------------
const TOKEN = "towpath.token"; // for this session of the browser only
const NAME = "towpath.name";

export interface Identity {
  readonly token: string;
  readonly name: string;
}

export function identity(): Identity {
  return {
    token: sessionStorage.getItem(TOKEN) ?? "",
    name: (localStorage.getItem(NAME) ?? "").replace(/[^\x20-\x7e]/g, ""), // a header is ASCII
  };
}

export function signIn(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

export function callMyself(name: string): void {
  localStorage.setItem(NAME, name.trim());
}

let whenSignedOut: () => void = () => undefined;

export function onSignedOut(todo: () => void): void {
  whenSignedOut = todo;
}

export function signedOut(): void {
  sessionStorage.removeItem(TOKEN);
  whenSignedOut();
}
