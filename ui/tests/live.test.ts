import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import { Live, merged, unseen } from "../src/api/live";
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

describe("what happens", () => {
  const event = { id: 1, at: "", product: "shop", release: "shop-1", environment: "qa", actor: "", data: {} };

  it("makes notes old where something landed, and a trace that is shown whatever it is", async () => {
    vi.useFakeTimers();
    const cache = new QueryClient();
    const old = (...key: string[]) => cache.getQueryState(key)?.isInvalidated;
    for (const id of ["shop-1", "shop-2"]) cache.setQueryData(["notes", id, "qa", ""], {});
    const look = vi.fn(async () => ({}));
    const shown = new QueryObserver(cache, { queryKey: ["trace", "SHOP-7"], queryFn: look, staleTime: Infinity });
    cache.setQueryData(["trace", "SHOP-7"], {});
    const stop = shown.subscribe(() => undefined);
    const live = new Live(cache);

    live.happened({ ...event, kind: "PhaseStarted", release: "", product: "" });
    await vi.advanceTimersByTimeAsync(100);
    expect([old("notes", "shop-1", "qa", ""), look.mock.calls.length]).toEqual([false, 1]);

    live.noted("shop-2");
    await vi.advanceTimersByTimeAsync(0);
    expect([old("notes", "shop-1", "qa", ""), old("notes", "shop-2", "qa", "")]).toEqual([false, true]);
    cache.setQueryData(["notes", "shop-2", "qa", ""], {});

    live.happened({ ...event, kind: "CommitLanded", product: "" });
    await vi.advanceTimersByTimeAsync(100);
    expect([old("notes", "shop-1", "qa", ""), old("notes", "shop-2", "qa", "")]).toEqual([true, false]);
    expect(look).toHaveBeenCalledTimes(2);
    stop();
    vi.useRealTimers();
  });

  it("is asked for once more where an answer was on its way already", async () => {
    vi.useFakeTimers();
    const cache = new QueryClient();
    const arrive: ((answer: object) => void)[] = [];
    const ask = vi.fn(() => new Promise<object>((resolve) => arrive.push(resolve)));
    const shown = new QueryObserver(cache, { queryKey: ["release", "shop-1"], queryFn: ask });
    const stop = shown.subscribe(() => undefined);

    new Live(cache).happened({ ...event, kind: "PhaseStarted", product: "" });
    await vi.advanceTimersByTimeAsync(100);
    expect(ask).toHaveBeenCalledTimes(1);
    arrive[0]?.({ status: "old" });
    await vi.advanceTimersByTimeAsync(100);
    expect(ask).toHaveBeenCalledTimes(2);
    stop();
    vi.useRealTimers();
  });
});
