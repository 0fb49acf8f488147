/** The time that everything on a page agrees on; it ticks once a second, for all of them at once. */

import { useSyncExternalStore } from "react";

const TICK_MS = 1000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.visibilityState === "hidden") return;
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Seconds matter only while something runs: others look at the time to the minute. */
export function useNow(step: "second" | "minute" = "minute"): number {
  const size = step === "second" ? 1000 : 60_000;
  return useSyncExternalStore(subscribe, () => Math.floor(now / size) * size);
}
