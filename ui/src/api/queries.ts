/** What the screens ask for: one function for each answer, with the name it is kept under. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get, type Query } from "./client";
import type {
  ConfigurationDocument,
  DiffDocument,
  EventShown,
  FlowDocument,
  ListingConfiguredEnvironment,
  ListingEventShown,
  ListingFlowItem,
  ListingPolicyItem,
  ListingProductItem,
  ListingReleaseItem,
  Me,
  NotesDocument,
  PolicyEvaluation,
  ProductDocument,
  ReleaseDocument,
  RunDocument,
  TraceDocument,
} from "./schema";

import { ENDED } from "../kit/status";
import { untilMadeAnew } from "./notes";

const FIRST = 100; // releases
const MORE = 200; // releases, for who scrolls on
const PRODUCTS = 25; // with all their environments: what one look can take in
const LOOK_MS = 1_000;
const EVENTS_PAGE = 1000;
const name = encodeURIComponent;

export const me = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => get<Me>("/me", {}, signal),
});

/** All products. The first time, those that have come are shown while others are on their way. */
export const products = queryOptions({
  queryKey: ["products"],
  queryFn: async ({ client, queryKey, signal }) => {
    const growing = client.getQueryData(queryKey) === undefined;
    let all: ListingProductItem = { items: [], next_cursor: null };
    do {
      const query: Query = { limit: PRODUCTS, cursor: all.next_cursor ?? undefined };
      const page: ListingProductItem = await get("/products", query, signal);
      // Events may have renewed what has come until now.
      const known = growing && client.getQueryData<ListingProductItem>(queryKey);
      all = { ...page, items: [...(known || all).items, ...page.items] };
      if (growing && all.next_cursor) client.setQueryData(queryKey, all);
    } while (all.next_cursor);
    return all;
  },
});

/** How often one looks for what git or people change, and no event tells. */
const UNTOLD_MS = 30_000;

export const product = (of: string) =>
  queryOptions({
    queryKey: ["product", of],
    queryFn: ({ signal }) => get<ProductDocument>(`/products/${name(of)}`, {}, signal),
    refetchInterval: UNTOLD_MS, // its trouble
  });

export const releases = (filters: Query) =>
  infiniteQueryOptions({
    queryKey: ["releases", filters],
    queryFn: ({ signal, pageParam }) =>
      get<ListingReleaseItem>(
        "/releases",
        { ...filters, limit: pageParam ? MORE : FIRST, cursor: pageParam || undefined },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });

/** A few releases, for a choice: not kept up to date. */
export const someReleases = (query: Query) =>
  queryOptions({
    queryKey: ["some-releases", query],
    queryFn: ({ signal }) => get<ListingReleaseItem>("/releases", query, signal),
    staleTime: 5_000,
  });

export const release = (id: string) =>
  queryOptions({
    queryKey: ["release", id],
    queryFn: ({ signal }) => get<ReleaseDocument>(`/releases/${name(id)}`, {}, signal),
    // Steps of workflows tell no events: while some run, one has to look.
    refetchInterval: ({ state }) => (state.data && worksOn(state.data) ? LOOK_MS : false),
  });

function worksOn(release: ReleaseDocument): boolean {
  const all = [...release.workflows, ...release.environments.flatMap((each) => each.workflows)];
  return all.some((workflow) => !ENDED.has(workflow.status));
}

export const run = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => get<RunDocument>(`/runs/${name(id)}`, {}, signal),
    refetchInterval: ({ state }) => (state.data && !ENDED.has(state.data.status) ? LOOK_MS : false),
  });

export const releaseEvents = (id: string) =>
  queryOptions({
    queryKey: ["release-events", id],
    queryFn: async ({ signal }) => {
      const all: EventShown[] = [];
      let after: string | null = "0";
      while (after) {
        const query: Query = { after, limit: EVENTS_PAGE };
        const page: ListingEventShown = await get(`/releases/${name(id)}/events`, query, signal);
        all.push(...page.items);
        after = page.next_cursor ?? null;
      }
      return all;
    },
  });

export const diff = (id: string, environment: string) =>
  queryOptions({
    queryKey: ["diff", id, environment],
    queryFn: ({ signal }) =>
      get<DiffDocument>(`/releases/${name(id)}/diff`, { environment }, signal),
  });

export const notes = (id: string, environment: string, from: string) =>
  queryOptions({
    queryKey: ["notes", id, environment, from],
    queryFn: ({ signal }) =>
      get<NotesDocument>(`/releases/${name(id)}/notes`, { environment, from }, signal),
    refetchInterval: ({ state }) => (state.data ? untilMadeAnew(state.data, Date.now()) : false),
  });

export const trace = (ref: string) =>
  queryOptions({
    queryKey: ["trace", ref],
    queryFn: ({ signal }) => get<TraceDocument>("/trace", { ref }, signal),
  });

export const environments = queryOptions({
  queryKey: ["environments"],
  queryFn: ({ signal }) => get<ListingConfiguredEnvironment>("/environments", {}, signal),
});

export const flows = queryOptions({
  queryKey: ["flows"],
  queryFn: ({ signal }) => get<ListingFlowItem>("/flows", {}, signal),
});

export const flow = (of: string) =>
  queryOptions({
    queryKey: ["flow", of],
    queryFn: ({ signal }) => get<FlowDocument>(`/flows/${name(of)}`, {}, signal),
  });

export const policies = queryOptions({
  queryKey: ["policies"],
  queryFn: ({ signal }) => get<ListingPolicyItem>("/policies", {}, signal),
});

export const evaluation = (of: string, environment: string, along: string) =>
  queryOptions({
    queryKey: ["evaluation", of, environment, along],
    queryFn: ({ signal }) =>
      get<PolicyEvaluation>(
        "/policies/evaluate",
        { product: of, environment, flow: along },
        signal,
      ),
  });

export const configuration = queryOptions({
  queryKey: ["configuration"],
  queryFn: ({ signal }) => get<ConfigurationDocument>("/configuration", {}, signal),
  refetchInterval: UNTOLD_MS,
});
