import { describe, expect, it } from "vitest";
import { inWords } from "../src/environments/rules";

describe("rules of windows", () => {
  it.each([
    ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=30", "09:30, Monday to Friday"],
    ["RRULE:FREQ=WEEKLY;BYDAY=SU,SA;BYHOUR=0;BYMINUTE=0;BYSECOND=0", "00:00, Saturday and Sunday"],
    ["freq=daily;byhour=16,9", "09:00 and 16:00, every day"],
    ["FREQ=WEEKLY;BYDAY=MO,WE,FR;BYHOUR=8", "08:00, Monday, Wednesday and Friday"],
    ["FREQ=DAILY;BYDAY=TU;BYHOUR=8;WKST=MO", "08:00, Tuesday"],
    ["FREQ=WEEKLY;INTERVAL=1", "00:00, Monday"],
    ["FREQ=DAILY", "00:00, every day"],
    ["FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=28", "00:00, 28 May"],
  ])("%s begins at %s", (rule, words) => {
    expect(inWords(rule)).toBe(words);
  });

  it.each([
    "FREQ=MONTHLY;BYDAY=1MO",
    "FREQ=WEEKLY;BYDAY=2MO",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
    "FREQ=DAILY;UNTIL=20270101T000000Z",
    "FREQ=HOURLY",
    "FREQ=YEARLY;BYMONTH=5",
    "FREQ=YEARLY;BYMONTH=5,6;BYMONTHDAY=1",
    "FREQ=DAILY;BYMONTH=5",
    "DTSTART:20260105T080000\nRRULE:FREQ=DAILY",
    "FREQ=DAILY;BYHOUR=1,2,3,4,5",
    "FREQ=DAILY;BYDAY=",
    "",
  ])("leaves %s as it is", (rule) => {
    expect(inWords(rule)).toBeUndefined();
  });
});
