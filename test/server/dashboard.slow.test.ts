/**
 * The page at /dashboard in Chromium: its figures are those of the server, it needs nothing that its policy forbids, and everybody can
 * use it.
 */
import type { Page } from 'playwright';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectAccessible, hasChromium, troublesOf, useChromium } from '../chromium/browser.js';
import { valuesOf } from '../metrics/exposition.js';
import { listen, type StartedServer, startServer } from './server-support.js';

const browser = useChromium();
const DIMS = 8;
/** Enough for a graph. */
const MANY = 21_000;

async function open(url: string, size: { width: number; height: number }, colorScheme: 'light' | 'dark' = 'light') {
  const page = await browser().newPage({ viewport: size, colorScheme });
  onTestFinished(() => page.close());
  const troubles = troublesOf(page);
  await page.goto(`${url}/dashboard`);
  return { page, troubles };
}

const desktop = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };

function fvecs(count: number): Buffer {
  const words = new Float32Array(count * (DIMS + 1));
  const lengths = new Int32Array(words.buffer);
  for (let row = 0; row < count; row++) {
    lengths[row * (DIMS + 1)] = DIMS;
    for (let i = 1; i <= DIMS; i++) words[row * (DIMS + 1) + i] = Math.sin((row + 1) * i) + (row % 50) / 10;
  }
  return Buffer.from(words.buffer);
}

async function fill({ app }: StartedServer, name: string, count: number, headers = {}) {
  await app.inject({
    method: 'PUT',
    url: `/collections/${name}`,
    payload: { vectors: { size: DIMS, distance: 'Cosine' } },
    headers,
  });
  const type = { 'content-type': 'application/octet-stream', ...headers };
  const imported = await app.inject({
    method: 'PUT',
    url: `/collections/${name}/points/import?format=fvecs&first_id=0`,
    payload: fvecs(count),
    headers: type,
  });
  expect(imported.json().result).toEqual({ imported: count, rejected: 0 });
}

const figure = (page: Page, name: string) =>
  page.locator('#figures div', { hasText: name }).locator('dd').textContent();
const figureNumber = async (page: Page, name: string) => Number((await figure(page, name))!.replaceAll(',', ''));

/** How many points the curve of each chart has. */
const pointsOfCharts = (page: Page) =>
  page
    .locator('#charts figure')
    .evaluateAll((figures) =>
      figures.map(
        (one) =>
          [
            one.querySelector('.name')!.textContent,
            one.querySelector('.line')!.getAttribute('d')!.split(/[ML]/).length - 1,
          ] as const,
      ),
    );

describe.skipIf(!hasChromium)('the dashboard', () => {
  test('shows what /metrics and the routes tell, and no chart is empty', async () => {
    const server = await startServer();
    const url = await listen(server);
    await fill(server, 'many', MANY);
    await fill(server, 'few', 30);
    const search = { method: 'POST', url: '/collections/many/points/query', payload: { query: 3, limit: 5 } } as const;
    for (let i = 0; i < 20; i++) await server.app.inject(search);
    const { page, troubles } = await open(url, desktop);
    await page.waitForFunction(
      () => document.querySelectorAll('#charts .line[d]:not([d=""])').length === 8,
      undefined,
      { timeout: 60_000 },
    );
    for (const [name, points] of await pointsOfCharts(page)) expect([name, points >= 1]).toEqual([name, true]);
    const values = valuesOf((await server.app.inject('/metrics')).body);
    expect(await figureNumber(page, 'Vectors')).toBe(
      values['simdex_collection_vectors{collection="many"}']! + values['simdex_collection_vectors{collection="few"}']!,
    );
    expect(await figureNumber(page, 'Stored since the start')).toBe(values['simdex_index_duration_seconds_count']);
    expect(await figureNumber(page, 'Searches since the start')).toBe(values['simdex_query_duration_seconds_count']);
    expect(await figure(page, 'Threads')).toMatch(/^2 \(/);
    const threads = await page
      .locator('.threads tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent!)));
    expect(threads.map(([name]) => name)).toEqual(['1', '2']);
    for (const [, state, share, total] of threads) {
      expect([state, share, total]).toEqual([
        expect.stringMatching(/^(busy|idle)$/),
        expect.stringMatching(/^\d+ %$/),
        expect.stringMatching(/[1-9]/),
      ]);
    }
    for (const thread of [1, 2])
      expect(values[`simdex_engine_thread_busy_seconds_total{thread="${thread}"}`]).toBeGreaterThan(0);
    const rows = await page
      .locator('.collections tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      ['many', '21,000', '8', 'Cosine'],
      ['few', '30', '8', 'Cosine'],
    ]);
    // The monitor is connected; its figures are those of the server, too.
    await page.waitForFunction(
      () => document.querySelector('simdex-monitor')?.shadowRoot?.querySelector('.connection')?.textContent === 'Live',
    );
    await page.waitForFunction(
      () =>
        !/–/.test(document.querySelector('simdex-monitor')?.shadowRoot?.querySelector('tbody tr')?.textContent ?? '–'),
    );
    const altogether = (name: string) =>
      page
        .locator('simdex-monitor tbody tr', { has: page.locator(`th:text-is("${name}")`) })
        .locator('td')
        .nth(1)
        .textContent();
    expect(await altogether('Vectors')).toBe('21,030');
    expect(await altogether('Queries')).toBe('20');

    // Neighbours, by keyboard.
    await page.locator('#search-id').focus();
    await page.keyboard.type('3');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.hits tbody tr');
    const { points } = (await server.app.inject({ ...search, payload: { query: 3, limit: 10 } })).json().result;
    const shown = await page
      .locator('.hits tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
    expect(shown.map(([id, score]) => [Number(id), Number(score)])).toEqual(
      points.map(({ id, score }: { id: number; score: number }) => [id, Number(score.toPrecision(6))]),
    );
    await page.fill('#search-id', '99999999');
    await page.click('form.search button');
    await page.waitForFunction(() => /no point/i.test(document.querySelector('#search [role=status]')!.textContent!));

    // The recall of the graph: the figures are those that the server measured.
    // A line that goes straight up has no width.
    await page.waitForSelector('.recall-figure:not([hidden]) svg .dot', { timeout: 90_000, state: 'attached' });
    const state = (await server.app.inject('/dashboard/state')).json();
    const { calibration } = state.collections.find(({ name }: { name: string }) => name === 'many').graph;
    await page.click('.recall-figure summary');
    const efforts = await page
      .locator('.recall-figure tbody tr')
      .evaluateAll((all) =>
        all.map((row) => [...row.children].slice(0, 2).map((cell) => Number(cell.textContent!.replaceAll(',', '')))),
      );
    expect(efforts).toEqual(calibration.map(({ k, effort }: { k: number; effort: number }) => [k, effort]));
    expect(await page.locator('svg.recall .dot').count()).toBe(calibration.length);
    await expectAccessible(page);
    // Of the point that is not there.
    expect(troubles).toEqual(['Failed to load resource: the server responded with a status of 404 (Not Found)']);
  });

  const looks = [
    ['phone', 'dark', phone],
    ['phone', 'light', phone],
    ['desktop', 'dark', desktop],
  ] as const;
  test.each(looks)('on a %s, %s: nothing is cut off, and axe finds nothing', async (_, scheme, size) => {
    const server = await startServer();
    const url = await listen(server);
    await fill(server, 'a-collection-with-a-long-name-that-goes-on-and-on', 30);
    const { page, troubles } = await open(url, size, scheme);
    await page.waitForSelector('.collections tbody tr');
    await page.waitForFunction(() => document.querySelector('#charts .line')!.getAttribute('d') !== '');
    const [scrollWidth, width] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    expect(scrollWidth).toBe(width);
    await expectAccessible(page);
    expect(troubles).toEqual([]);
  });

  test('asks for a key where the server has one, keeps it in its tab, and sends it to the server alone', async () => {
    const server = await startServer({ apiKey: 'the-key', readOnlyApiKey: 'the-read-key' });
    const url = await listen(server);
    await fill(server, 'c', 30, { 'api-key': 'the-key' });
    const { page } = await open(url, desktop);
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url()));
    await page.waitForSelector('#key-form:not([hidden])');
    await expectAccessible(page);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('key');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => /refused the key/.test(document.querySelector('#key-text')!.textContent!));
    await page.fill('#key', 'the-read-key');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.collections tbody tr');
    await page.reload();
    await page.waitForSelector('.collections tbody tr');
    await page.fill('#search-id', '3');
    await page.click('form.search button');
    await page.waitForSelector('.hits tbody tr');
    expect(await page.evaluate(() => localStorage.length + document.cookie.length)).toBe(0);
    expect(sent.filter((each) => each.includes('key') || !each.startsWith(url))).toEqual([]);
    expect(server.lines.join('')).not.toMatch(/the-key|the-read-key/);
  });

  test('says so when its server does not answer, and goes on when it does', async () => {
    const server = await startServer();
    const url = await listen(server);
    const { page } = await open(url, desktop);
    await page.waitForFunction(() => /^Live/.test(document.querySelector('#connection')!.textContent!));
    await page.route('**/dashboard/state*', (route) => route.abort());
    await page.waitForFunction(() => /^Not connected/.test(document.querySelector('#connection')!.textContent!));
    await page.unroute('**/dashboard/state*');
    await page.waitForFunction(() => /^Live/.test(document.querySelector('#connection')!.textContent!));
  });
});

test('its files need no key, are under a strict policy, and are asked for anew', async () => {
  const { app } = await startServer({ apiKey: 'the-key' });
  for (const path of ['/dashboard', '/dashboard/app.js', '/dashboard/style.css', '/dashboard/icon.svg']) {
    const { statusCode, headers, body } = await app.inject(path);
    expect([path, statusCode]).toEqual([path, 200]);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toMatch(/unsafe|\*|data:/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' });
    expect(body).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    const again = await app.inject({ url: path, headers: { 'if-none-match': String(headers.etag) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  }
  const html = (await app.inject('/dashboard')).body;
  expect(html).not.toMatch(/ style=| on\w+=|<style|<script>/);
  for (const path of ['/dashboard/state', '/dashboard/events', '/dashboard/none'])
    expect((await app.inject(path)).statusCode).toBe(401);
});
