import { describe, expect, it } from "vitest";
import { search } from "../src/api/client";
import { asked, readFilters } from "../src/releases/filters";

const NOW = Date.parse("2026-11-26T12:00:30Z");

describe("filters", () => {
  it("are read from the address, and what makes no sense is left out", () => {
    expect(
      readFilters({ q: "pay", status: ["failed", "nonsense"], since: "soon", until: "2026-11-01", ended: "yes" }),
    ).toEqual({ q: "pay", status: ["failed"], until: "2026-11-01" });
    expect(readFilters({ status: "failed", q: 12 })).toEqual({ status: ["failed"], q: "12" });
  });

  it("are asked of the server in its words", () => {
    const query = asked({ q: "pay", status: ["failed", "error"], environment: "qa", at: ["failed"], since: "7d" }, NOW);
    expect(query).toEqual({
      q: "pay*",
      status: ["failed", "error"],
      environment: "qa",
      environment_status: ["failed"],
      since: "2026-11-19T12:00:00.000Z",
      until: undefined,
    });
    expect(search(query)).toContain("status=failed&status=error&");
  });

  it("of days take the whole last day", () => {
    const { since, until } = asked({ since: "2026-11-01", until: "2026-11-02" }, NOW);
    expect(Date.parse(String(until)) - Date.parse(String(since))).toBe(2 * 86_400_000);
  });
});
