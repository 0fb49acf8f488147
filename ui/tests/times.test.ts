import { describe, expect, it } from "vitest";
import * as times from "../src/kit/times";

const NOW = Date.parse("2026-11-26T12:00:00Z");

describe("durations", () => {
  it.each([
    [0, "0s"],
    [0.2, "<1s"],
    [38, "38s"],
    [126, "2m 06s"],
    [11_400, "3h 10m"],
    [619_200, "7d 4h"],
    [-5, "0s"],
  ])("shows %d seconds as %s", (seconds, shown) => {
    expect(times.duration(seconds)).toBe(shown);
  });

  it("shows what somebody set without what is nought", () => {
    expect([600, 5400, 86_400, 0, 30].map(times.setDuration)).toEqual(["10m", "1h 30m", "1d", "0s", "30s"]);
  });
});

describe("moments", () => {
  it("are told from now", () => {
    const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
    expect([2, 40, 130, 7300, 700_000].map((s) => times.ago(before(s), NOW))).toEqual([
      "now",
      "40s ago",
      "2m ago",
      "2h ago",
      "8d ago",
    ]);
  });

  it("are the shorter the nearer they are, and exact in UTC on hover", () => {
    expect(times.moment("2026-11-26T11:59:00Z", NOW)).toMatch(/^\d\d:\d\d$/);
    expect(times.moment("2026-11-24T11:59:00Z", NOW)).toMatch(/^Tue \d\d:\d\d$/);
    expect(times.moment("2026-03-24T11:59:00Z", NOW)).toMatch(/^24 Mar \d\d:\d\d$/);
    expect(times.moment("2025-03-24T11:59:00Z", NOW)).toBe("24 Mar 2025");
    expect(times.precise("2026-11-26T11:59:07Z", NOW)).toMatch(/^\d\d:\d\d:07$/);
    expect(times.utc("2026-11-26T11:59:07.12Z")).toBe("2026-11-26 11:59:07 UTC");
  });
});
