/**
 * When a window begins, in words, where its rule (RFC 5545) is of a kind that is known here. Own
 * code: the libraries for it leave out parts of a rule (BYSETPOS, minutes), or are 200 kB.
 */

import { listed } from "../kit/words";

const DAYS: Record<string, string> = {
  MO: "Monday",
  TU: "Tuesday",
  WE: "Wednesday",
  TH: "Thursday",
  FR: "Friday",
  SA: "Saturday",
  SU: "Sunday",
};
const ORDER = Object.keys(DAYS);
const KINDS: Readonly<Record<string, string>> = { "MO,TU,WE,TH,FR": "weekday", "SA,SU": "weekend day", ...DAYS };
const MONTHS = "January February March April May June July August September October November December".split(" ");
const EVERY_MONTH = "every month";
const FIRST = "1 January 2001"; // where the server counts from if no DTSTART says another
const SAID: ReadonlySet<string> = new Set(
  "FREQ INTERVAL WKST BYMONTH BYMONTHDAY BYDAY BYSETPOS BYHOUR BYMINUTE BYSECOND".split(" "),
);

/** As `09:00, Monday to Friday`; nothing for a rule that needs more words than that. */
export function inWords(rule: string): string | undefined {
  const text = rule.trim().toUpperCase().replace(/^RRULE:/, "");
  const fields = new Map(text.split(";").map((field) => field.split("=", 2) as [string, string | undefined]));
  if ([...fields].some(([name, value]) => !SAID.has(name) || !value)) return undefined;
  if ((fields.get("BYSECOND") ?? "0") !== "0") return undefined;
  const hours = numbers(fields.get("BYHOUR") ?? "0");
  const minutes = numbers(fields.get("BYMINUTE") ?? "0");
  const times = hours.flatMap((hour) => minutes.map((minute) => `${two(hour)}:${two(minute)}`));
  // One of several counts the times of a day, too.
  if (times.length > (fields.has("BYSETPOS") ? 1 : 4)) return undefined;
  const days = daysOf(fields);
  return days && `${listed(times)}, ${days}`;
}

type Fields = ReadonlyMap<string, string | undefined>;

/** The days of a rule; nothing where it says more of them than is told here. */
function daysOf(fields: Fields): string | undefined {
  const interval = Number(fields.get("INTERVAL") ?? "1");
  const months = monthsOf(fields, interval);
  if (!months) return undefined;
  const frequency = fields.get("FREQ");
  if (frequency === "MONTHLY" || (frequency === "YEARLY" && interval === 1 && fields.has("BYMONTH"))) {
    const days = daysOfMonth(fields, months === EVERY_MONTH);
    return days && `the ${days} of ${months}`;
  }
  const daily = frequency === "DAILY";
  if ((!daily && frequency !== "WEEKLY") || fields.has("BYMONTHDAY") || fields.has("BYSETPOS")) return undefined;
  const days = daysOfWeek(fields.get("BYDAY") ?? (daily ? ORDER.join() : "MO"));
  if (interval === 1) return days && `${days}${months === EVERY_MONTH ? "" : ` in ${months}`}`;
  if (daily) return fields.has("BYDAY") ? undefined : `every ${nth(interval)} day, counted from ${FIRST}`;
  // Which weeks are left out depends on the day that a week begins with.
  const isUsual = (fields.get("WKST") ?? "MO") === "MO";
  return days && isUsual ? `${days} of every ${nth(interval)} week, counted from ${FIRST}` : undefined;
}

/** `every month`, or those that are named or not left out. */
function monthsOf(fields: Fields, interval: number): string | undefined {
  const list = fields.get("BYMONTH");
  if (list) return interval === 1 ? listed(numbers(list).map((month) => MONTHS[month - 1] ?? "")) : undefined;
  if (interval === 1 || fields.get("FREQ") !== "MONTHLY") return EVERY_MONTH;
  return 12 % interval ? undefined : listed(MONTHS.filter((_, place) => place % interval === 0));
}

/** `1st and 15th`, `2nd Monday`, `last weekday`; in `every` month: none that some months do not have. */
function daysOfMonth(fields: Fields, every: boolean): string | undefined {
  const list = fields.get("BYDAY");
  const places = fields.get("BYSETPOS");
  const isRare = (all: readonly number[], most: number) => every && all.some((place) => Math.abs(place) > most);
  if (!list) {
    const days = numbers(fields.get("BYMONTHDAY") ?? "1");
    if (places || isRare(days, 28)) return undefined;
    return listed(days.map((day) => `${nth(day)}${day < 0 ? " day" : ""}`));
  }
  if (fields.has("BYMONTHDAY")) return undefined;
  const days = list.split(",");
  if (places) {
    const kind = days.every((day) => day in DAYS) && KINDS[ORDER.filter((day) => days.includes(day)).join()];
    const which = numbers(places);
    if (!kind || fields.get("FREQ") !== "MONTHLY" || isRare(which, 4)) return undefined;
    return `${listed(which.map(nth))} ${kind}`;
  }
  const which = days.map((day) => Number(day.slice(0, -2)));
  if (!which.every(Boolean) || isRare(which, 4)) return undefined;
  return listed(days.map((day, at) => `${nth(which[at] ?? 0)} ${DAYS[day.slice(-2)]}`));
}

/** `Monday to Friday`, `Saturday and Sunday`, `every day`. */
function daysOfWeek(list: string): string | undefined {
  const named = list.split(",");
  if (!named.every((day) => day in DAYS)) return undefined;
  const days = ORDER.filter((day) => named.includes(day));
  if (days.length === ORDER.length) return "every day";
  const [from = "", to = ""] = [days[0], days.at(-1)];
  const inARow = ORDER.indexOf(to) - ORDER.indexOf(from) === days.length - 1;
  if (inARow && days.length > 2) return `${DAYS[from]} to ${DAYS[to]}`;
  return listed(days.map((day) => DAYS[day] ?? day));
}

const plurals = new Intl.PluralRules("en", { type: "ordinal" });
const ENDS: Partial<Record<Intl.LDMLPluralRule, string>> = { one: "st", two: "nd", few: "rd" };

/** `3rd`; from the end `last`, `2nd last`. */
function nth(place: number): string {
  if (place === -1) return "last";
  return place < 0 ? `${nth(-place)} last` : `${place}${ENDS[plurals.select(place)] ?? "th"}`;
}

/** In order; what counts from the end comes last. */
function numbers(list: string): number[] {
  return list.split(",").map(Number).sort((a, b) => Number(a < 0) - Number(b < 0) || a - b);
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
