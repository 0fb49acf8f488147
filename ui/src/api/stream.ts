/**
 * The event stream of one page: opened once, reopened by itself, nothing missed.
 *
 * Not the browser's `EventSource`, which can neither send a token nor tell a silent connection
 * from a dead one.
 */

import { createParser } from "eventsource-parser";
import { ask, problem } from "./client";
import type { EventShown } from "./schema";

export type Connection = "connecting" | "live" | "lost";

export interface Listener {
  /** What happened, in the order in which it was committed. */
  happened(event: EventShown): void;
  /** A release's notes were made anew (empty: those of any may have been). */
  noted(release: string): void;
  connection(state: Connection, since: Date): void;
  /** What happens from now on will be told; what happened before will not. */
  began(): void;
  /** Something may have been missed that no event will tell: ask again for all that is shown. */
  stale(): void;
}

const HEARTBEAT_MS = 15_000; // the server's
const SILENCE_MS = HEARTBEAT_MS * 2 + 5_000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 10_000;
const OFTEN_MS = 60_000; // hidden or asleep for longer: ask again

export function follow(listener: Listener): void {
  let last = "";
  let pause = FIRST_PAUSE_MS;
  let attempt = new AbortController();
  let wakeUp: () => void = () => undefined;
  let hiddenAt = 0;

  const again = () => {
    attempt.abort();
    wakeUp();
  };
  const seen = () => {
    if (document.visibilityState === "hidden") hiddenAt = Date.now();
    else if (hiddenAt && Date.now() - hiddenAt > OFTEN_MS) {
      listener.stale();
      again();
    }
  };
  document.addEventListener("visibilitychange", seen);
  window.addEventListener("online", again);

  void (async () => {
    listener.connection("connecting", new Date());
    for (;;) {
      attempt = new AbortController();
      const ended = await read(attempt, last, {
        ready: (position) => {
          if (!last) listener.began();
          // A database that was restored goes on from an earlier place.
          else if (Number(position) < Number(last)) listener.stale();
          last = position;
          pause = FIRST_PAUSE_MS;
          listener.connection("live", new Date());
        },
        event: (id, event) => {
          last = id;
          listener.happened(event);
        },
        notes: (release) => listener.noted(release),
      });
      if (ended === "forgotten") last = "";
      if (ended === "closed") continue; // as it does every ten minutes
      listener.connection("lost", new Date());
      await new Promise<void>((resolve) => {
        wakeUp = resolve;
        setTimeout(resolve, pause * (0.75 + Math.random() / 2));
      });
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  })();
}

interface Frames {
  ready(position: string): void;
  event(id: string, event: EventShown): void;
  notes(release: string): void;
}

/** Read one connection to its end: closed by the server, lost, or its place unknown there. */
async function read(
  attempt: AbortController,
  last: string,
  frames: Frames,
): Promise<"closed" | "lost" | "forgotten"> {
  let watch: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(() => attempt.abort(), SILENCE_MS);
  };
  try {
    heard();
    const headers: HeadersInit = last ? { "Last-Event-ID": last } : {};
    const response = await ask("/stream", { headers, signal: attempt.signal, cache: "no-store" });
    if (!response.ok || !response.body) {
      return (await problem(response)).code === "bad_cursor" ? "forgotten" : "lost";
    }
    let began = false;
    const parser = createParser({
      onEvent: ({ event, data, id }) => {
        if (event === "ready") {
          began = true;
          frames.ready(id ?? "0");
        } else if (event === "event" && id) frames.event(id, JSON.parse(data) as EventShown);
        else if (event === "notes") frames.notes((JSON.parse(data) as { release: string }).release);
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      heard();
      parser.feed(decoder.decode(chunk, { stream: true }));
    }
    return began ? "closed" : "lost";
  } catch {
    return "lost";
  } finally {
    clearTimeout(watch);
  }
}
