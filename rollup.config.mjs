import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { pageScriptPlugin } from './scripts/page-script-plugin.mjs';
import { wasmPlugin } from './scripts/wasm-plugin.mjs';
import { workerPlugin } from './scripts/worker-plugin.mjs';

const packages = [
  '@assemblyscript/loader',
  'tinypool',
  'fflate',
  'commander',
  'cli-progress',
  'picocolors',
  'benchmark',
  'hyparquet',
  'apache-arrow',
  'h5wasm',
  'h5wasm/node',
];

// Entries are found beside their chunks: the worker is found relative to whichever file asks for it.
const output = { dir: 'dist', format: 'es', sourcemap: true };
// TypeScript's helper for `await using` looks for a shared copy of itself on `this`.
const context = 'globalThis';

const node = {
  input: {
    'index.node': 'build/js/index.node.js',
    kernel: 'build/js/index.kernel.js',
    metrics: 'build/js/index.metrics.js',
    'monitor-events': 'build/js/index.monitor-events.js',
    report: 'build/js/index.report.js',
    cli: 'build/js/cli/main.js',
    // For what describes the command: scripts/docs.mjs.
    'cli-program': 'build/js/cli/program.js',
    'worker.node': 'build/js/workers/node/worker.js',
  },
  output: { ...output, chunkFileNames: 'chunk-[name].js' },
  context,
  external: (id) => id.startsWith('node:') || packages.includes(id),
  plugins: [wasmPlugin(), pageScriptPlugin()],
};

// Pages load these as they are, too: nothing is imported by a bare name, and they are small.
const pageOutput = { ...output, chunkFileNames: 'browser-[name].js' };
const pagePlugins = [wasmPlugin(), workerPlugin(), pageLoader(), minify()];

/** One file, since it may be served by itself, and since simdex/inline has it as text: built before that. */
const pageWorker = {
  input: { 'worker.browser': 'build/js/workers/browser/worker.js' },
  output: pageOutput,
  context,
  plugins: pagePlugins,
};

/** One file as well: a process that has an element show its monitor serves nothing else. */
const pageElement = {
  input: { 'monitor-element': 'build/js/index.monitor-element.js' },
  output: pageOutput,
  plugins: [minify()],
};

const page = {
  input: {
    'index.browser': 'build/js/index.browser.js',
    'index.inline': 'build/js/index.inline.js',
    'kernel.browser': 'build/js/index.kernel.js',
  },
  output: pageOutput,
  context,
  plugins: pagePlugins,
};

export default [node, pageWorker, pageElement, page];

function pageLoader() {
  const file = fileURLToPath(new URL('build/js/kernel/page-loader.js', import.meta.url));
  return { name: 'page-loader', resolveId: (id) => (id === '@assemblyscript/loader' ? file : null) };
}

function minify() {
  return {
    name: 'minify',
    async renderChunk(code) {
      const { code: small, map } = await transform(code, { minify: true, sourcemap: true, target: 'es2022' });
      return { code: small, map };
    },
  };
}
