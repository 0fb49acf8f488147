// @vitest-environment jsdom
import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { get, hold } from "../src/api/client";
import * as queries from "../src/api/queries";

/** A server that answers each path with the next of what it is given, and keeps what it was asked. */
function server(...bodies: readonly object[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (path: string) => {
    const body = bodies[asked.push(path) - 1] ?? {};
    return Promise.resolve(new Response(JSON.stringify(body)));
  });
  return asked;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("questions", () => {
  it("wait for the stream, so that no change falls between", async () => {
    const asked = server({});
    const letGo = hold();
    const answer = get("/me");
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual([]);
    expect(letGo()).toBe(true);
    await answer;
    expect(asked).toEqual(["/api/v1/me"]);
  });

  it("do not wait for long, and whoever lets them go learns it", async () => {
    const asked = server({});
    const letGo = hold();
    const answer = get("/me");
    await vi.advanceTimersByTimeAsync(1000);
    await answer;
    expect(asked).toHaveLength(1);
    expect(letGo()).toBe(false);
  });
});

describe("all products", () => {
  const items = ["cart", "pay", "shop"].map((name) => ({ name }));
  const pages = [
    { items: items.slice(0, 2), next_cursor: "pay" },
    { items: items.slice(2), next_cursor: null },
  ];

  it("are shown as they come the first time, and all at once from then on", async () => {
    const asked = server(...pages, ...pages);
    const cache = new QueryClient();
    const seen: number[] = [];
    cache.getQueryCache().subscribe(() => {
      const known = cache.getQueryData(queries.products.queryKey)?.items.length ?? 0;
      if (known !== seen.at(-1)) seen.push(known);
    });
    await cache.fetchQuery(queries.products);
    expect(seen).toEqual([0, 2, 3]);
    const again = await cache.fetchQuery({ ...queries.products, staleTime: 0 });
    expect(again).toEqual({ items, next_cursor: null });
    expect(seen).toEqual([0, 2, 3]);
    expect(asked).toHaveLength(4);
  });
});
