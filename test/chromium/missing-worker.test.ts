/**
 * The worker's file is not where the library asks for it, as behind bundlers that do not follow URLs.
 */
import { expect, test } from 'vitest';
import { hasChromium } from './browser.js';
import { type PageGlobals, usePages } from './page.js';

const pages = usePages();

/** What indexing in `page` says, without the worker's file. */
async function indexWithoutFile(policy?: string) {
  const page = await pages.open();
  await page.route('**/worker.browser.js', (route) => route.fulfill({ status: 404 }));
  return page.evaluate(async (content) => {
    if (content !== undefined) {
      const meta = document.createElement('meta');
      document.head.append(Object.assign(meta, { httpEquiv: 'Content-Security-Policy', content }));
    }
    const { MonitoredParallelIndexer } = (globalThis as typeof globalThis & PageGlobals).simdex;
    const indexer = new MonitoredParallelIndexer(2);
    const data = Float32Array.from({ length: 2000 * 64 }, (_, i) => Math.sin(i));
    try {
      const { indexedCount } = await indexer.indexVectorsMonitored({ data, dims: 64 });
      return { indexedCount, backend: indexer.backend };
    } catch (error) {
      return String(error);
    } finally {
      await indexer.dispose();
    }
  }, policy);
}

test.skipIf(!hasChromium)('its code is loaded as text', async () => {
  expect(await indexWithoutFile()).toEqual({
    indexedCount: 2000,
    backend: { kernel: 'simd', threads: 2, shared: true },
  });
});

test.skipIf(!hasChromium)('where a policy forbids that, the missing file is the error', async () => {
  const said = await indexWithoutFile("worker-src 'self'");
  expect(said).toMatch(
    /^IndexingError: Thread 0 panicked .*worker\.browser\.js, started by http.* could not be loaded; /,
  );
});
