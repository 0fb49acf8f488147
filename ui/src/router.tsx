/** The addresses of the screens: deep links for everything, filters in the query. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { cache } from "./api/cache";
import * as queries from "./api/queries";
import { Failed } from "./kit/states";
import { productOf } from "./kit/words";
import { Products } from "./products/Products";
import { Releases } from "./releases/Releases";
import { readFilters } from "./releases/filters";
import { Nowhere } from "./shell/Nowhere";
import { Shell } from "./shell/Shell";

type Given = Record<string, unknown>;

/** The words of the query that a screen knows, those that are there. */
function words<Name extends string>(...names: readonly Name[]) {
  return (given: Given): { [Key in Name]?: string } => {
    const found: { [Key in Name]?: string } = {};
    for (const name of names) {
      const value = given[name];
      if ((typeof value === "string" && value) || typeof value === "number") found[name] = String(value);
    }
    return found;
  };
}

interface ReleaseSearch {
  readonly environment?: string;
  readonly show?: string;
  readonly step?: string;
  readonly application?: string;
  /** The drawer of the release as a whole. */
  readonly about?: string;
  /** A line of the step's log, from 1. */
  readonly line?: number;
}

const root = createRootRoute();

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: words("to"),
  component: lazyRouteComponent(() => import("./shell/SignIn"), "SignIn"),
});

const shell = createRoute({ getParentRoute: () => root, id: "shell", component: Shell });

const products = createRoute({
  getParentRoute: () => shell,
  path: "/",
  validateSearch: words("q", "show"),
  component: Products,
});

const productsToo = createRoute({
  getParentRoute: () => shell,
  path: "/products",
  beforeLoad: () => {
    throw redirect({ to: "/", search: {} });
  },
});

const product = createRoute({
  getParentRoute: () => shell,
  path: "/products/$product",
  component: lazyRouteComponent(() => import("./product/Board"), "Board"),
});

const productReleases = createRoute({
  getParentRoute: () => shell,
  path: "/products/$product/releases",
  validateSearch: readFilters,
  component: function ProductReleases() {
    return <Releases product={productReleases.useParams().product} />;
  },
});

const releases = createRoute({
  getParentRoute: () => shell,
  path: "/releases",
  validateSearch: readFilters,
  component: function AllReleases() {
    return <Releases />;
  },
});

const release = createRoute({
  getParentRoute: () => shell,
  path: "/releases/$release",
  validateSearch: (given: Given): ReleaseSearch => ({
    ...words("environment", "show", "step", "application", "about")(given),
    ...(Number.isInteger(given.line) ? { line: given.line as number } : {}),
  }),
  component: lazyRouteComponent(() => import("./release/Release"), "ReleaseFlow"),
  // The answers and the code of the graph come along with the code of the page, not after it.
  loader: ({ cause, params }) => {
    if (cause !== "enter") return;
    void cache.prefetchQuery(queries.release(params.release));
    void cache.prefetchQuery(queries.product(productOf(params.release)));
    void import("./release/Flow");
  },
});

const notes = createRoute({
  getParentRoute: () => shell,
  path: "/releases/$release/notes",
  validateSearch: words("environment", "from", "by", "q"),
  component: lazyRouteComponent(() => import("./release/Release"), "ReleaseNotes"),
});

const timeline = createRoute({
  getParentRoute: () => shell,
  path: "/releases/$release/timeline",
  validateSearch: words("environment"),
  component: lazyRouteComponent(() => import("./release/Release"), "ReleaseTimeline"),
});

const diff = createRoute({
  getParentRoute: () => shell,
  path: "/releases/$release/diff",
  validateSearch: words("environment"),
  component: lazyRouteComponent(() => import("./release/Release"), "ReleaseDiff"),
});

const where = createRoute({
  getParentRoute: () => shell,
  path: "/where",
  validateSearch: words("ref"),
  component: lazyRouteComponent(() => import("./where/Where"), "Where"),
});

const trace = createRoute({
  getParentRoute: () => shell,
  path: "/trace",
  validateSearch: words("ref"),
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/where", search });
  },
});

const environments = createRoute({
  getParentRoute: () => shell,
  path: "/environments",
  validateSearch: words("q", "show"),
  component: lazyRouteComponent(() => import("./environments/Environments"), "Environments"),
});

const flows = createRoute({
  getParentRoute: () => shell,
  path: "/flows",
  component: lazyRouteComponent(() => import("./configuration/Flows"), "Flows"),
});

const flow = createRoute({
  getParentRoute: () => shell,
  path: "/flows/$flow",
  validateSearch: words("product", "environment"),
  component: lazyRouteComponent(() => import("./configuration/Flow"), "Flow"),
});

const policies = createRoute({
  getParentRoute: () => shell,
  path: "/policies",
  validateSearch: words("product", "environment", "flow"),
  component: lazyRouteComponent(() => import("./configuration/Policies"), "Policies"),
});

const configuration = createRoute({
  getParentRoute: () => shell,
  path: "/configuration",
  component: lazyRouteComponent(() => import("./configuration/Configuration"), "Configuration"),
});

const nowhere = createRoute({ getParentRoute: () => shell, path: "$", component: Nowhere });

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    shell.addChildren([
      products,
      productsToo,
      product,
      productReleases,
      releases,
      release,
      notes,
      timeline,
      diff,
      where,
      trace,
      environments,
      flows,
      flow,
      policies,
      configuration,
      nowhere,
    ]),
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
  scrollToTopSelectors: ["#main"],
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
