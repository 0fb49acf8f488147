import { describe, expect, it } from "vitest";
import type { EnvironmentAt, Found, ProductAt, ReleaseDocument } from "../src/api/schema";
import { isReference } from "../src/shell/Palette";
import * as told from "../src/where/where";
import { answers } from "./answers";

const { notes, trace, candidates, held, failed } = answers;
const issue: Found = { kind: "issue", ref: "SHOP-7", scope: "" };
const production = new Set(["prod-eu", "prod-us"]);

function at(environment: string, state: EnvironmentAt["state"], release: string | null = null): EnvironmentAt {
  return { environment, state, release, since: null, sentence: "", components: [] };
}

function product(release: ReleaseDocument, states: Record<string, EnvironmentAt["state"]>): ProductAt {
  return {
    product: release.product,
    components: [],
    releases: [release.id],
    taken_back_by: [],
    environments: release.environments.map(({ name }) => at(name, states[name] ?? "waiting", release.id)),
  };
}

const headline = (release: ReleaseDocument, states: Record<string, EnvironmentAt["state"]>) =>
  told.headline(product(release, states), new Map([[release.id, release]]), production);

describe("the answer", () => {
  it("says what holds the change, in the words of the release", () => {
    const { status, word, sentence, held: at } = headline(held, { dev: "reached", qa: "reached", staging: "reached" });
    expect(status).toBe("suspended");
    expect(word).toMatch(/^Held before prod-eu: one more approval of two is needed/);
    expect(sentence).toBe("In dev, qa and staging.");
    expect(at).toMatchObject({ environment: "prod-eu", release: held.id });
  });

  it("says where it failed", () => {
    const { status, word } = headline(failed, { dev: "reached", "load-test": "reached" });
    expect([status, word]).toEqual(["failed", "Failed in qa: auth is degraded: 2 of 3 replicas crash on start"]);
  });

  it("says that it is in production, or taken back", () => {
    const everywhere = Object.fromEntries(held.environments.map(({ name }) => [name, "reached" as const]));
    expect(headline(held, everywhere).word).toBe("In production");
    expect(headline(held, { ...everywhere, "prod-us": "taken_back" }).word).toBe("Taken back in prod-us");
  });

  it("does not claim to know what it does not", () => {
    const unknown = Object.fromEntries(held.environments.map(({ name }) => [name, "unknown" as const]));
    expect(headline(held, { ...unknown, dev: "reached" }).word).toMatch(/^Not known in qa, /);
    const missing = Object.fromEntries(held.environments.map(({ name }) => [name, "missing" as const]));
    expect(headline(held, missing).word).toBe("No release brings it any further");
  });

  it("says that it loads, not that it is on its way, until the release is there", () => {
    const answered = told.headline(product(held, { dev: "reached" }), new Map([[held.id, null]]), production);
    expect(answered).toMatchObject({ status: "waiting", word: "Loading how it stands", sentence: "In dev." });
    expect(told.standing(at("qa", "waiting", held.id), null).word).toBe("Loading");
    expect(told.standing(at("qa", "reached", held.id), null).word).toBe("Here");
  });

  it("is the server's where the release is not known here", () => {
    const [prod] = trace.products[0]?.environments.filter((each) => each.environment === "prod") ?? [];
    expect(prod && told.standing(prod, undefined)).toMatchObject({ status: "waiting", word: "On its way" });
    const [qa] = trace.products[0]?.environments.filter((each) => each.environment === "qa") ?? [];
    expect(qa && told.standing(qa, undefined)).toMatchObject({ status: "terminated", word: "Taken back" });
  });
});

describe("the line", () => {
  const titles = (found: Found) =>
    Object.fromEntries(told.line(found, notes).stages.map(({ title, stops }) => [title, stops.map((stop) => stop.title)]));

  it("leads from an issue over its own commits to image and GitOps commit", () => {
    const line = titles(issue);
    expect(Object.keys(line)).toEqual(["Issues", "Pull requests", "Commits", "Images", "GitOps commits"]);
    expect([line.Issues, line["Pull requests"]]).toEqual([["SHOP-7"], ["api#11"]]);
    expect(line.Commits).toHaveLength(1);
  });

  it("is the same from a commit or a pull request, and has all commits from an image", () => {
    const [commit] = notes.commits.items.filter((each) => each.issues.includes("SHOP-7"));
    const scope = commit?.repository ?? "";
    expect(titles({ kind: "commit", ref: commit?.sha ?? "", scope })).toEqual(titles(issue));
    expect(titles({ kind: "pull_request", ref: "11", scope })).toEqual(titles(issue));
    const [image] = notes.images.items;
    const whole = titles({ kind: "image", ref: image?.to?.tag ?? "", scope: image?.name ?? "" });
    expect(whole.Commits).toHaveLength(4);
    expect(whole.Issues).toHaveLength(2);
  });

  it("of a change of configuration alone leads over its GitOps commit", () => {
    const key = "SHOP-50";
    const [change] = notes.gitops.items;
    const [feature] = notes.features.items;
    if (!change || !feature) throw new Error("the notes have neither");
    const configured = {
      ...notes,
      features: { ...notes.features, items: [{ ...feature, key, title: "", pull_requests: [] }] },
      gitops: { ...notes.gitops, items: [change, { ...change, sha: "5".repeat(40), issues: [key], pull_request: 8 }] },
    };
    const stages = (found: Found) =>
      told.line(found, configured).stages.map(({ title, stops }) => [title, ...stops.map((stop) => stop.title)]);
    const whole = [
      ["Issues", key],
      ["GitOps commits", "5555555"],
    ];
    expect(stages({ kind: "issue", ref: key, scope: "" })).toEqual(whole);
    expect(stages({ kind: "pull_request", ref: "8", scope: change.repository })).toEqual(whole);
  });

  it("has a bar for each environment that began, to now where it goes on", () => {
    const now = Date.parse(held.created_at) + 86_400_000;
    const spans = told.spans({ written: null, set: null }, held, now);
    expect(spans.map((span) => span.name)).toEqual(["dev", "qa", "load-test", "staging", "prod-eu"]);
    expect(spans.at(-1)?.to).toBe(now);
  });

  it("counts the time for which gates hold it, though nothing has begun there", () => {
    const gates = { name: "gates", status: "suspended", started_at: held.created_at };
    const environments = held.environments.map((each) =>
      each.name === "prod-eu" ? { ...each, started_at: null, phases: [{ ...each.phases[0], ...gates }] } : each,
    );
    const spans = told.spans({ written: null, set: null }, { ...held, environments } as typeof held, 0);
    expect(spans.at(-1)?.name).toBe("prod-eu");
    expect(spans.at(-1)?.from).toBe(Date.parse(held.created_at));
  });
});

it("a name that means several things is asked for by one that means one", () => {
  expect(candidates.candidates.map(told.refOf)).toEqual([
    "https://git.example.org/shop/api.git#11",
    "https://git.example.org/shop/web.git#11",
  ]);
  expect(candidates.candidates.map((each) => told.nameOf(each))).toEqual(["shop/api#11", "shop/web#11"]);
});

it("commits that begin alike are named by as many letters as tell them apart", () => {
  const commit = (ref: string): Found => ({ kind: "commit", ref, scope: "https://git.example.org/shop/api.git" });
  const alike = [commit("5000000a1b".padEnd(40, "0")), commit("5000000a2c".padEnd(40, "0"))];
  expect(alike.map((each) => told.nameOf(each, told.lettersApart(alike)))).toEqual([
    "5000000a1 in shop/api",
    "5000000a2 in shop/api",
  ]);
  expect(told.lettersApart([commit("1".repeat(40)), commit("2".repeat(40)), commit("2".repeat(40))])).toBe(7);
});

it("what is written like a commit, pull request, image or issue is offered to be traced first", () => {
  for (const ref of ["9f3c2ab", "SHOP-7", "#12", "cart#12", "shop/cart:1.42.9", "https://x.org/pull/3"]) {
    expect(isReference(ref), ref).toBe(true);
  }
  for (const name of ["checkout", "webshop-1", "prod-eu", "deadbeef-fix", "facade"]) {
    expect(isReference(name), name).toBe(false);
  }
});
