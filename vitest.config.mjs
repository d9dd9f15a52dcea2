// Unit tests import from src; tests of the whole import the package by its name, and get what was built. The common suite
// (test/common) runs in Node and in pages of every kind that Chromium can show.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumFlags, findChromium } from './scripts/find-chromium.mjs';
import { pageProject, SLOW, testTimeout } from './scripts/page-project.mjs';
import { pageScriptPlugin } from './scripts/page-script-plugin.mjs';
import { isolation } from './scripts/page-server.mjs';
import { wasmPlugin } from './scripts/wasm-plugin.mjs';

const built = (name) => fileURLToPath(new URL(`./dist/${name}`, import.meta.url));

/** Folders whose files leave nothing behind: they share processes. */
const PURE = ['base', 'formats', 'memory', 'metrics', 'monitoring', 'reporting', 'vectors'].map(
  (name) => `test/${name}/**/*.test.ts`,
);

/**
 * Node 20 aborts the process now and then when a thread ends while V8 still compiles for it in the background. The tests end many thousands
 * of threads in the middle of their work, so V8 compiles on the thread itself there.
 */
const COMPILE_AT_ONCE = ['--no-concurrent-recompilation'];

const node = {
  plugins: [wasmPlugin(), pageScriptPlugin()],
  resolve: {
    alias: [
      { find: /^simdex$/, replacement: built('index.node.js') },
      { find: /^simdex\/bullmq$/, replacement: built('index.bullmq.js') },
      { find: /^simdex\/kernel$/, replacement: built('kernel.js') },
      { find: /^simdex\/metrics$/, replacement: built('metrics.js') },
      { find: /^simdex\/monitor-element$/, replacement: built('monitor-element.js') },
      { find: /^simdex\/monitor-events$/, replacement: built('monitor-events.js') },
      { find: /^simdex\/report$/, replacement: built('report.js') },
      { find: /^simdex\/server$/, replacement: built('index.server.js') },
      { find: /^simdex\/worker$/, replacement: built('worker.node.js') },
    ],
  },
  test: {
    name: 'node',
    include: ['test/**/*.test.ts'],
    exclude: ['test/pages/**', SLOW, ...PURE],
    // What was built runs as Node runs it, untransformed: it starts worker threads by its own URL.
    server: { deps: { external: [/\/dist\//] } },
    provide: { environment: { kernel: 'auto', backend: { kernel: 'simd', shared: true } } },
    testTimeout,
    execArgv: COMPILE_AT_ONCE,
  },
};

const pure = {
  ...node,
  test: { ...node.test, name: 'pure', include: PURE, exclude: [SLOW], isolate: false },
};

/** Files that take long, by themselves: `npm run test:slow` runs all projects whose name begins so. */
const slow = {
  ...node,
  test: { ...node.test, name: 'slow', include: [SLOW], exclude: [] },
};

/** A page of one kind in Chromium. */
const page = (name, options) =>
  pageProject(name, {
    ...options,
    browser: {
      provider: playwright({ launchOptions: { executablePath: findChromium(), args: chromiumFlags } }),
      instances: [{ browser: 'chromium' }],
    },
  });

/** What a caller may ask for and what a monitor tells: the same code wherever the kernel and the workers come from. */
const ABOVE_KERNEL = ['options', 'real-time'];

/** A kind of page that only gets its kernel or its workers in another way: the quick tests run one file in it, the slow tests the others. */
const sameCode = (name, options) => [
  page(name, { ...options, files: ['test/common/numbers.test.ts'] }),
  page(`slow: ${name}`, { ...options, without: [...ABOVE_KERNEL, 'numbers'] }),
];

/** The calling thread does all, with the JavaScript kernel: searches take long. */
const withoutWorkers = {
  headers: isolation,
  setupFiles: ['test/pages/policies/no-workers.ts'],
  backend: { kernel: 'javascript', shared: false },
};

const pages = [
  page('page', { headers: isolation, backend: { kernel: 'simd', shared: true } }),
  page('page without isolation', { backend: { kernel: 'simd', shared: false } }),
  ...sameCode('page, inline', {
    headers: isolation,
    entry: 'index.inline.js',
    backend: { kernel: 'simd', shared: true },
  }),
  ...sameCode('page with a strict policy', {
    headers: isolation,
    setupFiles: ['test/pages/policies/strict.ts'],
    backend: { kernel: 'simd', shared: true },
  }),
  ...sameCode('page, JavaScript kernel', {
    headers: isolation,
    kernel: 'javascript',
    backend: { kernel: 'javascript', shared: true },
  }),
  page('page without workers', { ...withoutWorkers, without: ['search'] }),
  page('slow: page without workers', { ...withoutWorkers, files: ['test/common/search.test.ts'] }),
];

if (!findChromium()) console.error('No Chromium: tests in browsers are skipped. See scripts/find-chromium.mjs.');

// Most tests wait for processes, threads and pages half of their time, so two files at a time keep a core busy.
export default defineConfig({
  test: { maxWorkers: 2 * availableParallelism(), projects: [node, pure, slow, ...(findChromium() ? pages : [])] },
});
