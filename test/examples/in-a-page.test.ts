/**
 * The page of the README: a file is chosen, and the nearest rows of its first one are shown.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isolation, servePages } from '../../scripts/page-server.mjs';
import { hasChromium, troublesOf, useChromium } from '../chromium/browser.js';

const browser = useChromium();

test.skipIf(!hasChromium).each([
  ['isolated', isolation],
  ['not isolated', {}],
])('examples/in-a-page.html, %s', async (_, headers) => {
  const server = await servePages(fileURLToPath(new URL('../..', import.meta.url)), headers);
  const context = await browser().newContext();
  try {
    const page = await context.newPage();
    const troubles = troublesOf(page);
    await page.goto(`${server.url}examples/in-a-page.html`);
    const lines = [
      '{"id":"a","vector":[1,0]}',
      '{"id":"b","vector":[0,1]}',
      '{"id":"c","vector":[3,4]}',
      '{"id":"d","vector":[-1,0]}',
    ];
    const buffer = Buffer.from(lines.join('\n'));
    await page.setInputFiles('input', { name: 'rows.jsonl', mimeType: 'application/x-ndjson', buffer });
    await page.waitForFunction(() => document.querySelector('output')?.textContent);
    expect(await page.textContent('output')).toBe('a: 1.000, c: 0.600, b: 0.000');
    expect(troubles).toEqual([]);
  } finally {
    await context.close();
    await server.close();
  }
});
