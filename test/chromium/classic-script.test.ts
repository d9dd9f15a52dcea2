/**
 * simdex inside a classic script, in a page that names no charset: the browser reads it as windows-1252.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { isolation } from '../../scripts/page-server.mjs';
import { hasChromium, useChromium } from './browser.js';

const browser = useChromium();
const entry = fileURLToPath(new URL('../../dist/index.inline.js', import.meta.url));

const program = `
import { ParallelIndexer, VectorIndex } from ${JSON.stringify(entry)};
globalThis.run = async () => {
  const told = [];
  const logger = { info() {}, warn: (message) => told.push(message) };
  const data = Float32Array.from({ length: 2000 * 64 }, (_, i) => Math.sin(i));
  const indexer = new ParallelIndexer(2, { logger });
  const { indexedCount } = await indexer.indexVectors({ data, dims: 64 });
  const index = await VectorIndex.build({ data, dims: 64 }, { threadCount: 2, logger, graph: true });
  const { ids } = await index.search(data.subarray(64, 128), 1);
  const answer = { indexedCount, ids, backends: [indexer.backend, index.backend], told, charset: document.characterSet };
  await Promise.all([indexer.dispose(), index.dispose()]);
  return answer;
};`;

test.skipIf(!hasChromium)('the kernels are whole', async () => {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: '.' },
    bundle: true,
    minify: true,
    // As minifiers do that write escapes as characters.
    charset: 'utf8',
    format: 'iife',
    write: false,
    logLevel: 'silent',
  });
  const context = await browser().newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.route('http://classic.test/**', (route) => {
    const isPage = route.request().url().endsWith('/');
    const [contentType, body] = isPage
      ? ['text/html', '<!doctype html><script src="bundle.js"></script>']
      : ['text/javascript', Buffer.from(outputFiles[0]!.contents)];
    return route.fulfill({ contentType, body, headers: isolation });
  });
  // What is no https is no secure context, and has no isolation.
  await page.goto('http://classic.test/');
  const said = await page.evaluate('run()');
  const backend = { kernel: 'simd', threads: 1, shared: false };
  expect(said).toMatchObject({ indexedCount: 2000, ids: [1], charset: 'windows-1252' });
  expect(said).toMatchObject({ backends: [backend, backend] });
  expect((said as { told: string[] }).told.filter((message) => message.includes('JavaScript kernel'))).toEqual([]);
});
