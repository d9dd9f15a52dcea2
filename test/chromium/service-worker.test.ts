/**
 * A service worker has no `import()` and no workers: simdex/single is one file, and the calling thread does the work.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { hasChromium, useChromium } from './browser.js';

const browser = useChromium();
const single = readFileSync(fileURLToPath(new URL('../../dist/index.single.js', import.meta.url)));

/** Indexes, searches with and without a graph, saves and loads, and reads a file. */
const program = `
import { IndexingError, MonitoredParallelIndexer, readVectors, VectorIndex } from './single.js';
addEventListener('message', async ({ data: port }) => {
  const told = [];
  const logger = { info() {}, warn: (message) => told.push(message) };
  try {
    const data = Float32Array.from({ length: 2000 * 64 }, (_, i) => Math.sin(i * i));
    const indexer = new MonitoredParallelIndexer(2, {}, { logger });
    const { indexedCount, performanceReport } = await indexer.indexVectorsMonitored({ data, dims: 64 });
    const index = await VectorIndex.build({ data, dims: 64 }, { graph: true, logger, precision: 'float16' });
    const loaded = await VectorIndex.load(new Blob([index.toBytes()]), { rows: 'file', logger });
    const query = data.subarray(64, 128);
    const ids = [];
    for (const each of [index, loaded]) ids.push((await each.search(query, 1)).ids[0]);
    ids.push((await loaded.search(query, 1, { recall: 0.9 })).ids[0]);
    let rows = 0;
    const text = new File(['1,2\\n3,4\\n'], 'rows.csv');
    for await (const chunk of readVectors(text)) rows += chunk.data.length / chunk.dims;
    const parquet = new File(['PAR1'], 'rows.parquet');
    const refused = await readVectors(parquet)[Symbol.asyncIterator]().next().catch((error) => error instanceof IndexingError && error.code);
    const html = performanceReport.toHtml().length > 1000;
    port.postMessage({ indexedCount, ids, rows, refused, html, backend: index.backend, told });
  } catch (error) {
    port.postMessage(String(error.stack));
  }
});`;

test.skipIf(!hasChromium)('simdex/single does there what it does elsewhere', async () => {
  const context = await browser().newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  // Service workers are for secure contexts; the files are made up here.
  await context.route('http://localhost:9/**', (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === '/') return route.fulfill({ contentType: 'text/html', body: '<!doctype html>' });
    return route.fulfill({ contentType: 'text/javascript', body: path === '/single.js' ? single : program });
  });
  await page.goto('http://localhost:9/');
  const said = await page.evaluate(async () => {
    const { active, installing, waiting } = await navigator.serviceWorker.register('./service-worker.js', {
      type: 'module',
    });
    const channel = new MessageChannel();
    const answer = new Promise((resolve) => {
      channel.port1.onmessage = ({ data }) => resolve(data);
    });
    (active ?? installing ?? waiting)!.postMessage(channel.port2, [channel.port2]);
    return answer;
  });
  expect(said).toEqual({
    indexedCount: 2000,
    ids: [1, 1, 1],
    rows: 2,
    refused: 'MissingPackage',
    html: true,
    backend: { kernel: 'simd', threads: 1, shared: false },
    told: [expect.stringMatching(/^No workers: /)],
  });
});

test('there is no import() in it but that of optional packages', () => {
  // What a message says of imports has a quote before it.
  const imports = single.toString().match(/\bimport\((?!')[^)]*\)/g);
  expect(imports).toEqual([expect.stringMatching(/^import\(.*webpackIgnore: true.*\/\w+\)$/)]);
});
