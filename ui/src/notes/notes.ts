/** Notes as they are shown: narrowed, by component, and what of them is not known. */

import { GROUPS } from "../api/notes";
import type { BaseShown, CommitItem, Feature, ImageItem, NotesDocument } from "../api/schema";
import { listed, number, plural } from "../kit/words";

export type GroupName = (typeof GROUPS)[number];

type Item = NotesDocument[GroupName]["items"][number];

export type Outlook = NotesDocument[GroupName]["unresolved"][number]["outlook"];

/** What is not known for one and the same reason. */
export interface Missing {
  readonly reason: string;
  readonly what: readonly string[];
}

/** What is not known and has this outlook. */
export function missing(notes: NotesDocument, of: Outlook): Missing[] {
  const reasons = new Map<string, string[]>();
  for (const name of GROUPS) {
    for (const { what, reason: said, outlook } of notes[name].unresolved) {
      if (outlook !== of) continue;
      const reason = said.replace(/^commit [0-9a-f]+: /, ""); // each has its own
      const before = reasons.get(reason);
      if (!before) reasons.set(reason, [what]);
      else if (!before.includes(what)) before.push(what);
    }
  }
  return [...reasons].map(([reason, what]) => ({ reason, what }));
}

/** How much of all that is listed is known whole. */
export function resolved(notes: NotesDocument): { readonly found: number; readonly total: number } {
  const sum = (of: "resolved" | "total") => GROUPS.reduce((all, name) => all + notes[name][of], 0);
  return { found: sum("resolved"), total: sum("total") };
}

/** Images that differ; those that stayed are no news. */
export function changed(images: readonly ImageItem[]): ImageItem[] {
  return images.filter((image) => image.changed);
}

/** Whether a commit lasts: it is neither taken back nor reverted within the range. */
export function fate(item: {
  readonly taken_back: boolean;
  readonly reverted?: boolean;
  readonly reverted_by?: string | null;
}): "" | "taken back" | "reverted" {
  if (item.taken_back) return "taken back";
  return item.reverted || item.reverted_by ? "reverted" : "";
}

/** Whether the environment goes back with this release. */
export function goesBack(notes: NotesDocument): boolean {
  const { commits, gitops, images } = notes;
  return (
    [...commits.items, ...gitops.items].some((item) => item.taken_back) ||
    images.items.some((image) => image.direction === "backwards")
  );
}

/** All components that anything of the notes names, those with a changed image first. */
export function components(notes: NotesDocument): string[] {
  const names = changed(notes.images.items).map((image) => image.component);
  const others = [...notes.features.items, ...notes.pull_requests.items, ...notes.commits.items, ...notes.gitops.items];
  return [...new Set([...names, ...others.flatMap((item) => item.components)])];
}

export function ofComponent(notes: NotesDocument, component: string): NotesDocument {
  return only(notes, (item) =>
    "components" in item ? item.components.includes(component) : item.component === component,
  );
}

/** What has all the words somewhere: key, title, subject, author, sha, component. */
export function matching(notes: NotesDocument, typed: string): NotesDocument {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return notes;
  return only(notes, (item) => {
    const text = textOf(notes, item);
    return words.every((word) => text.includes(word));
  });
}

// Put together once for a document, not for every key that is pressed.
const texts = new WeakMap<NotesDocument, Map<Item, string>>();

function textOf(notes: NotesDocument, item: Item): string {
  const known = texts.get(notes) ?? new Map<Item, string>();
  texts.set(notes, known);
  const shown = "number" in item ? `#${item.number}` : "key" in item ? lentTitle(notes, item) : "";
  const text = known.get(item) ?? `${JSON.stringify(Object.values(item))} ${shown}`.toLowerCase();
  known.set(item, text);
  return text;
}

function only(notes: NotesDocument, keeps: (item: Item) => boolean): NotesDocument {
  const some = {
    ...notes,
    features: { ...notes.features, items: notes.features.items.filter(keeps) },
    pull_requests: { ...notes.pull_requests, items: notes.pull_requests.items.filter(keeps) },
    commits: { ...notes.commits, items: notes.commits.items.filter(keeps) },
    images: { ...notes.images, items: notes.images.items.filter(keeps) },
    gitops: { ...notes.gitops, items: notes.gitops.items.filter(keeps) },
  };
  titles.set(some, titlesIn(notes)); // what is left out still lends its title
  return some;
}

export function isEmpty(notes: NotesDocument): boolean {
  return GROUPS.every((name) =>
    name === "images" ? !changed(notes.images.items).length : !notes[name].items.length,
  );
}

export function count(notes: NotesDocument, name: GroupName): string {
  const { items, resolved: known, total } = notes[name];
  const shown = name === "images" ? changed(notes.images.items).length : items.length;
  return known < total ? `${number(shown)}, ${number(known)} of ${number(total)} resolved` : number(shown);
}

/** What the notes start from, short enough for a button. */
export function baseName(base: BaseShown): string {
  if (base.release) return base.release;
  const releases = [...new Set(base.components.map((part) => part.release).filter(Boolean))];
  if (releases.length > 1) return `${releases.length} releases`;
  return base.kind === "none" ? "nothing" : base.sentence;
}

/** What an issue is called in git, where no tracker says its title. */
export function lentTitle(notes: NotesDocument, { key, pull_requests }: Feature): string {
  const [first] = pull_requests;
  const { requests, issues } = titlesIn(notes);
  return (first && requests.get(`${first.repository}#${first.number}`)) || issues.get(key) || "";
}

interface Titles {
  readonly requests: ReadonlyMap<string, string>;
  readonly issues: ReadonlyMap<string, string>;
}

const titles = new WeakMap<NotesDocument, Titles>();

function titlesIn(notes: NotesDocument): Titles {
  const known = titles.get(notes);
  if (known) return known;
  const { pull_requests, commits, gitops } = notes;
  const issues = new Map<string, string>();
  for (const { issues: keys, subject } of [...commits.items, ...gitops.items]) {
    for (const key of keys) if (!issues.has(key)) issues.set(key, subject);
  }
  const requests = new Map(
    pull_requests.items.map((each) => [`${each.repository}#${each.number}`, each.title]),
  );
  const found = { requests, issues };
  titles.set(notes, found);
  return found;
}

/** Merges repeat what they merge: they are counted apart. */
export function own(commits: readonly CommitItem[]): CommitItem[] {
  return commits.filter((commit) => !commit.merge);
}

/** "2 pull requests, 3 commits", "1 commit". */
export function size(requests: number, commits: number): string {
  const parts = [
    requests ? plural(requests, "pull request") : "",
    commits ? plural(commits, "commit") : "",
  ];
  return listed(parts.filter(Boolean)).replace(" and ", ", ");
}
