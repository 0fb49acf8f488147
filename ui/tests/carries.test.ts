import { describe, expect, it } from "vitest";
import * as told from "../src/release/carries";

const in_ = (environments: string[], ...numbers: number[]) => ({
  environments,
  releases: numbers.map((n) => `shop-${n}`),
  total: numbers.length,
});

describe("what a release also carries", () => {
  it("is told together for environments where it is the same", () => {
    const carries = [in_(["qa"], 3), in_(["prod-eu", "prod-us"], 1, 2, 3)];
    expect(told.sentence(carries)).toBe("Also carries shop-3 to qa; shop-1 to 3 to prod-eu and prod-us");
    expect(told.most(carries)).toBe(3);
    expect(told.most([])).toBe(0);
  });

  it("names releases in a row by the first and the last, others one by one", () => {
    const words = (...numbers: number[]) =>
      told.pieces(in_(["qa"], ...numbers).releases).map((piece) => piece.before + piece.words).join("");
    expect([words(7), words(7, 8), words(7, 8, 9), words(7, 9, 12)]).toEqual([
      "shop-7",
      "shop-7 and 8",
      "shop-7 to 9",
      "shop-7, 9 and 12",
    ]);
  });

  it("says how many there are before those that are named", () => {
    expect(told.sentence([{ ...in_(["qa"], 7, 9), total: 30 }])).toBe("Also carries shop-7 and 9 (and 28 before) to qa");
  });
});
