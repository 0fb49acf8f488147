import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const BUILT = "../src/towpath/api/built_ui";
const SERVER = process.env.TOWPATH_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), compiledAtOnce(), packed(BUILT)],
  // The server puts a fresh nonce in the place of this word.
  html: { cspNonce: "TOWPATH_CSP_NONCE" },
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // the first that know light-dark()
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": SERVER, "/version": SERVER, "/openapi.json": SERVER } },
  test: { environment: "node", testTimeout: 30_000, include: ["tests/**/*.test.{ts,tsx}"], restoreMocks: true },
});

/**
 * Have Chromium compile what it loads while it loads it, beside the page, and not function by function
 * when each is first called, which keeps the page from drawing. Elsewhere it is a comment.
 * Source: https://v8.dev/blog/explicit-compile-hints
 */
function compiledAtOnce(): Plugin {
  return {
    name: "compiled-at-once",
    apply: "build",
    generateBundle: {
      order: "post", // the comment must be the first line
      handler(_, bundle) {
        for (const part of Object.values(bundle)) {
          if (part.type === "chunk") part.code = `//# allFunctionsCalledOnLoad\n${part.code}`;
        }
      },
    },
  };
}

/** Beside every file its compressed forms, so that the server only has to send them. */
function packed(folder: string): Plugin {
  return {
    name: "packed",
    apply: "build",
    async writeBundle() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile() && /\.(js|css|svg|json)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name));
      await Promise.all(files.map(pack));
    },
  };
}

async function pack(file: string): Promise<void> {
  const plain = await readFile(file);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 10 };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(plain, { params: quality }));
  await writeFile(`${file}.gz`, await promisify(gzip)(plain, { level: 9 }));
}
