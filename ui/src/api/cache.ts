/** The answers that are known, for all screens of the page. */

import { QueryClient } from "@tanstack/react-query";
import { Problem } from "./client";

const STALE_MS = 30_000; // events keep it true meanwhile

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: STALE_MS,
      // A no is an answer; only what failed on the way is asked again.
      retry: (count, error) =>
        count < 2 && !(error instanceof Problem && error.status > 0 && error.status < 500),
      networkMode: "always", // the server may be on this very machine
    },
  },
});
