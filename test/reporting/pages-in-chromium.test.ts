/**
 * Pages of reports in a real browser: what the script does for mouse and keyboard, and that nothing is missing without it,
 * on a phone or on paper. Skipped where no Chromium is found.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright';
import { afterAll, describe, expect, test } from 'vitest';
import { renderReport } from '../../src/reporting/render-report.js';
import { IndexingPerformanceReport } from '../../src/reporting/report.js';
import { summarizeRun } from '../../src/reporting/summarize-run.js';
import { hasChromium, useChromium } from '../chromium/browser.js';
import { allParts, sampleRun, timesOf } from './report-samples.js';

/** Three threads whose order by any column differs. */
const report = new IndexingPerformanceReport(
  summarizeRun(
    {
      ...sampleRun(),
      threads: [
        { busyMs: 400, indexTimes: timesOf([150, 300], [225, 300]) },
        { busyMs: 320, indexTimes: timesOf([300, 900]) },
        { busyMs: 100, indexTimes: timesOf([90, 100]) },
      ],
    },
    allParts,
  ),
);

describe.skipIf(!hasChromium)('a page in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'simdex-pages-'));
  const browser = useChromium();
  let page: Page;
  const trouble: string[] = [];

  afterAll(() => rmSync(folder, { recursive: true }));

  async function open(html: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    await page?.close();
    trouble.length = 0;
    page = await browser().newPage({ viewport: { width: 1280, height: 900 }, ...options });
    page.on('console', (message) => trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(String(error)));
    const file = join(folder, 'page.html');
    writeFileSync(file, html);
    const address = pathToFileURL(file).href;
    page.on('request', (request) => request.url() === address || trouble.push(`asks for ${request.url()}`));
    await page.goto(address);
    return page;
  }

  const interactive = () => renderReport([report, report], { interactive: true, names: ['</script>', 'b'] });
  const threadIds = () => page.locator('table.sortable').first().locator('tbody th').allTextContents();

  test('sorts a table by keyboard, and says how', async () => {
    await open(interactive());
    const header = page.locator('table.sortable').first().locator('thead th').nth(1);
    await header.locator('button').focus();
    await page.keyboard.press('Enter');
    expect(await header.getAttribute('aria-sort')).toBe('ascending');
    expect(await threadIds()).toEqual(['2', '0', '1']);
    await page.keyboard.press('Space');
    expect(await header.getAttribute('aria-sort')).toBe('descending');
    expect(await threadIds()).toEqual(['1', '0', '2']);
    await page.locator('table.sortable').first().locator('thead th button').first().click();
    expect(await header.getAttribute('aria-sort')).toBeNull();
    expect(await threadIds()).toEqual(['0', '1', '2']);
    expect(trouble).toEqual([]);
  });

  test('draws each chart to zoom into, in place of the picture', async () => {
    await open(interactive());
    expect(await page.locator('.zoomable canvas').count()).toBe(5);
    expect(await page.locator('#throughput svg.plot').isVisible()).toBe(false);
    const chart = page.locator('#queue-depth');
    const ticks = async () => {
      const canvas = await chart.locator('canvas').screenshot();
      return canvas.toString('base64');
    };
    const whole = await ticks();
    await chart.getByRole('button', { name: 'Zoom in' }).press('Enter');
    await expect.poll(ticks).not.toBe(whole);
    await chart.getByRole('button', { name: 'Show all' }).press('Enter');
    await expect.poll(ticks).toBe(whole);
    await chart.locator('.u-over').hover({ position: { x: 300, y: 50 } });
    await expect.poll(() => chart.locator('.u-legend').textContent()).toMatch(/\d ms/);
    expect(trouble).toEqual([]);
  });

  test('has pictures on paper again', async () => {
    await open(interactive());
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#throughput svg.plot').isVisible()).toBe(true);
    expect(await page.locator('.zoomable').first().isVisible()).toBe(false);
  });

  test('shows figures and pictures with scripts switched off', async () => {
    await open(interactive(), { javaScriptEnabled: false });
    expect(await page.locator('#throughput svg.plot').isVisible()).toBe(true);
    expect(await page.locator('button').count()).toBe(0);
    expect(await page.locator('[data-path="totalVectors"]').first().textContent()).toContain('1,600 vectors');
  });

  test.each([360, 1280])('fits a width of %i pixels', async (width) => {
    for (const html of [report.toHtml(), interactive()]) {
      await open(html, { viewport: { width, height: 800 } });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(trouble).toEqual([]);
    }
  });

  test.each(['light', 'dark'] as const)('can be read in %s: text stands out from its ground', async (colorScheme) => {
    await open(report.toHtml(), { colorScheme });
    const contrasts = await page.evaluate(`(() => {
      const lightness = (color) => {
        const [r, g, b] = color.match(/[\\d.]+/g).map((part) => part / 255).map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = lightness(getComputedStyle(document.body).backgroundColor);
      return [...document.querySelectorAll('p, li, td, th, h1, h2, figcaption span, svg text, .score b')].map((element) => {
        const style = getComputedStyle(element);
        const ink = lightness(element instanceof SVGElement ? style.fill : style.color);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
      });
    })()`);
    expect((contrasts as number[]).length).toBeGreaterThan(50);
    // WCAG AA.
    expect(Math.min(...(contrasts as number[]))).toBeGreaterThan(4.5);
  });

  test('the policy of the page stops a script that got in', async () => {
    await open(report.toHtml().replace('<main>', '<main><script>document.title = "broken into"</script>'));
    expect(await page.title()).toBe('Indexing Performance Report');
    expect(trouble.join()).toContain('Content Security Policy');
  });
});
