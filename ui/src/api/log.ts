/** A step's log as it grows: read as a stream, cut into lines, taken up where it was lost. */

import { ask, problem, search } from "./client";

export interface Log {
  readonly lines: readonly string[];
  /** Whether it is complete: nothing more will come. */
  readonly ended: boolean;
  readonly lost: boolean;
  readonly error: unknown;
}

export const NO_LOG: Log = { lines: [], ended: false, lost: false, error: null };

const AGAIN_MS = 1_500;
const SHOW_MS = 80; // how often what came is shown, at most

interface Wanted {
  readonly run: string;
  readonly step: string;
  readonly attempt: number | undefined;
}

/** Follow a log; `show` is called with everything there is, not for every piece. */
export function followLog(wanted: Wanted, show: (log: Log) => void): () => void {
  const stopped = new AbortController();
  const lines: string[] = [];
  let open = ""; // the line that has not ended
  let offset = 0;
  let ended = false;
  let shownAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = (lost = false, error: unknown = null) => {
    clearTimeout(timer);
    shownAt = Date.now();
    show({ lines: open ? [...lines, open] : lines.slice(), ended, lost, error });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, Math.max(0, shownAt + SHOW_MS - Date.now()));
  };
  const take = (text: string) => {
    const parts = (open + text).split("\n");
    open = parts.pop() ?? "";
    for (const part of parts) lines.push(part.endsWith("\r") ? part.slice(0, -1) : part);
    soon();
  };

  void (async () => {
    while (!stopped.signal.aborted && !ended) {
      try {
        const path = wanted.step.split("/").map(encodeURIComponent).join("/");
        const query = search({ attempt: wanted.attempt, offset, follow: true });
        const response = await ask(`/runs/${wanted.run}/steps/${path}/log${query}`, {
          signal: stopped.signal,
        });
        if (!response.ok || !response.body) throw await problem(response);
        const complete = response.headers.get("Towpath-Log-Ended") === "true";
        const decoder = new TextDecoder();
        for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
          offset += piece.byteLength;
          take(decoder.decode(piece, { stream: true }));
        }
        // It ended as it should: with the log, or because a stream may last no longer.
        ended = complete || (await isComplete(wanted, offset, stopped.signal));
        tell();
      } catch (error) {
        if (stopped.signal.aborted) return;
        tell(true, error);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  })();

  return () => {
    stopped.abort();
    clearTimeout(timer);
  };
}

async function isComplete(wanted: Wanted, offset: number, signal: AbortSignal): Promise<boolean> {
  const path = wanted.step.split("/").map(encodeURIComponent).join("/");
  const query = search({ attempt: wanted.attempt, offset, limit: 1 });
  const response = await ask(`/runs/${wanted.run}/steps/${path}/log${query}`, { signal });
  const size = Number(response.headers.get("Towpath-Log-Size"));
  return response.ok && response.headers.get("Towpath-Log-Ended") === "true" && size <= offset;
}
