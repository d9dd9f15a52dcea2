/**
 * Hundreds of indexers and results in a page leave no worker and no memory.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hasChromium } from './browser.js';
import { type PageGlobals, usePages } from './page.js';

const pages = usePages({ flags: ['--js-flags=--expose-gc'] });

const ROUNDS = 200;

/** Bytes that the renderers of the browser hold in memory, by Linux. */
async function residentBytes(): Promise<number> {
  const session = await pages.browser().newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo
    .filter(({ type }) => type === 'renderer')
    .reduce((sum, { id }) => sum + 4096 * Number(readFileSync(`/proc/${id}/statm`, 'utf8').split(' ')[1]), 0);
}

test.skipIf(!hasChromium)('two hundred indexers, made, used and disposed, leave no worker and no memory', async () => {
  const page = await pages.open();
  const cycles = (rounds: number) =>
    page.evaluate(async (count) => {
      const { MonitoredParallelIndexer } = (globalThis as typeof globalThis & PageGlobals).simdex;
      const data = Float32Array.from({ length: 2000 * 64 }, (_, i) => Math.sin(i));
      for (let round = 0; round < count; round++) {
        const indexer = new MonitoredParallelIndexer(2);
        const result = await indexer.indexVectorsMonitored({ data, dims: 64 });
        if (result.indexedCount !== 2000) throw new Error(`${result.indexedCount} indexed`);
        await indexer.dispose();
      }
      (globalThis as typeof globalThis & PageGlobals).gc();
    }, rounds);
  await cycles(20);
  const before = await residentBytes();
  await cycles(ROUNDS);
  expect(page.workers()).toEqual([]);
  // A worker left behind would hold some megabytes, two hundred of them hundreds.
  expect((await residentBytes()) - before).toBeLessThan(100e6);
});

test.skipIf(!hasChromium)('two hundred forgotten results of 8 MB are collected', async () => {
  const page = await pages.open();
  const most = await page.evaluate(async (rounds) => {
    const { MonitoredParallelIndexer } = (globalThis as typeof globalThis & PageGlobals).simdex;
    const data = Float32Array.from({ length: 8192 * 256 }, (_, i) => Math.sin(i));
    // A third of what two hundred results take.
    const indexer = new MonitoredParallelIndexer(2, {}, { maxMemoryBytes: 600e6 });
    let indexed = 0;
    for (let round = 0; round < rounds; round++) {
      indexed += (await indexer.indexVectorsMonitored({ data, dims: 256 })).indexedCount;
    }
    await indexer.dispose();
    return indexed;
  }, ROUNDS);
  expect(most).toBe(ROUNDS * 8192);
});
