/**
 * The example that keeps an index in the browser, compiled as a strict program would be, in a real page: what was kept is there after the page is
 * loaded anew.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { isolation, servePages } from '../../scripts/page-server.mjs';
import { hasChromium, useChromium } from '../chromium/browser.js';

const browser = useChromium();
const project = fileURLToPath(new URL('../..', import.meta.url));

async function openPages() {
  const { outputFiles } = await build({
    entryPoints: [`${project}examples/keep-index.ts`],
    bundle: true,
    format: 'esm',
    write: false,
    external: ['simdex'],
  });
  // As an import map would have it.
  const code = outputFiles[0]!.text.replace('"simdex"', '"/dist/index.browser.js"');
  const server = await servePages(project, isolation);
  onTestFinished(() => server.close());
  const context = await browser().newContext();
  onTestFinished(() => context.close());
  await context.route('**/keep.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: code, headers: isolation }),
  );
  return async () => {
    const page = await context.newPage();
    await page.goto(`${server.url}test/chromium/page.html`);
    await page.addScriptTag({ type: 'module', content: "import * as keep from '/keep.js'; globalThis.keep = keep;" });
    await page.waitForFunction('globalThis.keep && globalThis.simdex');
    return page;
  };
}

test.skipIf(!hasChromium).each([
  ['files', 'keepInFiles', 'loadFromFiles'],
  ['database', 'keepInDatabase', 'loadFromDatabase'],
])('in the %s of the origin', async (_, keep, load) => {
  const open = await openPages();
  const first = await open();
  const before = await first.evaluate(`(async () => {
    const none = await keep.${load}('index');
    for (const rows of [[[1, 0], [0, 1], [1, 1]], [[3, 1], [1, 4]]]) {
      const index = await simdex.VectorIndex.build(rows, { ids: rows.map((_, i) => 'row ' + i) });
      await keep.${keep}(index, 'index');
      await index.dispose();
    }
    return none === undefined;
  })()`);
  expect(before).toBe(true);
  await first.close();
  const second = await open();
  const after = await second.evaluate(`(async () => {
    const index = await keep.${load}('index');
    const { ids } = await index.search([0, 1], 5);
    await index.dispose();
    return ids;
  })()`);
  expect(after).toEqual(['row 1', 'row 0']);
});
