/** Moments and durations as they are shown. */

import * as times from "./times";
import { useNow } from "./useNow";

interface MomentProps {
  readonly at: string;
  readonly seconds?: boolean;
}

export function Moment({ at, seconds = false }: MomentProps) {
  const now = useNow();
  return (
    <time dateTime={at} title={times.utc(at)}>
      {seconds ? times.precise(at, now) : times.moment(at, now)}
    </time>
  );
}

export function Ago({ at }: { readonly at: string }) {
  const now = useNow();
  // The minute's beginning may lie before what happened just now.
  return (
    <time dateTime={at} title={times.utc(at)}>
      {times.ago(at, Math.max(now, Date.parse(at)))}
    </time>
  );
}

/** How long it has been, for a sentence: "for 3h". */
export function Since({ at }: { readonly at: string }) {
  const now = useNow();
  const words = times.ago(at, Math.max(now, Date.parse(at))).replace(" ago", "");
  return (
    <time dateTime={at} title={times.utc(at)}>
      {words === "now" ? "a moment" : words}
    </time>
  );
}

interface DurationProps {
  readonly from: string | null;
  readonly to: string | null;
}

export function Duration({ from, to }: DurationProps) {
  if (!from) return null;
  return to ? <>{times.duration(times.between(from, to, 0))}</> : <Running from={from} />;
}

function Running({ from }: { readonly from: string }) {
  const now = useNow("second");
  return <>{times.duration(times.between(from, null, now))}</>;
}
