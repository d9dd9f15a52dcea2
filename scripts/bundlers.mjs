// Packs simdex, installs the package in an empty folder, builds a small page with each bundler, and has every page index
// and search vectors in Chromium; and small servers, which do so in Node. Ends with status 1 when one does not, or when a bundler
// warns of anything. Optional packages are not installed there, but where a page reads a Parquet file.
//
//   node scripts/bundlers.mjs [--all] [name...]    --all: those as well that are installed for it, or take long
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rspack } from '@rspack/core';
import { build as esbuild } from 'esbuild';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { chromium } from 'playwright';
import { createServer, build as viteBuild } from 'vite';
import webpack from 'webpack';
import { heavyNodeBundlers, nodeBundlers, tryNext, tryNodeBundle } from './bundlers/node.mjs';
import { refuseWarnings, requireNoWarnings, warningLog } from './bundlers/warnings.mjs';
import { chromiumFlags, findChromium } from './find-chromium.mjs';
import { isolation, servePages } from './page-server.mjs';
import { installPackages, packPackage } from './runtimes/install.mjs';

const folder = mkdtempSync(join(tmpdir(), 'simdex-bundlers-'));

/** The program of every page; `entry` is what it imports. */
const program = (entry) => `
import { IndexingPerformanceReport, MonitoredParallelIndexer, VectorIndex } from '${entry}';
const indexer = new MonitoredParallelIndexer(2);
const rows = Array.from({ length: 5000 }, (_, i) => Float32Array.from({ length: 64 }, (_, j) => Math.sin(64 * i + j)));
const result = await indexer.indexVectorsMonitored(rows);
const { normalized, magnitude } = result.vectors.get(4999);
const index = await VectorIndex.build(rows, { threadCount: 2 });
const hits = await index.searchBatch(rows.slice(0, 10), 1);
const graph = { rows: 1, degree: 1, effort: 1, bytes: 1, buildMs: 1, k: 1, curve: [], exactQueriesPerSecond: 1 };
const ofGraph = IndexingPerformanceReport.fromJSON({ ...result.performanceReport.toJSON(), graph });
document.title = JSON.stringify({
  backend: indexer.backend,
  indexed: result.indexedCount,
  magnitude: Math.abs(magnitude - Math.hypot(...rows[4999])) < 1e-5,
  ascending: normalized.every((component, i) => i === 0 || normalized[i - 1] <= component),
  search: index.backend,
  nearest: hits.map(({ ids }) => ids[0]),
  graphOnPage: ofGraph.toHtml().includes('<h2>Graph</h2>'),
});
await indexer.dispose();
await index.dispose();
`;

/** Reads a Parquet file, with the package that reads it registered, or named by an import map. */
const parquetProgram = (entry, registers) => `
import { readVectors${registers ? ', registerPackages' : ''} } from '${entry}';
${registers ? "registerPackages({ hyparquet: () => import('hyparquet') });" : ''}
const response = await fetch('data:application/octet-stream;base64,${parquetFile().toString('base64')}');
const rows = [];
for await (const { data } of readVectors(new File([await response.blob()], 'rows.parquet'))) rows.push(...data);
document.title = JSON.stringify(rows);
`;

function parquetFile() {
  const schema = [
    { name: 'root', num_children: 1 },
    { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ];
  const rows = [
    [3, 4],
    [5, 12],
  ];
  return Buffer.from(parquetWriteBuffer({ schema, columnData: [{ name: 'vector', data: rows }] }));
}

const html = (script) => `<!doctype html><title></title><script type="module" src="${script}"></script>`;

/** Each prepares a page in its folder and gives the folder to serve, or the address of a server of its own. */
const bundlers = {
  /** Vite's optimizer moves dependencies elsewhere, without the files they refer to: the worker's code is loaded as text. */
  'vite dev': (at) => viteDev(at, 'simdex', {}),
  'vite dev, inline': (at) => viteDev(at, 'simdex/inline', {}),
  'vite dev, not optimized': (at) => viteDev(at, 'simdex', { exclude: ['simdex'] }),
  'vite build': (at) => vite(at, program('simdex')),
  webpack: (at) => pack(webpack, at, program('simdex')),
  rspack: (at) => pack(rspack, at, program('simdex')),
  /** esbuild does not follow the URLs of workers. */
  esbuild: (at) => bundleByEsbuild(at, program('simdex')),
  'esbuild, inline': (at) => bundleByEsbuild(at, program('simdex/inline')),
  async 'esbuild, worker beside the bundle'(at) {
    for (const file of ['worker.browser.js', 'search-worker.browser.js']) {
      cpSync(join(folder, 'node_modules/simdex/dist', file), join(at, file));
    }
    return bundleByEsbuild(at, program('simdex'));
  },
  async 'no bundler'(at) {
    writePage(at, program('./simdex/index.browser.js'), './main.js');
    cpSync(join(folder, 'node_modules/simdex/dist'), join(at, 'simdex'), { recursive: true });
    return { root: at };
  },
};

const heavyBundlers = {
  /** As it is set up by itself, without a file of settings. */
  Parcel: (at) => parcel(at, program('simdex')),
};

/** The same for pages that read a Parquet file. */
const parquetBundlers = {
  'vite build, Parquet': (at) => vite(at, parquetProgram('simdex', true)),
  'webpack, Parquet': (at) => pack(webpack, at, parquetProgram('simdex', true)),
  'rspack, Parquet': (at) => pack(rspack, at, parquetProgram('simdex', true)),
  'esbuild, Parquet': (at) => bundleByEsbuild(at, parquetProgram('simdex', true)),
  async 'no bundler, Parquet by an import map'(at) {
    writePage(at, parquetProgram('./simdex/index.browser.js', false), './main.js', {
      hyparquet: './node_modules/hyparquet/src/index.js',
    });
    cpSync(join(folder, 'node_modules/simdex/dist'), join(at, 'simdex'), { recursive: true });
    return { root: at };
  },
};

const heavyParquetBundlers = {
  'Parcel, Parquet': (at) => parcel(at, parquetProgram('simdex', true)),
};

async function viteDev(root, entry, optimizeDeps) {
  writePage(root, program(entry), './main.js');
  const log = warningLog();
  const server = await createServer({
    root,
    configFile: false,
    customLogger: log,
    optimizeDeps,
    server: { port: 0, host: '127.0.0.1', headers: isolation },
  });
  await server.listen();
  const close = async () => {
    await server.close();
    refuseWarnings(log.warnings);
  };
  return { url: server.resolvedUrls.local[0], close };
}

async function vite(at, code) {
  writePage(at, code, './main.js');
  const log = warningLog();
  await viteBuild({ root: at, configFile: false, customLogger: log, build: { target: 'es2022' } });
  refuseWarnings(log.warnings);
  return { root: join(at, 'dist') };
}

async function pack(bundler, at, code) {
  writePage(at, code, './out/main.js');
  const config = {
    mode: 'production',
    target: 'web',
    context: at,
    entry: './main.js',
    experiments: { outputModule: true },
    // It would warn of files of more than 244 kB.
    performance: false,
    output: { path: join(at, 'out'), filename: 'main.js', publicPath: 'auto', module: true },
  };
  const stats = await new Promise((resolve, reject) => {
    bundler(config, (error, result) => (error ? reject(error) : resolve(result)));
  });
  requireNoWarnings(stats);
  return { root: at };
}

async function bundleByEsbuild(at, code) {
  writePage(at, code, './out.js');
  const options = { entryPoints: [join(at, 'main.js')], outfile: join(at, 'out.js'), logLevel: 'silent' };
  const { warnings } = await esbuild({ ...options, bundle: true, format: 'esm' });
  refuseWarnings(warnings.map(({ text }) => text));
  return { root: at };
}

async function parcel(at, code) {
  writePage(at, code, './main.js');
  const tool = join(folder, 'parcel');
  mkdirSync(tool, { recursive: true });
  installPackages(tool, ['parcel@2']);
  // Parcel takes the folder of a lock file for the project's.
  writeFileSync(join(at, 'package.json'), '{"private": true}');
  const args = [join(tool, 'node_modules/parcel/lib/bin.js'), 'build', 'index.html', '--no-cache', '--dist-dir', 'out'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: at });
  refuseWarnings(`${stdout}\n${stderr}`.split('\n').filter((line) => /warning|⚠/i.test(line)));
  return { root: join(at, 'out') };
}

function writePage(at, code, script, imports) {
  writeFileSync(join(at, 'main.js'), code);
  const map = imports ? `<script type="importmap">${JSON.stringify({ imports })}</script>` : '';
  writeFileSync(join(at, 'index.html'), html(script).replace('</title>', `</title>${map}`));
}

const EXPECTED = {
  backend: { kernel: 'simd', threads: 2, shared: true },
  indexed: 5000,
  magnitude: true,
  ascending: true,
  search: { kernel: 'simd', threads: 2, shared: true },
  nearest: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  graphOnPage: true,
};

/** What the page in `at` says when it has indexed. */
async function tryPage(browser, prepare, at) {
  const prepared = await prepare(at);
  const server = prepared.root ? await servePages(prepared.root, isolation) : prepared;
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('requestfailed', (request) => errors.push(`${request.url()} could not be loaded`));
    await page.goto(server.url);
    await page
      .waitForFunction(() => document.title !== '', undefined, { timeout: 60_000 })
      .catch((error) => {
        throw new Error([error.message, ...errors].join('\n'));
      });
    return JSON.parse(await page.title());
  } finally {
    await context.close();
    await server.close();
  }
}

/** What the page of `parquetProgram` says. */
const EXPECTED_ROWS = [3, 4, 5, 12];

const named = process.argv.slice(2).filter((argument) => argument !== '--all');
const isAll = process.argv.includes('--all');
const isWanted = (name) => named.length === 0 || named.includes(name);

/** Runs `attempt` in a folder of its own, and tells how it went. */
async function tell(name, attempt) {
  if (!isWanted(name)) return;
  const at = join(folder, name.replaceAll(/\W+/g, '-'));
  mkdirSync(at);
  try {
    console.log(`ok   ${name}${await attempt(at)}`);
  } catch (error) {
    console.log(`FAIL ${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

async function tryPages() {
  const executablePath = findChromium();
  if (!executablePath) {
    console.error('No Chromium: the pages are skipped. See scripts/find-chromium.mjs.');
    return;
  }
  const browser = await chromium.launch({ executablePath, args: chromiumFlags });
  try {
    const plain = { ...bundlers, ...(isAll ? heavyBundlers : {}) };
    for (const [name, prepare] of Object.entries(plain)) {
      await tell(name, async (at) => expectPage(browser, prepare, at, EXPECTED));
    }
    const withParquet = { ...parquetBundlers, ...(isAll ? heavyParquetBundlers : {}) };
    for (const [name, prepare] of Object.entries(withParquet)) {
      await tell(name, async (at) => {
        const installed = fileURLToPath(new URL('../node_modules/hyparquet', import.meta.url));
        cpSync(installed, join(at, 'node_modules/hyparquet'), { recursive: true });
        return expectPage(browser, prepare, at, EXPECTED_ROWS);
      });
    }
  } finally {
    await browser.close();
  }
}

async function expectPage(browser, prepare, at, expected) {
  const found = await tryPage(browser, prepare, at);
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(JSON.stringify(found, null, 2));
  return '';
}

try {
  const packed = packPackage(folder);
  installPackages(folder, [packed]);
  await tryPages();
  for (const [name, make] of Object.entries({ ...nodeBundlers, ...(isAll ? heavyNodeBundlers : {}) })) {
    await tell(name, async (at) => `: ${await tryNodeBundle(make, at, folder)}`);
  }
  if (isAll) {
    await tell('Next', async (at) => `: ${await tryNext(at, packed, false)}`);
    await tell('Next, simdex external', async (at) => `: ${await tryNext(at, packed, true)}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
