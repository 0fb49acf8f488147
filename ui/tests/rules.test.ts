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
    ["FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=28", "00:00, the 28th of May"],
    ["FREQ=YEARLY;BYMONTH=12,1;BYMONTHDAY=31", "00:00, the 31st of January and December"],
    ["FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;BYHOUR=18", "18:00, the 4th Thursday of November"],
    ["FREQ=DAILY;BYMONTH=12", "00:00, every day in December"],
    ["FREQ=WEEKLY;BYMONTH=12;BYDAY=SA,SU", "00:00, Saturday and Sunday in December"],
    ["FREQ=YEARLY;BYMONTH=5", "00:00, the 1st of May"],
    ["FREQ=MONTHLY;BYMONTHDAY=-2,-1", "00:00, the 2nd last day and last day of every month"],
    ["FREQ=MONTHLY", "00:00, the 1st of every month"],
    ["FREQ=MONTHLY;BYDAY=1MO;BYHOUR=9;BYMINUTE=30", "09:30, the 1st Monday of every month"],
    ["FREQ=MONTHLY;BYDAY=2TU,-1FR", "00:00, the 2nd Tuesday and last Friday of every month"],
    ["FREQ=MONTHLY;BYMONTHDAY=-1,15,1", "00:00, the 1st, 15th and last day of every month"],
    ["FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", "00:00, the 1st of January, April, July and October"],
    ["FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=8", "08:00, the last weekday of every month"],
    ["FREQ=MONTHLY;BYDAY=SA;BYSETPOS=3", "00:00, the 3rd Saturday of every month"],
    ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "00:00, Monday of every 2nd week, counted from 1 January 2001"],
    ["FREQ=DAILY;INTERVAL=3;BYHOUR=6", "06:00, every 3rd day, counted from 1 January 2001"],
  ])("%s begins at %s", (rule, words) => {
    expect(inWords(rule)).toBe(words);
  });

  it.each([
    "FREQ=MONTHLY;BYDAY=MO",
    "FREQ=MONTHLY;BYDAY=1MO,TU",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    "FREQ=MONTHLY;BYDAY=5MO",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=MONTHLY;INTERVAL=5",
    "FREQ=MONTHLY;BYMONTHDAY=1,2;BYSETPOS=-1",
    "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;BYHOUR=8,16",
    "FREQ=WEEKLY;BYDAY=2MO",
    "FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=1",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU",
    "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
    "FREQ=DAILY;INTERVAL=2;BYMONTH=5",
    "FREQ=DAILY;BYMONTHDAY=1",
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYDAY=1MO",
    "FREQ=YEARLY;BYMONTHDAY=1",
    "FREQ=YEARLY;BYMONTH=1,2;BYDAY=MO;BYSETPOS=1",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=1",
    "FREQ=DAILY;UNTIL=20270101T000000Z",
    "FREQ=HOURLY",
    "FREQ=YEARLY;BYWEEKNO=1",
    "DTSTART:20260105T080000\nRRULE:FREQ=DAILY",
    "FREQ=DAILY;BYHOUR=1,2,3,4,5",
    "FREQ=DAILY;BYDAY=",
    "",
  ])("leaves %s as it is", (rule) => {
    expect(inWords(rule)).toBeUndefined();
  });
});
