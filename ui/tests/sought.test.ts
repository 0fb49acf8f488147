import { describe, expect, it } from "vitest";
import { found } from "../src/environments/sought";
import { answers } from "./answers";

const environments = answers.environments.items;
const nothing = { q: "", status: undefined, onlyLocked: false };

function look(sought: Parameters<typeof found>[2]) {
  const { rows, columns } = found(environments, answers.products.items, sought);
  return [rows.map((row) => row.name), columns.map((column) => column.name)];
}

describe("the board of environments", () => {
  it("has a column for each, always the same ones, while nothing is looked for", () => {
    expect(found(environments, answers.products.items, nothing).columns).toBe(environments);
    expect(look(nothing)[0]).toEqual(answers.products.items.map((each) => each.name));
  });

  it("shows the environments of a name, else all those of the products of that name", () => {
    expect(look({ ...nothing, q: "QA" })[1]).toEqual(["qa"]);
    expect(look({ ...nothing, q: "check" })).toEqual([
      ["checkout"],
      ["dev", "qa", "load-test", "staging", "prod-eu", "prod-us"],
    ]);
    expect(look({ ...nothing, q: "nobody" })).toEqual([[], []]);
  });

  it("shows only where something stands as asked, beside each other", () => {
    expect(look({ ...nothing, status: "running" })).toEqual([
      ["catalog", "checkout", "inventory", "search"],
      ["dev", "qa", "load-test", "staging"],
    ]);
    expect(look({ q: "qa", status: "running", onlyLocked: false })).toEqual([["catalog"], ["qa"]]);
    expect(look({ ...nothing, onlyLocked: true })).toEqual([[], []]);
  });
});
