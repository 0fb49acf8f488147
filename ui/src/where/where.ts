/** Where a change is, in words: what was meant, how each environment stands, and the time it took. */

import type {
  EnvironmentAt,
  EnvironmentShown,
  Found,
  NotesDocument,
  ProductAt,
  ReleaseDocument,
  Status,
} from "../api/schema";
import type { IconName } from "../kit/Icon";
import { changed, own } from "../notes/notes";
import { listed, repository, sha } from "../kit/words";

interface Kind {
  readonly name: string;
  readonly icon: IconName;
}

const KINDS: Record<string, Kind> = {
  commit: { name: "commit", icon: "commit" },
  gitops: { name: "GitOps commit", icon: "git" },
  pull_request: { name: "pull request", icon: "pullRequest" },
  image: { name: "image", icon: "image" },
  digest: { name: "image digest", icon: "image" },
  issue: { name: "issue", icon: "issue" },
};

export function kindOf(found: Found): Kind {
  return KINDS[found.kind] ?? { name: found.kind, icon: "search" };
}

/** A thing by the name that one reads; of a commit as many letters as are given. */
export function nameOf({ kind, ref, scope }: Found, letters = 7): string {
  if (kind === "commit" || kind === "gitops") return `${ref.slice(0, letters)} in ${repository(scope)}`;
  if (kind === "pull_request") return `${repository(scope)}#${ref}`;
  if (kind === "image") return `${scope}:${ref}`;
  if (kind === "digest") return `${scope}@${ref.slice(0, 19)}`;
  return ref;
}

/** How many letters tell these commits apart: at least as many as one reads elsewhere. */
export function lettersApart(all: readonly Found[]): number {
  const refs = new Set(all.map(({ ref }) => ref));
  let letters = 7;
  while (letters < 40 && new Set([...refs].map((ref) => ref.slice(0, letters))).size < refs.size) letters += 1;
  return letters;
}

/** A thing by the name that the server takes for nothing else. */
export function refOf({ kind, ref, scope }: Found): string {
  if (kind === "pull_request") return `${scope}#${ref}`;
  if (kind === "image") return `${scope}:${ref}`;
  return kind === "digest" ? `${scope}@${ref}` : ref;
}

// --- environments ----------------------------------------------------------------------------
const WORDS: Record<EnvironmentAt["state"], string> = {
  reached: "Here",
  waiting: "On its way",
  taken_back: "Taken back",
  replaced: "Replaced",
  missing: "Not here",
  unknown: "Not known",
};

export interface Standing {
  readonly status: Status;
  readonly word: string;
  readonly sentence: string;
}

/** A release that a change came with: null while it is loaded, undefined where it cannot be had. */
export type Known = ReleaseDocument | null | undefined;
export type Releases = ReadonlyMap<string, Known>;

/** How an environment stands to the change; the release on its way there knows why. */
export function standing(at: EnvironmentAt, release: Known): Standing {
  if (at.state === "waiting" && release === null) return { status: "waiting", word: "Loading", sentence: "" };
  const there = release?.environments.find((each) => each.name === at.environment);
  if (at.state === "waiting" && there) {
    const carried = there.carried_by?.sentence;
    return {
      status: there.status,
      word: there.status.charAt(0).toUpperCase() + there.status.slice(1),
      sentence: carried ?? there.reason?.sentence ?? after(there),
    };
  }
  const status: Record<EnvironmentAt["state"], Status> = {
    reached: "succeeded",
    waiting: "waiting",
    taken_back: "terminated",
    replaced: "superseded",
    missing: "skipped",
    unknown: "skipped",
  };
  return { status: status[at.state], word: WORDS[at.state], sentence: at.sentence };
}

function after(there: EnvironmentShown): string {
  return there.status === "waiting" && there.depends_on.length ? `after ${listed(there.depends_on)}` : "";
}

export interface Answered extends Standing {
  /** Where something holds it, if something does. */
  readonly held?: EnvironmentAt;
}

/** The answer in one sentence, and how it stands. */
export function headline(
  { environments }: ProductAt,
  releases: Releases,
  production: ReadonlySet<string>,
): Answered {
  const known = (at: EnvironmentAt) => releases.get(at.release ?? "");
  const stand = (at: EnvironmentAt) => standing(at, known(at));
  const reached = environments.filter((at) => at.state === "reached").map((at) => at.environment);
  const back = environments.filter((at) => at.state === "taken_back").map((at) => at.environment);
  const here = reached.length ? `In ${listed(reached)}.` : "In no environment yet.";
  const gone = back.length ? ` Taken back in ${listed(back)}.` : "";
  if (environments.some((at) => at.state === "waiting" && known(at) === null)) {
    return { status: "waiting", word: "Loading how it stands", sentence: here + gone };
  }
  const prod = environments.filter((at) => production.has(at.environment));
  const held = environments.filter((at) => at.state === "waiting" && HOLDS.includes(stand(at).status));
  const [first] = held;
  if (first) {
    const { status, sentence } = stand(first);
    const names = held.filter((at) => stand(at).sentence === sentence).map((at) => at.environment);
    const word = `${HELD[status] ?? "Held before"} ${listed(names)}: ${sentence || status}`;
    return { status, word, sentence: here + gone, held: first };
  }
  if (back.length) return { status: "terminated", word: `Taken back in ${listed(back)}`, sentence: here };
  if (prod.length && prod.every((at) => at.state === "reached")) {
    return { status: "succeeded", word: "In production", sentence: here };
  }
  if (environments.length && reached.length === environments.length) {
    return { status: "succeeded", word: "In every environment", sentence: here };
  }
  const ahead = environments.find((at) => at.state === "waiting");
  if (ahead) {
    const { status, word, sentence } = stand(ahead);
    const why = sentence ? `: ${sentence}` : "";
    return { status, word: `On its way to ${ahead.environment}`, sentence: `${here} ${word}${why}.${gone}` };
  }
  const unknown = environments.filter((at) => at.state === "unknown");
  if (unknown.length) {
    return { status: "skipped", word: `Not known in ${listed(unknown.map((at) => at.environment))}`, sentence: here };
  }
  return { status: "skipped", word: "No release brings it any further", sentence: here };
}

const HOLDS: readonly Status[] = ["failed", "error", "terminated", "suspended"];
const HELD: Partial<Record<Status, string>> = { failed: "Failed in", error: "Error in", terminated: "Stopped before" };

// --- the line --------------------------------------------------------------------------------
export interface Stop {
  readonly key: string;
  readonly kind: string;
  readonly title: string;
  readonly about: string;
  readonly ref: string;
  readonly at: string | null;
}

export interface Line {
  readonly stages: readonly { readonly title: string; readonly stops: readonly Stop[] }[];
  /** When its code was written, first and last, and when its image was set in git. */
  readonly written: readonly [string, string] | null;
  readonly set: string | null;
}

/** The change's line through issue, pull requests, commits, images and GitOps commits. */
export function line(found: Found, notes: NotesDocument): Line {
  const commits = own(notes.commits.items).filter((each) => concerns(found, each, notes));
  const numbers = new Set(commits.map((each) => `${each.repository}#${each.pull_request ?? ""}`));
  const requests = notes.pull_requests.items.filter(
    (each) =>
      numbers.has(`${each.repository}#${each.number}`) ||
      (found.kind === "issue" && each.issues.includes(found.ref)) ||
      isRequest(found, each.repository, each.number),
  );
  const configured = notes.gitops.items.filter((each) => names(found, each));
  const keys = new Set([...commits, ...requests, ...configured].flatMap((each) => each.issues));
  const features = notes.features.items.filter((each) => keys.has(each.key) || each.key === found.ref);
  const parts = new Set([...commits, ...requests].flatMap((each) => each.components));
  const images = changed(notes.images.items).filter((each) =>
    isImage(found) ? each.name === found.scope : parts.has(each.component),
  );
  for (const image of isImage(found) ? images : []) parts.add(image.component);
  const gitops = notes.gitops.items.filter(
    (each) =>
      configured.includes(each) || (found.kind !== "gitops" && each.components.some((part) => parts.has(part))),
  );
  const times = commits.map((each) => each.committed_at).sort();
  const [first] = times;
  const last = times.at(-1);
  return {
    stages: [
      {
        title: "Issues",
        stops: features.map((each) => ({
          ...stop("issue", each.key, each.key, each.title),
          about: each.title || each.status,
        })),
      },
      {
        title: "Pull requests",
        stops: requests.map((each) => {
          const name = repository(each.repository);
          const title = `${name.split("/").at(-1) ?? name}#${each.number}`;
          return stop("pull_request", `${name}#${each.number}`, title, each.title, each.merged_at);
        }),
      },
      {
        title: "Commits",
        stops: commits.map((each) => stop("commit", each.sha, sha(each.sha), each.subject, each.committed_at)),
      },
      {
        title: "Images",
        stops: images.map((each) => {
          const tag = each.to?.tag ?? "";
          const short = each.name.split("/").at(-1) ?? each.name;
          return stop("image", `${each.name}:${tag}`, short, tag || (each.to?.digest?.slice(0, 19) ?? ""));
        }),
      },
      {
        title: "GitOps commits",
        stops: gitops.map((each) => stop("gitops", each.sha, sha(each.sha), each.subject, each.committed_at)),
      },
    ].filter((stage) => stage.stops.length > 0),
    written: first && last ? [first, last] : null,
    set: gitops.map((each) => each.committed_at).sort()[0] ?? null,
  };
}

function stop(kind: string, ref: string, title: string, about: string, at: string | null = null): Stop {
  return { key: `${kind} ${ref}`, kind, title, about, ref, at };
}

function isImage(found: Found): boolean {
  return found.kind === "image" || found.kind === "digest";
}

/** What a commit says of itself, of code or of a GitOps repository. */
type Saying = Pick<NotesDocument["commits"]["items"][number], "issues" | "sha" | "repository" | "pull_request">;

function names(found: Found, commit: Saying): boolean {
  return (
    (found.kind === "issue" && commit.issues.includes(found.ref)) ||
    isRequest(found, commit.repository, commit.pull_request) ||
    commit.sha === found.ref
  );
}

function isRequest({ kind, scope, ref }: Found, repository: string, number: number | null): boolean {
  return kind === "pull_request" && scope === repository && ref === `${number ?? ""}`;
}

function concerns(found: Found, commit: NotesDocument["commits"]["items"][number], notes: NotesDocument): boolean {
  switch (found.kind) {
    case "issue":
    case "commit":
    case "pull_request":
      return names(found, commit);
    case "gitops":
      return notes.gitops.items.some(
        (each) => each.sha === found.ref && each.components.some((part) => commit.components.includes(part)),
      );
    default:
      return notes.images.items.some(
        (image) => image.changed && image.name === found.scope && commit.components.includes(image.component),
      );
  }
}

// --- the time --------------------------------------------------------------------------------
export interface Span {
  readonly name: string;
  readonly status: Status | null; // none: before any release
  readonly from: number;
  readonly to: number;
  readonly words: string;
}

/** Where the time went: in code, waiting for a GitOps commit, and in each environment. */
export function spans(
  { written, set }: Pick<Line, "written" | "set">,
  release: ReleaseDocument | undefined,
  now: number,
): Span[] {
  const found: Span[] = [];
  if (written && written[0] !== written[1]) {
    found.push({ name: "Code", status: null, from: Date.parse(written[0]), to: Date.parse(written[1]), words: "" });
  }
  if (written && set && Date.parse(set) > Date.parse(written[1])) {
    const from = Date.parse(written[1]);
    found.push({ name: "Until it was set in git", status: "waiting", from, to: Date.parse(set), words: "" });
  }
  for (const each of release?.environments ?? []) {
    const began = each.started_at ?? heldSince(each);
    if (!began) continue;
    const to = each.ended_at ? Date.parse(each.ended_at) : now;
    const words = each.ended_at ? "" : (each.reason?.sentence ?? "");
    found.push({ name: each.name, status: each.status, from: Date.parse(began), to, words });
  }
  return found;
}

/** Since when its gates hold it: time of the change, though nothing acts. */
function heldSince(of: EnvironmentShown): string | null {
  if (of.status !== "suspended" && of.status !== "pending") return null;
  return of.phases.find((phase) => phase.name === "gates")?.started_at ?? null;
}
