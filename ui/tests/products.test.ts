import { describe, expect, it } from "vitest";
import type { ProductItem } from "../src/api/schema";
import { needs } from "../src/products/needs";
import { answers } from "./answers";

const [checkout] = answers.products.items.filter((each) => each.name === "checkout") as [ProductItem];
const coming = checkout.environments.flatMap((each) => each.on_its_way)[0] as ProductItem["environments"][number]["on_its_way"][number];

describe("what needs someone", () => {
  it("is said once for a release that waits for the same in several environments", () => {
    const waits = { ...coming, release: "checkout-140", status: "suspended" as const, sentence: "needs an approval" };
    const environments = checkout.environments.map((each) => ({
      ...each,
      on_its_way: each.name.startsWith("prod") ? [waits] : [],
    }));
    const [need, ...others] = needs([{ ...checkout, latest: null, environments }]);
    expect(others).toEqual([]);
    expect(need?.environments).toEqual(["prod-eu", "prod-us"]);
    expect(need?.release).toBe("checkout-140");
  });

  it("is one for each reason", () => {
    const all = needs(answers.products.items);
    expect(new Set(all.map((each) => `${each.release} ${each.status} ${each.why}`)).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(2);
  });
});
