/** Whether what happens on the server reaches this page, and since when. */

import type { QueryClient } from "@tanstack/react-query";
import { hold } from "../api/client";
import { Live } from "../api/live";
import { type Connection, follow } from "../api/stream";
import { store } from "../kit/store";

export interface Link {
  readonly state: Connection;
  readonly since: Date;
}

export const link = store<Link>({ state: "connecting", since: new Date() });

/** Follow the server while the page is open; to be called before anything is asked. */
export function connect(cache: QueryClient): void {
  const live = new Live(cache);
  const letGo = hold();
  follow({
    happened: (event) => live.happened(event),
    noted: (release) => live.noted(release),
    began: () => {
      if (!letGo()) live.stale();
    },
    stale: () => live.stale(),
    connection: (state, since) => {
      if (state === "lost") letGo();
      if (state === "live" && link.get().state === "lost") live.recovered();
      // Trying again does not change since when the page is old.
      if (state !== link.get().state) link.set({ state, since });
    },
  });
}
