/**
 * A page whose simdex comes from another origin, as from a CDN: workers of that origin are refused to it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { isolation } from '../../scripts/page-server.mjs';
import { hasChromium, useChromium } from './browser.js';
import type { PageGlobals } from './page.js';

const browser = useChromium();
const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** Serves `dist` to any origin, and a page at `/`. */
const server = createServer((request, response) => {
  const path = new URL(request.url!, 'http://localhost').pathname;
  const headers = { ...isolation, 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
  const isPage = path === '/';
  response.writeHead(200, { ...headers, 'Content-Type': isPage ? 'text/html' : 'text/javascript' });
  // An icon is asked for, too.
  const file = join(dist, path);
  response.end(isPage ? '<!doctype html>' : existsSync(file) ? readFileSync(file) : '');
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** What a page of one origin says with simdex of the other. */
async function index(options: { readonly worker?: 'foreign' }, policy = '') {
  const { port } = server.address() as AddressInfo;
  const context = await browser().newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const origin = `http://localhost:${port}`;
  await page.goto(`http://127.0.0.1:${port}/`);
  const content = `import * as simdex from '${origin}/index.browser.js'; globalThis.simdex = simdex;`;
  await page.addScriptTag({ type: 'module', content });
  await page.waitForFunction('globalThis.simdex');
  return page.evaluate(
    async ({ origin, worker, policy }) => {
      if (policy) {
        const meta = document.createElement('meta');
        document.head.append(Object.assign(meta, { httpEquiv: 'Content-Security-Policy', content: policy }));
      }
      const { MonitoredParallelIndexer, VectorIndex } = (globalThis as typeof globalThis & PageGlobals).simdex;
      const told: string[] = [];
      const logger = { info() {}, warn: (message: string) => told.push(message.replaceAll(origin, 'ORIGIN')) };
      const own = (name: string) => (worker ? { worker: `${origin}/${name}` } : {});
      const data = Float32Array.from({ length: 50_000 * 64 }, (_, i) => Math.sin(i * i));
      const indexer = new MonitoredParallelIndexer(2, {}, { logger, ...own('worker.browser.js') });
      const { indexedCount } = await indexer.indexVectorsMonitored({ data, dims: 64 });
      const { indexedCount: again } = await indexer.indexVectorsMonitored({ data, dims: 64 });
      const search = { threadCount: 2, logger, ...own('search-worker.browser.js') };
      const index = await VectorIndex.build({ data, dims: 64 }, search);
      const queries = { data: data.subarray(0, 200 * 64), dims: 64 };
      const ids = (await index.searchBatch(queries, 1)).slice(1, 2).map((hits) => hits.ids[0]);
      const backends = [indexer.backend, index.backend];
      await Promise.all([indexer.dispose(), index.dispose()]);
      return { indexed: [indexedCount, again], ids, backends, told };
    },
    { origin, worker: options.worker, policy },
  );
}

const shared = { kernel: 'simd', threads: 2, shared: true };
const blobs = (file: RegExp) => expect.stringMatching(file);

test.skipIf(!hasChromium)('its workers start from blob: URLs, and the page is told once', async () => {
  expect(await index({})).toEqual({
    indexed: [50_000, 50_000],
    ids: [1],
    backends: [shared, shared],
    told: [
      blobs(/^The workers start from blob: URLs, since worker\.browser\.js, started by ORIGIN.* is of another origin/),
      blobs(/^The workers start from blob: URLs, since search-worker\.browser\.js, started by ORIGIN/),
    ],
  });
});

test.skipIf(!hasChromium)('so do those that the option worker names', async () => {
  const { told, backends } = await index({ worker: 'foreign' });
  expect(backends).toEqual([shared, shared]);
  expect(told).toEqual([
    blobs(/^The workers start from blob: URLs, since ORIGIN\/worker\.browser\.js is of another origin than the page$/),
    blobs(/^The workers start from blob: URLs, since ORIGIN\/search-worker\.browser\.js is of another origin/),
  ]);
});

test.skipIf(!hasChromium)(
  'where a policy forbids blob: URLs, the calling thread does the work and says so',
  async () => {
    const { indexed, ids, backends, told } = await index({}, "worker-src 'self'");
    expect({ indexed, ids }).toEqual({ indexed: [50_000, 50_000], ids: [1] });
    expect(backends.map((each) => each?.threads)).toEqual([1, 1]);
    expect(told[0]).toMatch(/^No workers: the calling thread does the work, in slices/);
  },
);
