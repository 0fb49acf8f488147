import { describe, expect, it } from "vitest";
import type { ListingReleaseItem } from "../src/api/schema";
import { columnsInSight } from "../src/kit/columns";
import { columns, named } from "../src/releases/columns";
import answers from "./answers/releases.json";
import environments from "./answers/environments.json";

describe("columns in sight", () => {
  it("are all of them where there are few", () => {
    expect(columnsInSight(5000, 300, 24, 172)).toEqual({ from: 0, to: 24 });
  });

  it("are those within the frame, and a few beside them", () => {
    const { from, to } = columnsInSight(1000, 800, 200, 100);
    expect([from, to]).toEqual([9, 21]);
  });

  it("reach as far as one may have scrolled since it was looked", () => {
    expect(columnsInSight(1900, 100, 200, 100).to).toBeGreaterThan(20);
  });

  it("begin and end with the columns there are", () => {
    expect(columnsInSight(-250, 800, 200, 100).from).toBe(0);
    expect(columnsInSight(19_500, 800, 200, 100).to).toBe(200);
    expect(columnsInSight(90_000, 800, 30, 100)).toEqual({ from: 30, to: 30 });
  });
});

describe("columns of a list of releases", () => {
  const page = answers as unknown as ListingReleaseItem;
  const [first, others] = [page.items.slice(0, 1), page.items.slice(1)];

  it("are the configured ones in their order, then those that only releases know", () => {
    const old = {
      items: first.map((item) => ({
        ...item,
        environments: item.environments.map((place, at) => (at ? place : { ...place, name: "gone" })),
      })),
    };
    const found = columns(environments.items as never, undefined, named([old]).environments);
    const configured = environments.items.map((each) => each.name);
    expect(found.map((column) => column.name)).toEqual([...configured, "gone"]);
    expect(found.filter((column) => column.production).map((column) => column.name)).toEqual(
      environments.items.filter((each) => each.kind === "prod").map((each) => each.name),
    );
  });

  it("are the same however the releases are cut into pages", () => {
    expect(named([{ items: first }, { items: others }])).toEqual(named([page]));
  });
});
