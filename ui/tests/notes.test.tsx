// @vitest-environment jsdom
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { isComing, untilMadeAnew } from "../src/api/notes";
import type { NotesDocument } from "../src/api/schema";
import { ByComponent, Changes, Deployed } from "../src/notes/groups";
import * as told from "../src/notes/notes";
import { Unknown } from "../src/notes/Unknown";
import { requestPage } from "../src/kit/words";
import { answers } from "./answers";

const { notes, back } = answers;

afterEach(cleanup);
window.scrollTo = () => undefined; // jsdom has nothing to scroll

async function shown(what: React.ReactNode) {
  const root = createRootRoute({ component: () => <>{what}</> });
  const where = createRoute({ getParentRoute: () => root, path: "/where" });
  const router = createRouter({
    routeTree: root.addChildren([where]),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  // A router of its own: the screens' addresses are another test's matter.
  render(<RouterProvider router={router as never} />);
  await screen.findAllByRole("region");
}

describe("notes", () => {
  it("list issues, pull requests and commits, each leading to where it is", async () => {
    await shown(<Changes notes={notes} />);
    const features = within(screen.getByRole("region", { name: "Features" }));
    // No tracker says its title: its pull request lends one.
    expect(features.getByText("SHOP-7 Round totals once")).toBeTruthy();
    expect(features.getByText("SHOP-7").getAttribute("href")).toContain("/where?ref=SHOP-7");
    const requests = within(screen.getByRole("region", { name: "Pull requests" }));
    expect(requests.getByText("#12").getAttribute("href")).toContain("shop%2Fapi%2312");
  });

  it("strike out what does not last, and say why", async () => {
    await shown(<Changes notes={notes} />);
    const commits = within(screen.getByRole("region", { name: "Commits" }));
    expect(commits.getByText("Keep the basket for a day").closest("s")).toBeTruthy();
    expect(commits.getByText("reverted")).toBeTruthy();
    cleanup();
    await shown(<Changes notes={back} />);
    expect(screen.getAllByText("taken back")).toHaveLength(2 + 2 + 4);
    expect(told.goesBack(back)).toBe(true);
    expect(told.goesBack(notes)).toBe(false);
  });

  it("show images from what they were to what they are", async () => {
    await shown(<Deployed notes={notes} />);
    const [image] = notes.images.items;
    const images = within(screen.getByRole("region", { name: "Images" }));
    expect(images.getByText(image?.from?.tag ?? "")).toBeTruthy();
    expect(images.getByText(image?.to?.tag ?? "")).toBeTruthy();
  });

  it("are grouped by component too", async () => {
    await shown(<ByComponent notes={notes} />);
    const api = within(screen.getByRole("region", { name: "api" }));
    expect(api.getByText("2 pull requests, 4 commits")).toBeTruthy();
    expect(told.components(notes)).toEqual(["api"]);
    expect(told.isEmpty(told.ofComponent(notes, "web"))).toBe(true);
  });

  it("draw many commits by and by, and leave merges out until they are wanted", async () => {
    const [one] = notes.commits.items;
    if (!one) throw new Error("no commit");
    const items = Array.from({ length: 500 }, (_, n) => ({ ...one, sha: `${n}`.padStart(40, "0"), merge: n % 5 === 0 }));
    await shown(<Changes notes={{ ...notes, commits: { ...notes.commits, items } }} />);
    const commits = within(screen.getByRole("region", { name: "Commits" }));
    expect(commits.getAllByRole("listitem")).toHaveLength(15);
    fireEvent.click(commits.getByText("Show 200 of 385 more"));
    expect(commits.getAllByRole("listitem")).toHaveLength(215);
    fireEvent.click(commits.getByText("100 merges"));
    expect(commits.getByText("Show 200 of 285 more")).toBeTruthy();
  });

  it("are narrowed by words, wherever these stand", () => {
    expect(told.matching(notes, "dana declined").commits.items).toHaveLength(1);
    expect(told.matching(notes, "#12").pull_requests.items).toHaveLength(1);
    // An issue is found by the title that it is shown with.
    expect(told.matching(notes, "round totals").features.items.map((each) => each.key)).toEqual(["SHOP-7"]);
    const [feature] = notes.features.items.filter((each) => each.key === "SHOP-7");
    const without = told.matching(notes, "declined");
    expect(feature && told.lentTitle(without, feature)).toBe("SHOP-7 Round totals once");
    const [change] = notes.gitops.items;
    const configured = { ...notes, gitops: { ...notes.gitops, items: change ? [{ ...change, issues: ["SHOP-50"] }] : [] } };
    const key = { key: "SHOP-50", pull_requests: [] };
    expect(feature && told.lentTitle(configured, { ...feature, ...key })).toBe("api: the week's changes");
    expect(told.isEmpty(told.matching(notes, "nothing has this"))).toBe(true);
    expect(told.matching(notes, "  ")).toBe(notes);
  });
});

describe("what is not known", () => {
  it("is counted, and told by reason", async () => {
    await shown(<Unknown notes={notes} />);
    const unknown = within(screen.getByRole("region", { name: "What is not known" }));
    const { found, total } = told.resolved(notes);
    expect(unknown.getByText(`${found} of ${total} resolved`)).toBeTruthy();
    expect(unknown.getByText("No issue tracker is configured for it.")).toBeTruthy();
    expect(unknown.getByText("SHOP-9")).toBeTruthy();
  });

  it("is one line for many things that wait for the same repository", () => {
    const read = (sha: string) => ({
      what: sha,
      reason: `commit ${sha}: shop.git is being read`,
      outlook: "coming" as const,
    });
    const many: NotesDocument = {
      ...notes,
      features: { ...notes.features, unresolved: [] },
      images: { ...notes.images, unresolved: [read("ab12"), read("cd34"), read("ab12")] },
    };
    expect(told.missing(many, "coming")).toEqual([{ reason: "shop.git is being read", what: ["ab12", "cd34"] }]);
  });

  const now = Date.parse("2026-11-22T12:00:00Z");
  const coming: NotesDocument = {
    ...notes,
    features: {
      ...notes.features,
      unresolved: [
        { what: "SHOP-7", reason: "jira.example.org does not answer", outlook: "coming" },
        { what: "SHOP-8", reason: "is gone", outlook: "given_up" },
      ],
    },
    resolving: { state: "waiting", next_try_at: "2026-11-22T12:00:40Z", tries: 3 },
  };

  it("is on its way with the time of the next try, or given up", async () => {
    const soon = new Date(Date.now() + 600_500).toISOString();
    await shown(<Unknown notes={{ ...coming, resolving: { ...coming.resolving, next_try_at: soon } }} />);
    const unknown = within(screen.getByRole("region", { name: "What is not known" }));
    expect(unknown.getByText("1 on the way").parentElement?.textContent).toMatch(/^1 on the way, next try in \d+m \d\ds$/);
    expect(unknown.getByText("1 given up")).toBeTruthy();
    expect(unknown.getByText("jira.example.org does not answer.")).toBeTruthy();
    expect(unknown.getByText("Is gone.")).toBeTruthy();
    cleanup();
    await shown(<Unknown notes={{ ...coming, resolving: { state: "asking", next_try_at: null, tries: 3 } }} />);
    expect(screen.getByText("1 on the way").parentElement?.textContent).toBe("1 on the way, asked for now");
  });

  it("is looked for again after the next try, and not at all once nothing is on its way", () => {
    expect(untilMadeAnew(coming, now)).toBe(55_000);
    expect(untilMadeAnew({ ...coming, resolving: { state: "asking", next_try_at: null, tries: 3 } }, now)).toBe(15_000);
    expect([isComing(notes), untilMadeAnew(notes, now)]).toEqual([false, false]);
  });
});

it("a pull request has a page where its host is of a known kind", () => {
  expect(requestPage("git@github.com:acme/shop.git", 7)).toBe("https://github.com/acme/shop/pull/7");
  expect(requestPage("https://gitlab.example.org/a/b", 7)).toBe("https://gitlab.example.org/a/b/-/merge_requests/7");
  expect(requestPage("file:///tmp/shop.git", 7)).toBeUndefined();
});
