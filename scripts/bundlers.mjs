// Packs simdex, installs the package in an empty folder, builds a small page with each bundler, and has every page index
// and search vectors in Chromium; and small servers, which do so in Node. Ends with status 1 when one does not.
//
//   node scripts/bundlers.mjs [--all] [name...]    --all: those as well that are installed for it, or take long
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rspack } from '@rspack/core';
import { build as esbuild } from 'esbuild';
import { chromium } from 'playwright';
import { createServer, build as viteBuild } from 'vite';
import webpack from 'webpack';
import { heavyNodeBundlers, nodeBundlers, tryNext, tryNodeBundle } from './bundlers/node.mjs';
import { chromiumFlags, findChromium } from './find-chromium.mjs';
import { isolation, servePages } from './page-server.mjs';
import { installPackages, packPackage } from './runtimes/install.mjs';

const folder = mkdtempSync(join(tmpdir(), 'simdex-bundlers-'));

/** What every page does; `entry` is what it imports. */
const program = (entry) => `
import { MonitoredParallelIndexer, VectorIndex } from '${entry}';
const indexer = new MonitoredParallelIndexer(2);
const rows = Array.from({ length: 5000 }, (_, i) => Float32Array.from({ length: 64 }, (_, j) => Math.sin(64 * i + j)));
const result = await indexer.indexVectorsMonitored(rows);
const { normalized, magnitude } = result.vectors.get(4999);
const index = await VectorIndex.build(rows, { threadCount: 2 });
const hits = await index.searchBatch(rows.slice(0, 10), 1);
document.title = JSON.stringify({
  backend: indexer.backend,
  indexed: result.indexedCount,
  magnitude: Math.abs(magnitude - Math.hypot(...rows[4999])) < 1e-5,
  ascending: normalized.every((component, i) => i === 0 || normalized[i - 1] <= component),
  search: index.backend,
  nearest: hits.map(({ ids }) => ids[0]),
});
await indexer.dispose();
await index.dispose();
`;
const html = (script) => `<!doctype html><title></title><script type="module" src="${script}"></script>`;

/** Each prepares a page in its folder and gives the folder to serve, or the address of a server of its own. */
const bundlers = {
  /** Vite's optimizer moves dependencies elsewhere, without the files they refer to: the worker's code is loaded as text. */
  async 'vite dev'(at) {
    return viteDev(at, 'simdex', {});
  },
  async 'vite dev, inline'(at) {
    return viteDev(at, 'simdex/inline', {});
  },
  async 'vite dev, not optimized'(at) {
    return viteDev(at, 'simdex', { exclude: ['simdex'] });
  },
  async 'vite build'(at) {
    writePage(at, 'simdex', './main.js');
    await viteBuild({ root: at, configFile: false, logLevel: 'error', build: { target: 'es2022' } });
    return { root: join(at, 'dist') };
  },
  webpack: (at) => pack(webpack, at),
  rspack: (at) => pack(rspack, at),
  /** esbuild does not follow the URLs of workers. */
  async esbuild(at) {
    writePage(at, 'simdex', './out.js');
    await esbuild({ entryPoints: [join(at, 'main.js')], bundle: true, format: 'esm', outfile: join(at, 'out.js') });
    return { root: at };
  },
  async 'esbuild, inline'(at) {
    writePage(at, 'simdex/inline', './out.js');
    await esbuild({ entryPoints: [join(at, 'main.js')], bundle: true, format: 'esm', outfile: join(at, 'out.js') });
    return { root: at };
  },
  async 'esbuild, worker beside the bundle'(at) {
    writePage(at, 'simdex', './out.js');
    await esbuild({ entryPoints: [join(at, 'main.js')], bundle: true, format: 'esm', outfile: join(at, 'out.js') });
    for (const file of ['worker.browser.js', 'search-worker.browser.js']) {
      cpSync(join(folder, 'node_modules/simdex/dist', file), join(at, file));
    }
    return { root: at };
  },
  async 'no bundler'(at) {
    writePage(at, './simdex/index.browser.js', './main.js');
    cpSync(join(folder, 'node_modules/simdex/dist'), join(at, 'simdex'), { recursive: true });
    return { root: at };
  },
};

async function viteDev(root, entry, optimizeDeps) {
  writePage(root, entry, './main.js');
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    optimizeDeps,
    server: { port: 0, host: '127.0.0.1', headers: isolation },
  });
  await server.listen();
  return { url: server.resolvedUrls.local[0], close: () => server.close() };
}

async function pack(bundler, at) {
  writePage(at, 'simdex', './out/main.js');
  const config = {
    mode: 'production',
    target: 'web',
    context: at,
    entry: './main.js',
    experiments: { outputModule: true },
    output: { path: join(at, 'out'), filename: 'main.js', publicPath: 'auto', module: true },
  };
  const stats = await new Promise((resolve, reject) => {
    bundler(config, (error, result) => (error ? reject(error) : resolve(result)));
  });
  if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
  return { root: at };
}

function writePage(at, entry, script) {
  writeFileSync(join(at, 'main.js'), program(entry));
  writeFileSync(join(at, 'index.html'), html(script));
}

const EXPECTED = {
  backend: { kernel: 'simd', threads: 2, shared: true },
  indexed: 5000,
  magnitude: true,
  ascending: true,
  search: { kernel: 'simd', threads: 2, shared: true },
  nearest: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
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
    for (const [name, prepare] of Object.entries(bundlers)) {
      await tell(name, async (at) => {
        const found = await tryPage(browser, prepare, at);
        if (JSON.stringify(found) !== JSON.stringify(EXPECTED)) throw new Error(JSON.stringify(found, null, 2));
        return '';
      });
    }
  } finally {
    await browser.close();
  }
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
