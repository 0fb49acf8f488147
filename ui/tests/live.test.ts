import { describe, expect, it } from "vitest";
import { merged, unseen } from "../src/api/live";
import { answers } from "./answers";

const { releases } = answers;
const pages = { pages: [{ ...releases, items: releases.items.slice(2) }], pageParams: [""] };

describe("a list of releases", () => {
  it("keeps its rows where they are when one changes", () => {
    const [, , third] = releases.items;
    if (!third) throw new Error("the answer has too few releases");
    const after = merged(pages, new Map([[third.id, { ...third, status: "succeeded" as const }]]));
    expect(after.pages[0]?.items.map((item) => item.id)).toEqual(pages.pages[0]?.items.map((item) => item.id));
    expect(after.pages[0]?.items[0]?.status).toBe("succeeded");
    expect(after.pages[0]?.items[1]).toBe(pages.pages[0]?.items[1]);
  });

  it("stays the very same when nothing in it changes", () => {
    const [first] = releases.items;
    if (!first) throw new Error("the answer has no release");
    expect(merged(pages, new Map([[first.id, first]]))).toBe(pages);
  });

  it("counts what is newer instead of moving", () => {
    expect(unseen(pages, releases.items).map((item) => item.id)).toEqual(["search-64", "catalog-212"]);
    expect(unseen(pages, pages.pages[0]?.items ?? [])).toEqual([]);
  });
});
