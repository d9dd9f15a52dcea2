/**
 * `<simdex-monitor>` in a real Chromium, fed by the real monitor of a Node process over real server-sent events.
 */
import { createReadStream } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright';
import { MonitoredParallelIndexer, PerformanceMonitor, RealTimeMonitor } from 'simdex';
import { type MonitorSource, serverSentEvents, serverSentEventsHeaders } from 'simdex/monitor-events';
import { test as always, expect, onTestFinished } from 'vitest';
import { expectAccessible, hasChromium, troublesOf, useChromium } from '../chromium/browser.js';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Monitor</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/page.css">
<script type="module" src="/monitor-element.js"></script>
<main><h1>Monitor</h1><simdex-monitor src="/events"></simdex-monitor></main></html>`;
/** Nothing inline: neither script nor style. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'";

const test = always.skipIf(!hasChromium);

const browser = useChromium();

/** A server of the page, of the built element, and of events as `answer` gives them. */
async function serve(
  answer: (response: ServerResponse) => unknown,
  port = 0,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    response.setHeader('Content-Security-Policy', POLICY);
    if (path === '/') response.setHeader('Content-Type', 'text/html').end(PAGE);
    else if (path === '/events') answer(response);
    else if (path === '/page.css') response.setHeader('Content-Type', 'text/css').end('html { background: Canvas }');
    else if (!path.endsWith('.js')) response.writeHead(404).end();
    else {
      response.setHeader('Content-Type', 'text/javascript');
      pipeline(createReadStream(dist + basename(path)), response).catch(() => response.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => stop(server));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

function stop(server: Server): void {
  server.closeAllConnections();
  server.close();
}

const stream = (monitor: MonitorSource) => (response: ServerResponse) =>
  pipeline(serverSentEvents(monitor), response.writeHead(200, serverSentEventsHeaders)).catch(() => response.destroy());

async function openPage(url: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await browser().newPage(options);
  onTestFinished(() => page.close());
  await page.goto(url);
  return page;
}

/** A page that shows `monitor`, which is started for the time of the test. */
async function openMonitor(monitor: RealTimeMonitor, options?: Parameters<Browser['newPage']>[0]): Promise<Page> {
  monitor.start();
  onTestFinished(() => monitor.stop());
  const { url } = await serve(stream(monitor));
  return openPage(url, options);
}

/** Text of the row of the statistics table that begins with `name`. */
const row = (page: Page, name: string) => page.locator('simdex-monitor tr', { hasText: name }).first().locator('td');

test('a run of another process is shown as it was, under a policy that refuses everything inline', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const monitor = indexer.enableRealTimeMonitoring()!;
  const { url } = await serve(stream(monitor));
  const page = await browser().newPage();
  onTestFinished(() => page.close());
  const troubles = troublesOf(page);
  await page.goto(url);
  const view = page.locator('simdex-monitor');
  await view.getByText('Live', { exact: true }).waitFor();
  const vectors = { data: new Float32Array(100_000 * 64).map((_, i) => (i % 7) - 2.5), dims: 64 };
  await indexer.indexVectorsMonitored(vectors);
  await view.getByText('100,000 of 100,000').waitFor();
  expect(await view.locator('progress').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(100);
  expect(await view.locator('.figures').innerText()).toContain('done');

  // The threads' vectors are those of the run, and the statistics are the monitor's.
  const meters = await view.getByRole('meter').all();
  expect(meters).toHaveLength(2);
  const said = await Promise.all(meters.map((meter) => meter.getAttribute('aria-valuetext')));
  const counts = said.map((text) => Number(/([\d,]+) vectors/.exec(text!)![1]!.replaceAll(',', '')));
  expect(counts).toEqual(indexer.threadMonitors.map((one) => one.getStats().totalIndexes));
  await expect.poll(() => row(page, 'Vectors').last().innerText()).toBe('100,000');

  // Something was drawn, on the scale that it names.
  await expect.poll(() => view.locator('.throughput .line').getAttribute('d')).toMatch(/^M.*L/);
  expect(troubles).toEqual([]);
  await expectAccessible(page);
});

/** Twenty times as fast, so that a rule which has to hold for three seconds is raised within a fraction of one. */
const fastClock = () => 20 * performance.now();

/** A service whose queries take so long; gives how to change it. */
function serviceOf(queries: PerformanceMonitor, ms: number): (ms: number) => void {
  let queryMs = ms;
  const timer = setInterval(() => queries.recordQueryTimes(new Array<number>(50).fill(queryMs)), 20);
  onTestFinished(() => clearInterval(timer));
  return (other) => {
    queryMs = other;
  };
}

test('alerts are shown, told politely, taken away when cleared, and are text whatever is in them', async () => {
  const queries = new PerformanceMonitor();
  const thresholds = { meanQueryTimeMs: 5, p99ToMean: Infinity, coefficientOfVariation: Infinity };
  const monitor = new RealTimeMonitor(queries, { thresholds, clock: fastClock });
  const page = await openMonitor(monitor);
  const view = page.locator('simdex-monitor');
  await view.getByText('Live', { exact: true }).waitFor();
  await view.getByText('No alerts.').waitFor();
  const setQueryMs = serviceOf(queries, 10);
  const alerts = view.getByRole('list', { name: 'Alerts raised' });
  await alerts.getByText('critical: Mean query time is 10 ms, above 5 ms').waitFor();
  const status = view.getByRole('status');
  expect(await status.innerText()).toBe('Alert, critical: Mean query time is 10 ms, above 5 ms.');
  expect(await status.getAttribute('aria-live')).toBe('polite');
  // Queries have rows of their own once there are some.
  expect(await row(page, 'Queries').last().innerText()).not.toBe('0');

  // Connected anew, the page hears of what is still raised.
  await page.reload();
  await alerts.getByText('critical: Mean query time').waitFor();
  setQueryMs(1);
  await view.getByText('No alerts.').waitFor();
});

test('a server that sends markup, foreign figures or nonsense does no harm', async () => {
  const connections: ServerResponse[] = [];
  const { url } = await serve((response) => {
    connections.push(response.writeHead(200, serverSentEventsHeaders));
    const alert = { type: 'alert', state: 'raised', severity: 'info', rule: 'throughput', value: null, threshold: 1 };
    const message = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>';
    response.write(`data: ${JSON.stringify({ ...alert, message })}\n\n`);
    response.write('data: {"type":"of a newer version"}\n\n');
  });
  const page = await openPage(url);
  const view = page.locator('simdex-monitor');
  await view.getByRole('list', { name: 'Alerts raised' }).getByText('<img src=x onerror').waitFor();
  connections[0]!.write('data: {"type":"progress","run":"<b>"}\n\n');
  await view.getByText('update.run must be a whole number from 0, got "<b>"').waitFor();
  await expect.poll(() => connections.length, { timeout: 30_000 }).toBe(2);
  await view.getByText('Live', { exact: true }).waitFor();
  expect(await page.evaluate('window.harmed')).toBeUndefined();
  expect(await view.locator('img, script').count()).toBe(0);
});

test('it connects again when the server was away, and says so meanwhile', async () => {
  const queries = new PerformanceMonitor();
  const monitor = new RealTimeMonitor(queries);
  monitor.start();
  onTestFinished(() => monitor.stop());
  const { url, server } = await serve(stream(monitor));
  const page = await openPage(url);
  const view = page.locator('simdex-monitor');
  await view.getByText('Live', { exact: true }).waitFor();
  stop(server);
  await view.getByText(/Not connected: the connection was lost or refused. Next attempt in 1.00 s/).waitFor();
  await serve(stream(monitor), Number(new URL(url).port));
  await view.getByText('Live', { exact: true }).waitFor();
  queries.recordQueryTime(2);
  await expect.poll(() => row(page, 'Queries').last().innerText()).toBe('1');
});

test('taken out of the page it leaves nothing behind, and put back it goes on', async () => {
  const monitor = new RealTimeMonitor(new PerformanceMonitor());
  monitor.start();
  onTestFinished(() => monitor.stop());
  let open = 0;
  const { url } = await serve((response) => {
    open++;
    response.on('close', () => open--);
    stream(monitor)(response);
  });
  const page = await browser().newPage();
  onTestFinished(() => page.close());
  // Counts what the page holds: frames asked for and timers that run.
  await page.addInitScript(`
    window.held = new Set();
    for (const [set, clear, ends] of [['requestAnimationFrame', 'cancelAnimationFrame', true], ['setTimeout', 'clearTimeout', true]]) {
      const begin = window[set], end = window[clear];
      window[set] = (run, ...rest) => { const id = begin.call(window, (...all) => { held.delete(set + id); run(...all); }, ...rest); held.add(set + id); return id; };
      window[clear] = (id) => { held.delete(set + id); end.call(window, id); };
    }`);
  await page.goto(url);
  const view = page.locator('simdex-monitor');
  await view.getByText('Live', { exact: true }).waitFor();
  expect(open).toBe(1);
  await page.evaluate(() => {
    Object.assign(window, { taken: document.querySelector('simdex-monitor') });
    document.querySelector('simdex-monitor')!.remove();
  });
  await expect.poll(() => open).toBe(0);
  expect(await page.evaluate('[...held]')).toEqual([]);
  await page.evaluate('document.querySelector("main").append(taken)');
  await view.getByText('Live', { exact: true }).waitFor();
  expect(open).toBe(1);
});

test('a chart is read point by point with the keyboard, and the view can be paused', async () => {
  const queries = new PerformanceMonitor();
  const monitor = new RealTimeMonitor(queries);
  const page = await openMonitor(monitor);
  const view = page.locator('simdex-monitor');
  await view.getByText('Live', { exact: true }).waitFor();
  await expect.poll(() => view.locator('.throughput .line').getAttribute('d')).toMatch(/L.*L.*L/);

  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.shadowRoot.activeElement.textContent')).toBe('Pause');
  await page.keyboard.press('Enter');
  const pause = view.getByRole('button', { name: 'Pause' });
  expect(await pause.getAttribute('aria-pressed')).toBe('true');
  const still = await view.locator('.throughput .line').getAttribute('d');

  await page.keyboard.press('Tab');
  const slider = view.getByRole('slider', { name: 'Throughput over time' });
  expect(await slider.evaluate((plot) => (plot.getRootNode() as ShadowRoot).activeElement === plot)).toBe(true);
  expect(await slider.getAttribute('aria-valuetext')).toBe('0 vectors/s, now');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  expect(await slider.getAttribute('aria-valuetext')).toMatch(/^0 vectors\/s, \d[\d.]* m?s ago$/);
  await page.keyboard.press('Home');
  expect(await slider.getAttribute('aria-valuenow')).toBe('0');
  await page.keyboard.press('End');
  expect(await slider.getAttribute('aria-valuetext')).toBe('0 vectors/s, now');

  // Updates came meanwhile: they are there when it goes on, and not before.
  const windows = () => new Promise((resolve) => monitor.on('metric', resolve));
  await windows();
  queries.recordQueryTime(2);
  await windows();
  await windows();
  expect(await view.locator('.throughput .line').getAttribute('d')).toBe(still);
  await pause.click();
  await expect.poll(() => row(page, 'Queries').last().innerText()).toBe('1');
});

test('who prefers reduced motion gets a picture a second', async () => {
  const { url } = await serve((response) => response.end());
  /** How often the picture changes in three seconds of the page's clock, with ten updates in each of them. */
  const pictures = async (reducedMotion: 'reduce' | 'no-preference') => {
    const page = await browser().newPage({ reducedMotion });
    onTestFinished(() => page.close());
    await page.clock.install({ time: 0 });
    await page.goto(url);
    await page.clock.pauseAt(60_000);
    // As text: what the test runner makes of import() is not for pages.
    await page.evaluate(`(async () => {
      const { PerformanceMonitor, RealTimeMonitor } = await import('/index.browser.js');
      const monitor = new RealTimeMonitor(new PerformanceMonitor());
      const view = document.querySelector('simdex-monitor');
      Object.assign(view, { monitor });
      window.changes = 0;
      const line = view.shadowRoot.querySelector('.throughput .line');
      new MutationObserver(() => window.changes++).observe(line, { attributeFilter: ['d'] });
      monitor.start();
    })()`);
    for (let window = 0; window < 30; window++) await page.clock.runFor(100);
    return page.evaluate('changes');
  };
  expect(await pictures('reduce')).toBe(3);
  expect(await pictures('no-preference')).toBeGreaterThan(20);
});

test.each([
  ['light', 390],
  ['dark', 320],
] as const)('%s at %d pixels: nothing sticks out, every contrast suffices', async (colorScheme, width) => {
  const queries = new PerformanceMonitor();
  const monitor = new RealTimeMonitor(queries, { thresholds: { meanQueryTimeMs: 5 }, clock: fastClock });
  const page = await openMonitor(monitor, { colorScheme, viewport: { width, height: 800 } });
  serviceOf(queries, 123_456);
  await page.locator('simdex-monitor').getByText('critical').first().waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  await expectAccessible(page);
});

test('a monitor of the same page is shown by its property, set before or after the element is known', async () => {
  const { url } = await serve((response) => response.end());
  const page = await browser().newPage();
  onTestFinished(() => page.close());
  // A page that knows the element only when the test says so.
  await page.route(url, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<simdex-monitor></simdex-monitor>' }),
  );
  await page.goto(url);
  // As text: what the test runner makes of import() is not for pages.
  await page.evaluate(`(async () => {
    const { PerformanceMonitor, RealTimeMonitor } = await import('/index.browser.js');
    const queries = new PerformanceMonitor();
    const real = new RealTimeMonitor(queries);
    let readers = 0;
    const monitor = {
      updates() {
        const updates = real.updates();
        readers++;
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => updates.next(),
            return: () => {
              readers--;
              return updates.return();
            },
          }),
        };
      },
    };
    real.start();
    Object.assign(document.querySelector('simdex-monitor'), { monitor });
    Object.assign(window, { queries, real, readers: () => readers });
    await import('/monitor-element.js');
  })()`);
  const view = page.locator('simdex-monitor');
  const total = () => row(page, 'Queries').last().innerText();
  await view.getByText('Live', { exact: true }).waitFor();
  await page.evaluate('queries.recordQueryTime(1)');
  await expect.poll(total).toBe('1');

  // Stopped and started again, it is read on.
  await page.evaluate('real.stop()');
  await view.getByText('Stopped').waitFor();
  await page.evaluate('real.start(); queries.recordQueryTime(1)');
  await expect.poll(total).toBe('2');
  await view.getByText('Live', { exact: true }).waitFor();

  // Nobody reads for an element that is gone. The first reading has ended by itself.
  expect(await page.evaluate('readers()')).toBe(2);
  await page.evaluate('document.querySelector("simdex-monitor").remove()');
  expect(await page.evaluate('readers()')).toBe(1);
  await page.evaluate(() => {
    const taken = Object.assign(document.createElement('simdex-monitor'), { src: '/nowhere' });
    document.body.append(taken);
  });
  expect(await view.getAttribute('src')).toBe('/nowhere');
  await view.getByText(/Not connected/).waitFor();
});

test('a run on many machines is told in workers and shards', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  const { url } = await serve(stream(indexer.enableRealTimeMonitoring()!));
  const page = await openPage(url);
  const view = page.locator('simdex-monitor');
  await view.getByText('Live', { exact: true }).waitFor();
  await indexer.indexVectorsMonitored({ data: new Float32Array(50_000 * 8).fill(1), dims: 8 });
  await view.getByText('50,000 of 50,000').waitFor();
  expect(await view.locator('.monitor').innerText()).toMatch(
    /Batches waiting.*Threads busy.*Thread 0.*50th percentile/s,
  );

  // Set while it is shown, it begins anew with the other words.
  await view.evaluate((element) => element.setAttribute('shows', 'workers'));
  await view.getByText('Live', { exact: true }).waitFor();
  await indexer.indexVectorsMonitored({ data: new Float32Array(60_000 * 8).fill(1), dims: 8 });
  await view.getByText('60,000 of 60,000').waitFor();
  const said = await view.locator('.monitor').innerText();
  expect(said).toMatch(/Shards waiting.*Workers busy.*Busy time of each worker.*Worker 0.*Mean time of a vector/s);
  expect(said).not.toMatch(/Batches|Thread|percentile/);
  await expectAccessible(page);

  await view.evaluate((element) => element.removeAttribute('shows'));
  await view.getByText('Threads busy').first().waitFor();
});
