import { describe, expect, it } from "vitest";
import { changed, counted, pairs, parse, shownAtOnce } from "../src/kit/patch";

const PATCH = `--- a/values.yaml
+++ b/values.yaml
@@ -14,4 +14,5 @@ image:
 image:
-  tag: "2.14.0"
+  tag: "2.14.1"
+  pullPolicy: Always
 refunds:
-  batchSize: 500
@@ -30 +31 @@
-old
+new
\\ No newline at end of file
`;

describe("a patch", () => {
  it("is read into hunks whose lines know their numbers", () => {
    const [first, second] = parse(PATCH);
    expect(first?.title).toBe("image:");
    expect(first?.lines.map((line) => [line.sign, line.old, line.new])).toEqual([
      [" ", 14, 14],
      ["-", 15, null],
      ["+", null, 15],
      ["+", null, 16],
      [" ", 16, 17],
      ["-", 17, null],
    ]);
    expect(second?.lines).toHaveLength(2);
    expect(counted(parse(PATCH))).toEqual({ plus: 3, minus: 3 });
  });

  it("is shown with what went out beside what came in", () => {
    const lines = parse(PATCH)[0]?.lines ?? [];
    expect(pairs(lines).map(({ left, right }) => [left?.text, right?.text])).toEqual([
      ["image:", "image:"],
      ['  tag: "2.14.0"', '  tag: "2.14.1"'],
      [undefined, "  pullPolicy: Always"],
      ["refunds:", "refunds:"],
      ["  batchSize: 500", undefined],
    ]);
  });

  it("marks whole words and versions that changed in a line, and nothing in another line altogether", () => {
    const marked = (a: string, b: string) => {
      const part = changed(a, b);
      return part && [a.slice(part.from, part.toA), b.slice(part.from, part.toB)];
    };
    expect(marked("tag: 1.1.0", "tag: 1.2.0")).toEqual(["1.1.0", "1.2.0"]);
    expect(marked('tag: "1.44.2-a3" # cart', 'tag: "1.44.3-b3" # cart')).toEqual(["1.44.2-a3", "1.44.3-b3"]);
    expect(marked("image: shop/cart:1.9", "image: shop/cart:1.10")).toEqual(["1.9", "1.10"]);
    expect(marked("level: warning", "level: warnings")).toEqual(["warning", "warnings"]);
    expect(marked("args: a b", "args: a new b")).toEqual(["", "new "]);
    expect(marked("on: true", "on: true # always")).toEqual(["", " # always"]);
    expect(marked("replicas: 3", "a wholly different line")).toBeNull();
  });
});

describe("many files", () => {
  it("are shown from the first on, without those for which there are too many lines", () => {
    const file = (lines: number) => ({ patch: "+x\n".repeat(lines - 1) });
    const [first, large, last] = [file(500), file(1_600), file(1_500)] as const;
    expect(shownAtOnce([first, large, last])).toEqual(new Set([first, last]));
  });
});
