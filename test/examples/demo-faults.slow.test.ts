/**
 * What can go wrong on a visitor's machine: a clear message in the page, and a page that works after it.
 */
import { open, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession } from 'playwright';
import { writeVectors } from 'simdex';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasChromium, launchChromium } from '../chromium/browser.js';
import { dictOf, npyBytes } from '../formats/support.js';
import {
  expectMagnitudes,
  expectRefusal,
  figures,
  generate,
  generated,
  index,
  magnitudesOf,
  openDemo,
  option,
  serveDemo,
  useDemo,
} from './demo-support.js';

describe.skipIf(!hasChromium)('the demo page, when something is wrong', () => {
  const demo = useDemo();

  /** An .npy file of rows of zeros that takes no room on the disk. */
  async function sparseNpy(name: string, count: number, dims: number): Promise<string> {
    const header = npyBytes({ dict: dictOf('<f4', `(${count}, ${dims})`), data: new Uint8Array(0) });
    const file = join(demo.folder, name);
    await writeFile(file, header);
    await truncate(file, header.length + count * dims * 4);
    return file;
  }

  test.each([
    ['a file of another kind', 'notes.txt', 'hello', /notes\.txt cannot be read here: its name ends in none of/],
    ['an empty file', 'empty.npy', '', /empty\.npy is empty/],
    ['a file under a wrong name', 'picture.npy', 'GIF89a and more of it', /picture\.npy/],
    ['text that is no number', 'words.csv', '1,2\n3,four\n', /words\.csv.*line 2/],
    ['broken JSON', 'broken.jsonl', '[1,2]\n{"vector":[1,\n', /broken\.jsonl.*line 2/],
    ['markup in a name', '<img src=x onerror=alert(1)>.csv', '1,2\n3,x\n', /<img src=x onerror=alert\(1\)>\.csv/],
  ])('%s', async (_, name, content, message) => {
    const { page } = await demo.open();
    await page.setInputFiles('#file', { name, mimeType: '', buffer: Buffer.from(content) });
    if ((await page.getByRole('alert').isHidden()) === true) await index(page);
    await expectRefusal(page, message);
    expect(await page.locator('img').count()).toBe(0);
  });

  test('a file that ends too early', async () => {
    const whole = join(demo.folder, 'whole.npy');
    await writeVectors(whole, [{ data: generated(100, 8, 1), dims: 8 }]);
    const bytes = await readFile(whole);
    const { page } = await demo.open();
    const buffer = bytes.subarray(0, bytes.length - 100);
    await page.setInputFiles('#file', { name: 'cut.npy', mimeType: '', buffer });
    await index(page);
    await expectRefusal(page, /cut\.npy/);
  });

  test('a file that was removed after it was chosen', async () => {
    const file = await sparseNpy('removed.npy', 1000, 8);
    const { page } = await demo.open();
    await page.setInputFiles('#file', file);
    await page.getByText('removed.npy').waitFor();
    await unlink(file);
    await index(page);
    await expectRefusal(page, /removed\.npy can no longer be read\.\s+It was removed, moved or changed/);
  });

  test('a file that is removed while it is read', async () => {
    const file = await sparseNpy('going.npy', 1_000_000, 256);
    const { page } = await demo.open();
    await page.setInputFiles('#file', file);
    await option(page, 'A vector without direction', 'skip');
    await index(page);
    await expect.poll(() => page.locator('#amount').innerText()).toMatch(/\d vectors/);
    await truncate(file, 1000);
    await expectRefusal(page, /going\.npy can no longer be read/);
  });

  test('no file, several files, numbers that cannot be', async () => {
    const { page } = await demo.open();
    await page.getByRole('radio', { name: 'Read a file' }).check();
    await index(page);
    await expectRefusal(page, /No file is chosen yet/);
    for (const [label, value] of [
      ['Vectors', '0'],
      ['Vectors', '2.5'],
      ['Components of each', ''],
      ['Components of each', '70000'],
      ['Seed', '-1'],
    ] as const) {
      await generate(page, 10, 3);
      await page.getByRole('spinbutton', { name: label }).fill(value);
      await index(page);
      await expectRefusal(page, new RegExp(`${label} must be a whole number from 1 to`));
    }
    const two = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      for (const name of ['a.csv', 'b.csv']) transfer.items.add(new File(['1'], name));
      return transfer;
    });
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: two });
    await expectRefusal(page, /These are 2 files: one at a time/);
  });

  test('vectors without direction', async () => {
    const { page } = await demo.open();
    await page.setInputFiles('#file', { name: 'zero.csv', mimeType: '', buffer: Buffer.from('1,2\n0,0\n') });
    await index(page);
    await expectRefusal(page, /Vector has zero magnitude: .*1.*\s+Under Options, a vector without direction/);
  });

  test('more vectors than the page has memory for', async () => {
    const { page } = await demo.open();
    await generate(page, 300_000, 384);
    await option(page, 'Memory for the page', '256');
    await index(page);
    await expectRefusal(page, /Insufficient memory for indexing operation: .*268,435,456 bytes/);
  });

  test('a file of 3 GB is read in bounded memory', async () => {
    const file = await sparseNpy('large.npy', 2_000_000, 384);
    const own = await launchChromium();
    onTestFinished(() => own.close());
    const { page } = await openDemo(own, demo.url);
    const system = await own.newBrowserCDPSession();
    await page.setInputFiles('#file', file);
    await page.getByText('3.07 GB').waitFor();
    await option(page, 'A vector without direction', 'skip');
    await option(page, 'Memory for the page', '256');
    await index(page);
    const bar = page.locator('#progress');
    // 0.6 GB say enough: a page that kept what it read would hold them.
    await expect
      .poll(() => bar.evaluate((progress: HTMLProgressElement) => progress.value), { timeout: 60_000 })
      .toBeGreaterThan(0.2);
    expect(await largestRenderer(system)).toBeLessThan(500e6);
    await page.getByRole('button', { name: 'Cancel' }).first().click();
    await page.getByText('Cancelled', { exact: true }).first().waitFor();
    await generate(page, 10, 3);
    await index(page);
    expect(await figures(page)).toMatchObject({ 'Vectors indexed': '10' });
  });

  test('a page without isolation: one worker with memory of its own, the same figures', async () => {
    const { url, server } = await serveDemo('--no-isolation');
    onTestFinished(() => void server.kill());
    const { page, troubles } = await openDemo(demo.browser, url);
    expect(await page.evaluate('typeof SharedArrayBuffer')).toBe('undefined');
    await page.getByText('no shared memory: one worker').waitFor();
    await generate(page, 20_000, 64, 3);
    await index(page);
    const shown = await figures(page);
    expect(shown).toMatchObject({ 'Vectors indexed': '20,000', Threads: '1, own memory' });
    expectMagnitudes(shown, magnitudesOf(generated(20_000, 64, 3), 64));
    expect(troubles).toEqual([]);
  });

  test('workers blocked by a policy: the page indexes without, and says why it cannot race', async () => {
    const { page } = await demo.open({
      before: (opened) =>
        opened.route(demo.url, async (route) => {
          const response = await route.fetch();
          const policy = response
            .headers()
            ['content-security-policy']!.replace("worker-src 'self'", "worker-src 'none'");
          await route.fulfill({ response, headers: { ...response.headers(), 'content-security-policy': policy } });
        }),
    });
    await generate(page, 5000, 32, 9);
    await index(page);
    const shown = await figures(page);
    expect(shown).toMatchObject({ 'Vectors indexed': '5,000' });
    expectMagnitudes(shown, magnitudesOf(generated(5000, 32, 9), 32));
    await page.getByRole('button', { name: 'Race' }).click();
    await expectRefusal(page, /The race did not run: its worker was blocked/);
  });

  // Chromium freezes no tab that is driven from outside; a debugger holds it as well.
  test.each(['Generating', 'Indexing'])(
    'a tab that gets no turn for a second, while it is %s, ends its run when it goes on',
    async (phase) => {
      const { page, troubles } = await demo.open();
      const session = await page.context().newCDPSession(page);
      await session.send('Debugger.enable');
      const held = new Promise((resolve) => session.once('Debugger.paused', resolve));
      await page.evaluate(`{
        const phase = document.querySelector('#phase');
        const hold = () => {
          if (phase.textContent === '${phase}') debugger;
        };
        new MutationObserver(hold).observe(phase, { childList: true });
      }`);
      await generate(page, 100_000, 128, 2);
      const pressed = index(page);
      await held;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await session.send('Debugger.resume');
      await pressed;
      expect(await figures(page)).toMatchObject({ 'Vectors indexed': '100,000' });
      expect(troubles).toEqual([]);
    },
  );
});

/** Bytes of memory of the largest process that shows a page. */
async function largestRenderer(system: CDPSession): Promise<number> {
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const sizes = await Promise.all(
    renderers.map(async ({ id }) => {
      await using file = await open(`/proc/${id}/status`);
      const status = await file.readFile('utf8');
      return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]);
    }),
  );
  return Math.max(...sizes);
}
