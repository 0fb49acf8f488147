/** When a window begins, in words, where its rule (RFC 5545) says no more than days and times. */

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
const MONTHS = "January February March April May June July August September October November December".split(" ");
const TIMES = ["FREQ", "INTERVAL", "WKST", "BYHOUR", "BYMINUTE", "BYSECOND"];
const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  DAILY: new Set([...TIMES, "BYDAY"]),
  WEEKLY: new Set([...TIMES, "BYDAY"]),
  YEARLY: new Set([...TIMES, "BYMONTH", "BYMONTHDAY"]),
};

/** As `09:00, Monday to Friday`; nothing for a rule that needs more words than that. */
export function inWords(rule: string): string | undefined {
  const text = rule.trim().toUpperCase().replace(/^RRULE:/, "");
  const fields = new Map(text.split(";").map((field) => field.split("=", 2) as [string, string | undefined]));
  const frequency = fields.get("FREQ") ?? "";
  const known = KNOWN[frequency];
  if ([...fields].some(([name, value]) => !known?.has(name) || !value)) return undefined;
  if ((fields.get("INTERVAL") ?? "1") !== "1" || (fields.get("BYSECOND") ?? "0") !== "0") return undefined;
  const days = frequency === "YEARLY" ? dayOfYear(fields) : daysOfWeek(fields, frequency);
  const hours = numbers(fields.get("BYHOUR"));
  const minutes = numbers(fields.get("BYMINUTE"));
  if (!days || hours.length * minutes.length > 4) return undefined;
  const times = hours.flatMap((hour) => minutes.map((minute) => `${two(hour)}:${two(minute)}`));
  return `${listed(times)}, ${days}`;
}

type Fields = ReadonlyMap<string, string | undefined>;

/** `28 May`, where it is one day. */
function dayOfYear(fields: Fields): string | undefined {
  const [day, month] = [Number(fields.get("BYMONTHDAY")), MONTHS[Number(fields.get("BYMONTH")) - 1]];
  return day > 0 && month ? `${day} ${month}` : undefined;
}

/** `Monday to Friday`, `Saturday and Sunday`, `every day`. */
function daysOfWeek(fields: Fields, frequency: string): string | undefined {
  // As the server takes them that name none: from Monday 1 January 2001, midnight, on.
  const named = (fields.get("BYDAY") ?? (frequency === "DAILY" ? ORDER.join() : "MO")).split(",");
  if (!named.every((day) => day in DAYS)) return undefined;
  const days = ORDER.filter((day) => named.includes(day));
  if (days.length === ORDER.length) return "every day";
  const [from = "", to = ""] = [days[0], days.at(-1)];
  const inARow = ORDER.indexOf(to) - ORDER.indexOf(from) === days.length - 1;
  if (inARow && days.length > 2) return `${DAYS[from]} to ${DAYS[to]}`;
  return listed(days.map((day) => DAYS[day] ?? day));
}

function numbers(list = "0"): number[] {
  return list.split(",").map(Number).sort((a, b) => a - b);
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
