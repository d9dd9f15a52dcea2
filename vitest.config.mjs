// Unit tests import from src; tests of the whole import the package by its name, and get what was built.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { wasmPlugin } from './scripts/wasm-plugin.mjs';

const built = (name) => fileURLToPath(new URL(`./dist/${name}`, import.meta.url));

export default defineConfig({
  plugins: [wasmPlugin()],
  resolve: {
    alias: [
      { find: /^simdex$/, replacement: built('index.node.js') },
      { find: /^simdex\/kernel$/, replacement: built('kernel.js') },
      { find: /^simdex\/metrics$/, replacement: built('metrics.js') },
      { find: /^simdex\/worker$/, replacement: built('worker.node.js') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // What was built runs as Node runs it, untransformed: it starts worker threads by its own URL.
    server: { deps: { external: [/\/dist\//] } },
    // For what hangs; a busy machine is merely slow.
    testTimeout: 120_000,
  },
});
