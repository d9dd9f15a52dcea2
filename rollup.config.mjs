import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dts } from 'rollup-plugin-dts';
import { minify as terser } from 'terser';
import { forUnsharedMemory } from './build/js/src/kernel/compile-bytes.js';
import { pageLoaderPlugin } from './scripts/page-loader-plugin.mjs';
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
  'fastify',
  'lmdb',
  'bullmq',
  'ioredis',
];

const built = (file) => fileURLToPath(new URL(`build/js/src/${file}`, import.meta.url));
const withoutSharedMemory = ['message', 'calling-thread'].map((name) => built(`engine/lanes/${name}-lanes.js`));
const withoutSearches = [
  'indexing/monitored-parallel-indexer',
  'formats/read-blob',
  'kernel/search/compile-search-kernel',
].map((name) => built(`${name}.js`));
const saved = ['formats/saved-index', 'formats/file-access', 'formats/checksum', 'base/float16'].map((name) =>
  built(`${name}.js`),
);
const rowsInFile = ['file/load-in-file', 'file/build-in-file', 'load-compact'].map((name) =>
  built(`search/${name}.js`),
);
const engine = [built('indexing/parallel-indexer.js'), built('engine/lanes/browser/platform.js')];

// Entries are found beside their chunks: the worker is found relative to whichever file asks for it.
// The maps are for those who work on simdex: no file names them, and the package has none.
const output = { dir: 'dist', format: 'es', sourcemap: 'hidden' };
// TypeScript's helper for `await using` looks for a shared copy of itself on `this`.
const context = 'globalThis';

/** Comments that tell bundlers not to follow an import. */
const FOR_BUNDLERS = /webpackIgnore|turbopackIgnore|@vite-ignore/;

const node = {
  input: {
    'index.node': 'build/js/src/index.node.js',
    kernel: 'build/js/src/index.kernel.js',
    metrics: 'build/js/src/index.metrics.js',
    'monitor-events': 'build/js/src/index.monitor-events.js',
    'index.server': 'build/js/src/index.server.js',
    'index.bullmq': 'build/js/src/index.bullmq.js',
    report: 'build/js/src/index.report.js',
    cli: 'build/js/src/cli/main.js',
    // The process of a worker.
    'work-unit': 'build/js/src/cli/work-unit.js',
    // For what describes the command: scripts/docs.mjs.
    'cli-program': 'build/js/src/cli/program.js',
  },
  // Node opens all files that another one imports at the same time: few of them, so that a command starts with few file descriptors left.
  output: { ...output, chunkFileNames: 'chunk-[name].js', experimentalMinChunkSize: 2 ** 15 },
  context,
  external: (id) => id.startsWith('node:') || packages.includes(id),
  plugins: [
    clean('dist'),
    kernelFiles(),
    reportsByName(),
    wasmPlugin(),
    pageScriptPlugin(),
    minify({ readable: true }),
  ],
};

/**
 * One file: threads start sooner, and one that dies while it loads, for want of file descriptors, leaves few open. Node never closes those
 * that a thread was loading.
 */
const nodeWorker = {
  input: { 'worker.node': 'build/js/src/engine/worker/node.js' },
  output: { ...output, inlineDynamicImports: true },
  context,
  external: node.external,
  plugins: [wasmPlugin(), minify({ readable: true })],
};

// Pages load these as they are, too: nothing is imported by a bare name, and they are small.
const pageOutput = { ...output, chunkFileNames: 'browser-[name].js', hoistTransitiveImports: false };
const pageSources = [reportsByName(), wasmPlugin(), workerPlugin(), pageLoaderPlugin(), unzip()];
const pagePlugins = [...pageSources, minify()];

/** One file each, since they may be served by themselves, and since simdex/inline has them as text: built before that. */
const pageWorkers = Object.entries({
  'worker.browser': 'build/js/src/engine/worker/browser.js',
  'search-worker.browser': 'build/js/src/engine/worker/browser-search.js',
}).map(([name, file]) => ({ input: { [name]: file }, output: pageOutput, context, plugins: pagePlugins }));

/** One file as well: a process that has an element show its monitor serves nothing else. */
const pageElement = {
  input: { 'monitor-element': 'build/js/src/index.monitor-element.js' },
  output: pageOutput,
  plugins: [minify()],
};

/**
 * Loaded when a graph is built, with monitors and reports of its own: a chunk that shared them with the entry would have bundlers take them
 * along in every program.
 */
const GRAPH_REPORT = 'browser-graph-report.js';
const pageGraphReport = {
  input: built('search/graph/measured-build.js'),
  output: { ...pageOutput, entryFileNames: GRAPH_REPORT, inlineDynamicImports: true },
  context,
  plugins: pagePlugins,
};

const page = {
  input: {
    'index.browser': 'build/js/src/index.browser.js',
    'index.inline': 'build/js/src/index.inline.js',
    'kernel.browser': 'build/js/src/index.kernel.js',
  },
  output: {
    ...pageOutput,
    manualChunks: pageChunk,
    paths: { [built('search/graph/measured-build.js')]: `./${GRAPH_REPORT}` },
  },
  context,
  external: built('search/graph/measured-build.js'),
  plugins: pagePlugins,
};

/** One file for places that load nothing later. */
const pageSingle = {
  input: { 'index.single': 'build/js/src/index.single.js' },
  output: { ...pageOutput, inlineDynamicImports: true },
  context,
  plugins: pagePlugins,
};

/** The benchmark suite for bench/browser-suite.mjs, no part of the package. The page knows `benchmark` by an import map. */
const pageSuite = {
  input: { 'suite-page': 'build/js/bench/suite/browser/suite-page.js' },
  output: { dir: 'build/bench', format: 'es', inlineDynamicImports: true },
  context,
  external: ['benchmark'],
  plugins: pageSources,
};

/**
 * Declarations of what the entries export and of nothing else: those of internals name types that programs may not have (of
 * pages, of optional packages). One build, so that a class has one declaration whichever entry gives it.
 */
const declarations = {
  input: Object.fromEntries(
    [
      'index.node',
      'index.browser',
      'index.inline',
      'index.single',
      'index.kernel',
      'index.metrics',
      'index.monitor-element',
      'index.monitor-events',
      'index.report',
      'index.server',
      'index.bullmq',
      'engine/worker/node',
      'engine/worker/browser',
      'engine/worker/browser-search',
    ].map((entry) => [entry, `build/types/src/${entry}.d.ts`]),
  ),
  output: {
    dir: 'dist/types',
    format: 'es',
    entryFileNames: '[name].d.ts',
    chunkFileNames: ({ name }) => `chunk-${name.replace(/\.d$/, '')}.d.ts`,
    // Symbol.dispose, for programs that do not take the newest library of TypeScript.
    banner: '/// <reference lib="esnext.disposable" />',
  },
  plugins: [dts(), kernelTypes()],
};

export default [
  node,
  nodeWorker,
  ...pageWorkers,
  pageElement,
  pageGraphReport,
  page,
  pageSingle,
  pageSuite,
  declarations,
];

/**
 * Bundlers leave out whole files that a program does not need, more surely than parts of one; so what can be used without
 * the rest has a file of its own. Each holds what those before it do not, so that none imports in a circle.
 */
function pageChunk(id, { getModuleInfo }) {
  const file = /build\/js\/src\/(.*)\.js$/.exec(id)?.[1];
  // Entries, and what belongs to one of them.
  if (file === undefined || /^(index\.|api$)|(own|inline)-workers$/.test(file)) return undefined;
  if (reachedFrom([built('index.kernel.js')], getModuleInfo).has(id)) return 'kernel';
  if (reachedFrom(engine, getModuleInfo).has(id)) return 'engine';
  // For those who read or make reports by name: their pages draw graphs. Those of an indexer do not.
  if (/^reporting\/(graph-report|html\/(graph-section|recall-chart))$/.test(file)) return 'report';
  // What is needed for graphs only, and loaded when the first is made; what is asked of one, and told by one, belongs to searches.
  if (/^(kernel|search)\/graph\/(?!graph-options|calibration)/.test(file)) return 'graph';
  if (/^memory\/graph-|^engine\/worker\/(graph-|open-graph)/.test(file)) return 'graph';
  // Of files, of graphs and of rows in a file; loaded with any of them.
  if (/^(formats|base)\//.test(file) && reachedFrom(saved, getModuleInfo).has(id)) return 'saved';
  // The engine loads it when something is searched.
  if (/^kernel\/search\/(compile|instantiate|javascript)/.test(file)) return 'search-kernel';
  // What several of the others need.
  const isShared = reachedFrom(withoutSearches, getModuleInfo).has(id);
  if (isShared && /^(base|vectors|memory|kernel)\//.test(file)) return 'common';
  // Loaded where they are needed only.
  if (reachedFrom(withoutSharedMemory, getModuleInfo).has(id)) return undefined;
  // A chunk that is loaded later and needs another one has bundlers take that one along in every program that needs something of it: so what
  // a graph needs of searches is apart from the index, and from what is needed without searches.
  if (reachedFrom([built('search/graph/index-graph.js')], getModuleInfo).has(id)) return 'searches';
  // Loaded with an index whose rows are less than float32, or stay in their file; and what that needs, as with a graph.
  if (/^search\/(file\/|load-compact)/.test(file)) return 'rows-in-file';
  if (reachedFrom(rowsInFile, getModuleInfo).has(id)) return 'searches';
  // What the calling thread needs to search by itself.
  if (file.startsWith('engine/')) return 'search';
  return /^(monitoring|reporting|formats|search)\//.exec(file)?.[1] ?? 'monitored';
}

function reachedFrom(entries, getModuleInfo) {
  const reached = new Set(entries);
  for (const id of reached) for (const imported of getModuleInfo(id)?.importedIds ?? []) reached.add(imported);
  return reached;
}

/** Removes what earlier builds left; for the first of the builds, which run one after another. */
function clean(folder) {
  return { name: 'clean', buildStart: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What the entries export as the class of reports: their pages tell of graphs. */
function reportsByName() {
  const entries = ['api.js', 'index.report.js'].map(built);
  return {
    name: 'reports-by-name',
    resolveId: (id, importer) =>
      id === './reporting/report.js' && entries.includes(importer) ? built('reporting/graph-report.js') : null,
  };
}

/** Unfolds .npz; pages know no names of packages. */
function unzip() {
  const file = fileURLToPath(new URL('node_modules/fflate/esm/browser.js', import.meta.url));
  return { name: 'unzip', resolveId: (id) => (id === 'fflate' ? file : null) };
}

/** What an import of such a file gives, where bundlers make a module of it. */
function kernelTypes() {
  const source =
    "import type { WasmModule } from './index.browser.js';\ndeclare const kernels: WasmModule;\nexport default kernels;\n";
  return {
    name: 'kernel-types',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'kernels.d.ts', source });
    },
  };
}

/** All kernels in one file, for those who serve them themselves: for shared memory, and for memory that is not. */
function kernelFiles() {
  return {
    name: 'kernel-files',
    generateBundle() {
      const shared = new Uint8Array(readFileSync('build/kernel/all-simd.wasm'));
      this.emitFile({ type: 'asset', fileName: 'simd-shared.wasm', source: shared });
      this.emitFile({ type: 'asset', fileName: 'simd.wasm', source: forUnsharedMemory(shared) });
    },
  };
}

/**
 * ASCII only: a page without a charset reads classic scripts, into which bundlers put this, as windows-1252. What Node runs keeps its names and
 * its lines, for whoever reads a stack.
 */
function minify({ readable = false } = {}) {
  const small = {
    module: true,
    ecma: 2022,
    compress: { passes: 3, reduce_funcs: false },
    format: { ascii_only: true, comments: FOR_BUNDLERS },
  };
  const plain = {
    module: true,
    compress: false,
    mangle: false,
    format: { ascii_only: true, semicolons: false, comments: FOR_BUNDLERS },
  };
  return {
    name: 'minify',
    async renderChunk(code) {
      const options = { ...(readable ? plain : small), sourceMap: { asObject: true } };
      const { code: output, map } = await terser(code, options);
      return { code: output, map };
    },
  };
}
