/** Small words for values: versions, shas, counts, repositories. */

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

const grouped = new Intl.NumberFormat("en");

export function number(count: number): string {
  return grouped.format(count);
}

export function sha(revision: string): string {
  return revision.slice(0, 7);
}

/** The product of a release, as its id says. */
export function productOf(release: string): string {
  return release.replace(/-\d+$/, "");
}

/** The versions in a release's `version`: one, or one for each component. */
export function versions(of: string): string[] {
  return of.split(", ").filter(Boolean);
}

/** `1.42.9`, or `3 versions` where components have their own. */
export function shortVersion(of: string): string {
  const [first = "", ...others] = versions(of);
  return others.length ? `${others.length + 1} versions` : first;
}

/** The last parts of a repository's address: `acme/checkout-gitops`. */
export function repository(address: string): string {
  const path = address.replace(/^[a-z+]+:\/\/[^/]*\//, "").replace(/^[^/]*@[^:]*:/, "");
  return path.replace(/\.git$/, "").split("/").filter(Boolean).slice(-2).join("/");
}

export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

/** A web page of a commit, where the address of its repository says how: else nothing. */
export function commitPage(address: string, revision: string): string | undefined {
  const found = site(address);
  return found && `${found.page}/${found.isGitlab ? "-/commit" : "commit"}/${revision}`;
}

/** The same of a pull request. */
export function requestPage(address: string, number: number): string | undefined {
  const found = site(address);
  if (!found) return undefined;
  const kind = found.isGitlab ? "-/merge_requests" : found.isGithub ? "pull" : "pulls";
  return `${found.page}/${kind}/${number}`;
}

/** Where a repository is on the web, if its host is of a known kind. */
function site(address: string) {
  const found = /^(?:https:\/\/|ssh:\/\/git@|git@)([^/:]+)[/:](.+?)(?:\.git)?\/?$/.exec(address);
  if (!found) return undefined;
  const [, host = "", path = ""] = found;
  if (!/(^|\.)(github|gitlab|gitea|codeberg|forgejo)\b/.test(host)) return undefined;
  return { page: `https://${host}/${path}`, isGitlab: host.includes("gitlab"), isGithub: host.includes("github") };
}
