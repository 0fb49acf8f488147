import { describe, expect, it } from "vitest";
import { title, value } from "../src/configuration/settings";

describe("a setting of a policy in words", () => {
  it.each([
    ["approval", { required: 1, teams: [], users: [], exclude_author: true }, "1, not the author"],
    ["approval", { required: 2, teams: ["platform"], users: ["ada"] }, "2 from team platform, ada"],
    ["approval", null, "none"],
    ["auto_merge", false, "no"],
    ["soak_seconds", 5400, "1h 30m"],
    ["action", "pr", "pull request"],
  ])("%s %o is %s", (name, given, words) => {
    expect(value(name, given)).toBe(words);
  });

  it("has a title without what only the API needs", () => {
    expect(title("pre_action")).toBe("Pre-action");
    expect(title("soak_seconds")).toBe("Soak");
  });
});
