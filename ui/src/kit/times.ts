/** Times and durations in words: local, short, and never more exact than one needs. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `<1s`, `38s`, `2m 06s`, `3h 10m`, `7d 4h`. */
export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 1) return "<1s";
  const all = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  if (all < MINUTE) return `${all}s`;
  if (all < HOUR) return `${Math.floor(all / MINUTE)}m ${two(all % MINUTE)}s`;
  if (all < DAY) return `${Math.floor(all / HOUR)}h ${two(Math.floor((all % HOUR) / MINUTE))}m`;
  return `${Math.floor(all / DAY)}d ${Math.floor((all % DAY) / HOUR)}h`;
}

/** A duration that somebody configured, without what is nought: `10m`, `1h 30m`, `0s`. */
export function setDuration(seconds: number): string {
  const units: readonly [string, number][] = [["d", DAY], ["h", HOUR], ["m", MINUTE], ["s", 1]];
  let left = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count) parts.push(`${count}${unit}`);
  }
  return parts.join(" ") || "0s";
}

export function between(start: string, end: string | null, now: number): number {
  return ((end ? Date.parse(end) : now) - Date.parse(start)) / 1000;
}

/** `now`, `12m ago`, `3h ago`, `7d ago`. */
export function ago(moment: string, now: number): string {
  const seconds = (now - Date.parse(moment)) / 1000;
  if (seconds < 5) return "now";
  if (seconds < MINUTE) return `${Math.floor(seconds)}s ago`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}m ago`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)}h ago`;
  return `${Math.floor(seconds / DAY)}d ago`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const weekday = new Intl.DateTimeFormat("en", { weekday: "short" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const year = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** `13:52` today, `Tue 17:44` this week, `12 Nov 09:10`, `12 Nov 2025`. */
export function moment(at: string, now: number): string {
  const when = new Date(at);
  const today = new Date(now);
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime();
  if (when.getTime() >= midnight) return clock.format(when);
  if (when.getTime() >= midnight - 6 * DAY * 1000) return `${weekday.format(when)} ${clock.format(when)}`;
  if (when.getFullYear() === today.getFullYear()) return `${day.format(when)} ${clock.format(when)}`;
  return year.format(when);
}

/** The same with seconds, where the order of things counts. */
export function precise(at: string, now: number): string {
  const short = moment(at, now);
  const [time = ""] = /\d\d:\d\d$/.exec(short) ?? [];
  return time ? short.replace(time, clockTime(at)) : short;
}

export function clockTime(at: string): string {
  return exact.format(new Date(at));
}

/** For the hover: the same moment in UTC, to the second. */
export function utc(at: string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
