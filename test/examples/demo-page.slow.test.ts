/**
 * The demo page, driven from end to end as a visitor would.
 */
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { IndexingPerformanceReport, writeVectors } from 'simdex';
import { describe, expect, test } from 'vitest';
import { expectAccessible, hasChromium } from '../chromium/browser.js';
import {
  expectMagnitudes,
  figures,
  generate,
  generated,
  index,
  magnitudesOf,
  option,
  useDemo,
} from './demo-support.js';

describe.skipIf(!hasChromium)('the demo page', () => {
  const demo = useDemo();

  test('generates, indexes and reports what a float64 reference comes to', async () => {
    const { page, troubles } = await demo.open();
    await generate(page, 30_000, 64, 7);
    await option(page, 'Threads', '2');
    await index(page);
    const shown = await figures(page);
    expect(shown).toMatchObject({ 'Vectors indexed': '30,000', Rejected: '0', Threads: '2, shared memory' });
    expectMagnitudes(shown, magnitudesOf(generated(30_000, 64, 7), 64));
    expect(await page.locator('#machine').innerText()).toMatch(/shared memory\n*kernel: simd/);

    // The monitor shows the same run, the report too, in a frame that may do nothing.
    const monitor = page.locator('simdex-monitor');
    await expect.poll(() => monitor.locator('tr', { hasText: 'Vectors' }).first().innerText()).toMatch(/30,000$/);
    await monitor.getByText('Stopped').waitFor();
    expect(await monitor.getByRole('meter').count()).toBe(2);
    expect(await page.locator('iframe').getAttribute('sandbox')).toBe('');
    const report = page.frameLocator('iframe');
    await report.getByRole('heading', { name: 'Parallel Indexing Performance Report' }).waitFor();
    expect(await report.getByRole('row', { name: 'Total Vectors' }).innerText()).toContain('30,000');
    // Its style came through the policy.
    expect(await report.locator('body').evaluate((body) => getComputedStyle(body).fontFamily)).toContain('system-ui');

    const saved = async (name: string) => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: `Download report (${name})` }).click(),
      ]);
      return readFile(await download.path(), 'utf8');
    };
    const read = IndexingPerformanceReport.fromJSON(await saved('JSON'));
    expect(read.totalVectors).toBe(30_000);
    expect(read.threadPerformance.reduce((sum, { operationsCompleted }) => sum + operationsCompleted, 0)).toBe(30_000);
    expect(await saved('HTML')).toBe(await page.locator('iframe').getAttribute('srcdoc'));
    await expectAccessible(page);
    expect(troubles).toEqual([]);
  });

  test.each(['npy', 'csv', 'fvecs', 'jsonl'] as const)(
    'indexes a .%s file that is dropped or chosen',
    async (format) => {
      const rows = generated(300, 24, 5);
      const file = join(demo.folder, `rows.${format}`);
      await writeVectors(file, [{ data: rows, dims: 24 }]);
      const { page, troubles } = await demo.open();
      if (format === 'npy') {
        await page.setInputFiles('#file', file);
      } else {
        const bytes = [...(await readFile(file))];
        const dropped = await page.evaluateHandle(
          ([name, content]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(content)], name));
            return transfer;
          },
          [`rows.${format}`, bytes] as const,
        );
        await page.dispatchEvent('#drop', 'drop', { dataTransfer: dropped });
      }
      await page.getByText(`rows.${format}`).waitFor();
      await index(page);
      const shown = await figures(page);
      expect(shown).toMatchObject({ 'Vectors indexed': '300', Rejected: '0' });
      expectMagnitudes(shown, magnitudesOf(rows, 24));
      expect(await page.locator('#progress').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(1);
      expect(troubles).toEqual([]);
    },
  );

  test('every option reaches the indexer', async () => {
    const { page } = await demo.open();
    const file = join(demo.folder, 'with-zeros.csv');
    await writeVectors(file, [{ data: new Float32Array([3, 4, 0, 0, 1, 0]), dims: 2 }]);
    await page.setInputFiles('#file', file);
    await option(page, 'A vector without direction', 'skip');
    await option(page, 'Kernel', 'javascript');
    await option(page, 'Order of components', 'original');
    await index(page);
    expect(await figures(page)).toMatchObject({
      'Vectors indexed': '2',
      Rejected: '1',
      'Largest magnitude': '5.000000',
    });
    expect(await page.locator('#machine').innerText()).toContain('kernel: javascript');
  });

  test('is used by keyboard alone, and tells a screen reader what happens', async () => {
    const { page } = await demo.open();
    // Asked for before anything else, so that it is in force when the button is pressed.
    const chooser = page.waitForEvent('filechooser');
    const focused = () =>
      page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute('name'));
    const order = [];
    for (let stop = 0; stop < 7; stop++) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    expect(order).toEqual(['source', 'count', 'dims', 'seed', 'drop', null, 'index']);
    // The drop zone is a button: it opens the browser's own dialog.
    await page.locator('#drop').focus();
    await page.keyboard.press('Enter');
    expect((await chooser).isMultiple()).toBe(false);
    await page.locator('#index').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Result' }).waitFor();
    expect(await focused()).toBe('result-heading');
    expect(await page.locator('#told').innerText()).toBe('Done: 100,000 vectors.');
    expect(await page.locator('#told').getAttribute('aria-live')).toBe('polite');
  });

  test('cancels at any time, and goes on after it', async () => {
    const { page, troubles } = await demo.open();
    // In the page, since a phase may be over before a test sees it.
    await page.evaluate(() => {
      const phase = document.querySelector('#phase')!;
      new MutationObserver(() => {
        if (phase.textContent === document.body.dataset['cancelAt'])
          document.querySelector<HTMLElement>('#cancel')!.click();
      }).observe(phase, { childList: true });
    });
    for (const phase of ['Generating', 'Indexing']) {
      await page.evaluate((at) => {
        document.body.dataset['cancelAt'] = at;
      }, phase);
      await generate(page, 200_000, 256);
      await index(page);
      await page.getByText('Cancelled', { exact: true }).first().waitFor();
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('index');
    }
    await page.evaluate(() => delete document.body.dataset['cancelAt']);
    await generate(page, 100, 8);
    await index(page);
    expect(await figures(page)).toMatchObject({ 'Vectors indexed': '100' });
    expect(troubles).toEqual([]);
  });

  test('races the kernels on vectors of their own thread, and can be cancelled', async () => {
    const { page, troubles } = await demo.open();
    await page.getByRole('button', { name: 'Race' }).click();
    await page.getByRole('button', { name: 'Cancel' }).last().click();
    await page.locator('#race-phase', { hasText: 'Cancelled.' }).waitFor();
    await page.locator('#race [name=dims]').selectOption('64');
    await page.locator('#race [name=order]').selectOption('original');
    await page.getByRole('button', { name: 'Race' }).click();
    await page.getByText('All kernels came to the same magnitudes.').waitFor();
    const rows = await page.locator('#race-table tbody tr').allInnerTexts();
    expect(rows.map((row) => row.split(/\s*\t\s*/)[0])).toEqual(['JavaScript', 'WebAssembly', 'WebAssembly SIMD']);
    for (const row of rows) expect(row).toMatch(/[\d.]+ (ns|µs)\s+[\d.]+ ×/);
    expect(troubles).toEqual([]);
  });

  test.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('%s at %d pixels: nothing sticks out, every contrast suffices', async (colorScheme, width) => {
    const { page } = await demo.open({ colorScheme, viewport: { width, height: 900 } });
    await generate(page, 20_000, 16);
    await page.getByText('Options', { exact: true }).click();
    await index(page);
    await figures(page);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    await expectAccessible(page);
  });

  test('its server gives out the page and the library, and nothing else', async () => {
    const ask = (path: string) =>
      new Promise<{ status: number | undefined; headers: Record<string, unknown> }>((resolve, reject) => {
        // A client that leaves `..` in the path, as browsers do not.
        const { hostname, port } = new URL(demo.url);
        get({ hostname, port, path }, (response) => {
          response.resume();
          resolve({ status: response.statusCode, headers: response.headers });
        }).on('error', reject);
      });
    const { status, headers } = await ask('/');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'x-content-type-options': 'nosniff',
    });
    expect((await ask('/simdex/index.browser.js')).status).toBe(200);
    for (const path of [
      '/../package.json',
      '/simdex/../package.json',
      '/simdex/%2e%2e/package.json',
      '/serve.mjs',
      '/simdex',
    ]) {
      expect((await ask(path)).status, path).toBe(404);
    }
  });
});
