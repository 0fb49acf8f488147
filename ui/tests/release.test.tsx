// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EnvironmentShown, ReleaseDocument } from "../src/api/schema";
import { EnvironmentCard } from "../src/release/EnvironmentCard";
import * as told from "../src/release/environment";
import { hasOwn, ReleaseDrawer } from "../src/release/ReleaseDrawer";
import { told as tell } from "../src/release/telling";
import { sentence } from "../src/releases/Row";
import { answers } from "./answers";

const { held, failed, waiting, product, releases } = answers;
const environment = (release: ReleaseDocument, name: string) =>
  release.environments.find((each) => each.name === name) as EnvironmentShown;

afterEach(cleanup);

function card(release: ReleaseDocument, name: string, open = vi.fn()) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <EnvironmentCard
        release={release}
        environment={environment(release, name)}
        cells={product.matrix}
        chosen={false}
        step={undefined}
        open={open}
      />
    </QueryClientProvider>,
  );
  return within(screen.getByRole("article"));
}

describe("an environment in the graph", () => {
  it("says in words how it stands and why, and which gate holds it", () => {
    const node = card(held, "prod-eu");
    expect(node.getByText("Suspended")).toBeTruthy();
    expect(node.getByText(/one more approval of two is needed/)).toBeTruthy();
    expect(node.getByText("1 of 2")).toBeTruthy();
    expect(node.getAllByText("2.13.2")).toHaveLength(3); // what is there until it goes on
    expect(node.getByText("there now")).toBeTruthy();
    expect(node.getAllByTitle("2.13.2, there now and not by this release")).toHaveLength(3);
  });

  it("shows the steps of its workflow, and opens the one that is pressed", () => {
    const open = vi.fn();
    const node = card(held, "load-test", open);
    expect(node.getAllByText("2.14.0")).toHaveLength(3); // what it carries
    expect(node.queryByText("there now")).toBeNull();
    fireEvent.click(node.getByText("k6-run"));
    expect(open).toHaveBeenCalledWith("load-test", "post_action:k6-run");
  });

  it("offers what is due where it failed", () => {
    const node = card(failed, "qa");
    expect(node.getByRole("button", { name: "Retry qa" })).toBeTruthy();
    expect(node.queryByRole("button", { name: "Skip qa" })).toBeNull();
  });

  it("says what it waits for", () => {
    expect(card(held, "prod-us").getByText("waits for load-test")).toBeTruthy();
  });
});

describe("the graph", () => {
  it("has the same boxes however the release stands", () => {
    const anew: ReleaseDocument = {
      ...held,
      environments: held.environments.map((each) => ({
        ...each,
        status: "waiting",
        workflows: [],
        approvals: [],
        reason: null,
        landed: false,
        phases: each.phases.map((phase) => ({ ...phase, status: "waiting", reason: null })),
      })),
    };
    expect(told.boxes(anew, product.matrix)).toEqual(told.boxes(held, product.matrix));
  });

  it("draws what was passed, what holds and what is ahead", () => {
    const stretch = (release: ReleaseDocument) =>
      Object.fromEntries(told.edges(release).map(({ from, to, stretch }) => [`${from} ${to}`, stretch]));
    expect(stretch(held)).toEqual({
      "dev qa": "done",
      "dev load-test": "now",
      "qa staging": "done",
      "staging prod-eu": "now",
      "staging prod-us": "ahead",
      "load-test prod-us": "ahead",
    });
    expect(new Set(Object.values(stretch(waiting)))).toEqual(new Set(["ahead"]));
  });
});

describe("what belongs to the release as a whole", () => {
  const at = "2026-11-22T12:00:00Z";
  const told = (purpose: "on_fail" | "on_success", status: "skipped" | "succeeded", sentence: string) => ({
    ...{ purpose, status, attempt: 1, template: "announce", started_at: at, ended_at: at },
    reason: sentence ? { code: "nothing_to_do", sentence, data: {}, since: null, advice: "" } : null,
  });
  const [workflow] = environment(held, "load-test").workflows;
  const release: ReleaseDocument = {
    ...held,
    context: { CHANGE: "CHG-17", approvers: ["ravi"] },
    hooks: [told("on_fail", "skipped", "the release is succeeded"), told("on_success", "succeeded", "")],
    workflows: workflow ? [{ ...workflow, purpose: "on_success" }] : [],
  };

  it("is its hooks, with what was not run and why, and what workflows handed on", () => {
    const open = vi.fn();
    render(<ReleaseDrawer release={release} open={open} close={vi.fn()} />);
    expect(screen.getByText("the release is succeeded")).toBeTruthy();
    expect(screen.getAllByText(/Success hook/)).toHaveLength(1); // its workflow says all of it
    expect(screen.getByText("CHG-17")).toBeTruthy();
    expect(screen.getByText('["ravi"]')).toBeTruthy();
    fireEvent.click(screen.getByText("k6-run"));
    expect(open).toHaveBeenCalledWith("on_success:k6-run");
  });

  it("is offered only where there is something", () => {
    expect(hasOwn(release)).toBe(true);
    expect(hasOwn(held)).toBe(false);
  });
});

it("a row says where a release is held, and why", () => {
  const row = (id: string) => {
    const found = releases.items.find((item) => item.id === id);
    return found && sentence(found);
  };
  expect(row("identity-41")).toBe("qa: auth is degraded: 2 of 3 replicas crash on start");
  expect(row("inventory-19")).toBe("behind inventory-18");
  expect(row("gateway-55")).toBe("in 6 environments");
});

it("an event of a kind that is not known yet is told by its name", () => {
  const event = { id: 1, at: "", product: "", release: "", environment: "", actor: "", data: {} };
  expect(tell({ ...event, kind: "FromTheFuture" }).title).toBe("From the future");
  expect(tell({ ...event, kind: "PhaseFailed", data: { phase: "sync", status: "error" } })).toMatchObject({
    status: "error",
    title: "Sync error",
  });
});
