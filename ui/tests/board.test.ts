import { describe, expect, it } from "vitest";
import * as board from "../src/product/board";
import { answers } from "./answers";

const columns = board.columns(answers.product, answers.flows.items);
const column = (name: string) => columns.find((each) => each.environment.name === name) as board.Column;

describe("the board of a product", () => {
  it("has a column for each environment, which is fed by the last one before it", () => {
    expect(columns.map((each) => [each.environment.name, each.from])).toEqual([
      ["dev", ""],
      ["qa", "dev"],
      ["load-test", "dev"],
      ["staging", "qa"],
      ["prod-eu", "staging"],
      ["prod-us", "staging"],
    ]);
  });

  it("says how far each is behind, in releases and since when", () => {
    expect(board.behind(column("dev"), columns).words).toBe("where they begin");
    expect(board.behind(column("qa"), columns)).toEqual({ words: "level with dev", since: null });
    expect(board.behind(column("staging"), columns).words).toBe("1 release behind qa");
    const { words, since } = board.behind(column("prod-eu"), columns);
    expect(words).toBe("7 releases behind staging");
    expect(since).toBe(column("staging").cards[0]?.cell?.at);
  });

  it("says of each component how it stands to the column before", () => {
    const levels = (name: string) => column(name).cards.map(board.level);
    expect(levels("dev")).toEqual(["newest", "newest", "newest"]);
    expect(levels("prod-us")).toEqual(["behind staging", "behind staging", "behind staging"]);
  });

  it("says of what somebody changed by hand that it is not what landed", () => {
    const reason = { code: "changed_by_hand", sentence: "", advice: "", data: {}, since: null };
    const subject = `${answers.product.name}/qa/${column("qa").cards[0]?.component ?? ""}`;
    const trouble = [{ scope: "drift", subject, reason, since: "2026-01-01T00:00:00Z" }];
    const [, qa] = board.columns({ ...answers.product, trouble }, answers.flows.items);
    expect(qa?.cards.map(board.level)).toEqual(["changed by hand since", "level with dev", "level with dev"]);
    expect(qa && board.behind(qa, columns).words).not.toBe("level with dev");
  });

  it("offers what comes next first", () => {
    expect(board.targets("qa", columns)).toEqual(["staging", "load-test", "prod-eu", "prod-us"]);
    expect(board.targets("prod-us", columns)).toEqual([]);
  });
});
