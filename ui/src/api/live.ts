/**
 * What happens, merged into what is shown: only what an event touches is asked for again, rows
 * stay where they are, and new ones wait until somebody wants to see them.
 */

import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { get, type Query } from "./client";
import * as queries from "./queries";
import type {
  EventShown,
  ListingProductItem,
  ListingReleaseItem,
  ProductDocument,
  ReleaseItem,
} from "./schema";

const GATHER_MS = 30;
const MOST_ROWS = 50; // ids in one question
type Pages = InfiniteData<ListingReleaseItem, string>;

export class Live {
  private readonly cache: QueryClient;
  private readonly busy = new Map<string, { again: boolean }>();
  private gathered: EventShown[] = [];

  constructor(cache: QueryClient) {
    this.cache = cache;
  }

  /** Take an event; those of a moment are worked on together. */
  happened(event: EventShown): void {
    if (!this.gathered.length) setTimeout(() => this.work(), GATHER_MS);
    this.gathered.push(event);
  }

  /** A release's notes were made anew; of any release, if it has no name. */
  noted(release: string): void {
    void this.refetch(release ? ["notes", release] : ["notes"]);
  }

  /** Ask again for all that is shown. */
  stale(): void {
    void this.cache.invalidateQueries();
  }

  /** Ask again for what could not be had. */
  recovered(): void {
    void this.cache.refetchQueries({ type: "active", predicate: ({ state }) => state.status === "error" });
  }

  private work(): void {
    const events = this.gathered;
    this.gathered = [];
    const ids = [...new Set(events.map((event) => event.release).filter(Boolean))];
    const names = [...new Set(events.map((event) => event.product).filter(Boolean))];
    for (const id of ids) {
      this.tellTimeline(id, events);
      this.once(`release ${id}`, () => this.refetch(["release", id]));
    }
    const landed = events.filter((event) => event.kind === "CommitLanded");
    for (const { release } of landed) void this.refetch(["diff", release]);
    // What ran there before, and so what notes start from, changes when a promotion ends.
    const moved = events.filter((event) => /^(CommitLanded|PromotionEnded)$/.test(event.kind));
    for (const id of new Set(moved.map((event) => event.release))) void this.refetch(["notes", id]);
    if (this.shows(["trace"])) this.once("trace", () => this.refetch(["trace"]));
    if (ids.length && this.shows(["releases"])) this.once("rows", () => this.rows(ids), ids);
    for (const of of names) this.once(`product ${of}`, () => this.product(of));
    if (events.some((event) => /^Environment(Un)?[Ll]ocked$/.test(event.kind))) {
      this.once("environments", () => this.refetch(["environments"]));
      if (events.some((event) => !event.product)) void this.refetch(["products"]);
    }
  }

  private readonly waitingRows = new Set<string>();

  /** Do something that is not done twice at once: while it runs, later wishes wait for the next. */
  private once(key: string, work: () => Promise<unknown>, rows: readonly string[] = []): void {
    const running = this.busy.get(key);
    if (running) {
      running.again = true;
      for (const id of rows) this.waitingRows.add(id);
      return;
    }
    const mine = { again: false };
    this.busy.set(key, mine);
    void work()
      .catch(() => undefined) // what is shown stays; the next event, or a look, asks again
      .finally(() => {
        this.busy.delete(key);
        if (!mine.again) return;
        if (key !== "rows") return this.once(key, work);
        const ids = [...this.waitingRows];
        this.waitingRows.clear();
        this.once(key, () => this.rows(ids));
      });
  }

  private shows(queryKey: readonly string[]): boolean {
    return this.cache.getQueryCache().findAll({ queryKey, type: "active" }).length > 0;
  }

  private async refetch(queryKey: readonly string[]): Promise<void> {
    await this.arrived(queryKey);
    return this.cache.invalidateQueries({ queryKey }, { cancelRefetch: false });
  }

  /** Wait for what is on its way: it may have been answered before that happened which is told. */
  private async arrived(queryKey: readonly string[]): Promise<void> {
    const asked = this.cache.getQueryCache().findAll({ queryKey, fetchStatus: "fetching" });
    await Promise.allSettled(asked.map(({ promise }) => promise));
  }

  private tellTimeline(id: string, events: readonly EventShown[]): void {
    this.cache.setQueryData(queries.releaseEvents(id).queryKey, (known) => {
      if (!known) return known;
      const last = known.at(-1)?.id ?? 0;
      const news = events.filter((event) => event.release === id && event.id > last);
      return news.length ? [...known, ...news] : known;
    });
  }

  // --- lists of releases -----------------------------------------------------------------------
  private async rows(ids: readonly string[]): Promise<void> {
    const some = ids.slice(0, MOST_ROWS);
    const answer = await get<ListingReleaseItem>("/releases", { id: some, limit: MOST_ROWS });
    const news = new Map(answer.items.map((item) => [item.id, item]));
    const lists = this.cache.getQueryCache().findAll({ queryKey: ["releases"] });
    for (const { queryKey } of lists) {
      this.cache.setQueryData<Pages>(queryKey, (pages) => pages && merged(pages, news));
      const known = this.cache.getQueryData<Pages>(queryKey);
      const isNew = known && answer.items.some((item) => !has(known, item.id));
      if (isNew) await this.countNew(queryKey as ["releases", Query]);
    }
    if (ids.length > MOST_ROWS) await this.rows(ids.slice(MOST_ROWS));
  }

  /** How many releases of this list are newer than what it shows. */
  private async countNew(queryKey: ["releases", Query]): Promise<void> {
    const known = this.cache.getQueryData<Pages>(queryKey);
    if (!known) return;
    const newest = await get<ListingReleaseItem>("/releases", { ...queryKey[1], limit: 50 });
    const found = unseen(known, newest.items);
    this.cache.setQueryData(["new-releases", queryKey[1]], found.map((item) => item.id));
  }

  // --- products --------------------------------------------------------------------------------
  private async product(of: string): Promise<void> {
    if (!this.shows(["products"]) && !this.shows(["product", of])) {
      return void (await this.refetch(["product", of]));
    }
    await this.arrived(["product", of]);
    const path = `/products/${encodeURIComponent(of)}`;
    const document = await get<ProductDocument>(path);
    this.cache.setQueryData(queries.product(of).queryKey, document);
    this.cache.setQueryData<ListingProductItem>(queries.products.queryKey, (known) => {
      if (!known) return known;
      const items = known.items.map((item) => (item.name === of ? document : item));
      return { ...known, items };
    });
  }
}

/** The pages with the rows that changed; the very same where none did. */
export function merged(pages: Pages, news: ReadonlyMap<string, ReleaseItem>): Pages {
  if (![...news.keys()].some((id) => has(pages, id))) return pages;
  return {
    ...pages,
    pages: pages.pages.map((page) => ({
      ...page,
      items: page.items.map((item) => news.get(item.id) ?? item),
    })),
  };
}

function has(pages: Pages, id: string): boolean {
  return pages.pages.some((page) => page.items.some((item) => item.id === id));
}

/** Those that belong into what is shown of the list, and are not in it. */
export function unseen(pages: Pages, newest: readonly ReleaseItem[]): ReleaseItem[] {
  const last = pages.pages.at(-1);
  // Behind the last row that was loaded the rest comes by itself.
  const end = last?.next_cursor ? (last.items.at(-1)?.created_at ?? "") : "";
  return newest.filter((item) => !has(pages, item.id) && item.created_at >= end);
}
