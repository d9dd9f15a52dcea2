/**
 * The monitor of a real indexer over a real HTTP connection.
 */
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { MonitoredParallelIndexer, PerformanceMonitor, RealTimeMonitor } from 'simdex';
import { type MonitorSource, serverSentEvents, serverSentEventsHeaders } from 'simdex/monitor-events';
import { expect, onTestFinished, test } from 'vitest';
import { type LiveUpdate, updateFromJson } from '../../src/live/update-json.js';

interface Served {
  readonly port: number;
  /** Settles with each response that has ended, one way or the other. */
  readonly ended: Promise<unknown>[];
}

async function serve(monitor: MonitorSource, heartbeatMs?: number): Promise<Served> {
  const ended: Promise<unknown>[] = [];
  const server: Server = createServer((_, response) => {
    response.writeHead(200, serverSentEventsHeaders);
    ended.push(pipeline(serverSentEvents(monitor, { heartbeatMs }), response).catch((error) => error.code));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, ended };
}

function open(port: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get({ port, host: '127.0.0.1' }, resolve).on('error', reject));
}

/** Events of a response, as the standard says: fields of lines, an empty line ends an event. */
async function* eventsOf(response: IncomingMessage) {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) {
    text += piece;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      yield Object.fromEntries(fields.map((line) => line.split(/: (.*)/s, 2)));
    }
  }
}

async function updatesOf(response: IncomingMessage): Promise<LiveUpdate[]> {
  const updates: LiveUpdate[] = [];
  for await (const { event, data } of eventsOf(response)) {
    const update = event === undefined && data !== undefined ? updateFromJson(data) : undefined;
    if (update) updates.push(update);
  }
  return updates;
}

test('a run arrives whole: its last progress is the result, and windows add up to what was indexed', async () => {
  await using indexer = new MonitoredParallelIndexer(2);
  await indexer.ready();
  const monitor = indexer.enableRealTimeMonitoring()!;
  const { port, ended } = await serve(monitor);
  const response = await open(port);
  expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  const received = updatesOf(response);
  const vectors = { data: new Float32Array(200_000 * 32).map((_, i) => (i % 7) - 2.5), dims: 32 };
  const result = await indexer.indexVectorsMonitored(vectors);
  monitor.stop();

  const updates = await received;
  const last = updates.filter((update) => update.type === 'progress').at(-1)!;
  expect(last).toMatchObject({ run: 1, last: true, processed: 200_000, total: 200_000, percent: 100, etaMs: 0 });
  expect(last.threads.reduce((sum, { processed }) => sum + processed, 0)).toBe(result.indexedCount);
  const windows = updates.filter((update) => update.type === 'metric');
  expect(windows.reduce((sum, { stats }) => sum + stats.totalIndexes, 0)).toBe(200_000);
  expect(windows.at(-1)!.lifetime.totalIndexes).toBe(200_000);
  // The monitor was stopped, so the response ended.
  expect(await Promise.all(ended)).toEqual([undefined]);
});

test('a reader who comes later hears of what is raised, and of nothing that was cleared', async () => {
  const queries = new PerformanceMonitor();
  const thresholds = { meanQueryTimeMs: 5, p99ToMean: Infinity, coefficientOfVariation: Infinity };
  // Twenty times as fast: a rule has to hold for three seconds.
  const monitor = new RealTimeMonitor(queries, { thresholds, clock: () => 20 * performance.now() });
  let queryMs = 10;
  const service = setInterval(() => queries.recordQueryTimes(new Array<number>(50).fill(queryMs)), 20);
  onTestFinished(() => clearInterval(service));
  monitor.start();
  await new Promise((resolve) => monitor.on('alert', resolve));
  const { port } = await serve(monitor);
  const first = updatesOf(await open(port));
  const cleared = new Promise((resolve) => monitor.on('alert', ({ state }) => state === 'cleared' && resolve(state)));
  queryMs = 1;
  await cleared;
  const second = updatesOf(await open(port));
  monitor.stop();

  const alerts = (updates: LiveUpdate[]) =>
    updates.filter((update) => update.type === 'alert').map(({ rule, state }) => `${rule} ${state}`);
  expect(alerts(await first)).toEqual(['meanQueryTime raised', 'meanQueryTime cleared']);
  expect(alerts(await second)).toEqual([]);
});

test('a heartbeat comes while there is nothing to tell, and no update is lost to it', async () => {
  const queries = new PerformanceMonitor();
  const monitor = new RealTimeMonitor(queries);
  const { port } = await serve(monitor, 20);
  const events = eventsOf(await open(port));
  expect((await events.next()).value).toEqual({ retry: '1000' });
  for (let beat = 0; beat < 4; beat++) {
    expect((await events.next()).value).toEqual({ event: 'heartbeat', data: '{}' });
  }
  queries.recordQueryTime(3);
  monitor.start();
  queries.recordQueryTime(4);
  let total = 0;
  for await (const { event, data } of events) {
    if (event === 'heartbeat') continue;
    const update = updateFromJson(String(data));
    if (update?.type === 'metric') total += update.stats.totalQueries;
    if (total > 0) break;
  }
  expect(total).toBe(1);
  monitor.stop();
});

test('a client that leaves ends its reading of the monitor', async () => {
  const queries = new PerformanceMonitor();
  const real = new RealTimeMonitor(queries);
  let reading = 0;
  const { port, ended } = await serve({
    updates() {
      const updates = real.updates();
      reading++;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => updates.next(),
          return: () => {
            reading--;
            return updates.return!();
          },
        }),
      };
    },
  });
  real.start();
  const response = await open(port);
  await eventsOf(response).next();
  expect(reading).toBe(1);
  response.destroy();
  while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all(ended);
  expect(reading).toBe(0);
  real.stop();
});

test('nothing is read from the monitor before a client asks: a slow one makes nothing grow', async () => {
  const queries = new PerformanceMonitor();
  const monitor = new RealTimeMonitor(queries);
  const reader = serverSentEvents(monitor).getReader();
  monitor.start();
  for (let window = 0; window < 5; window++) {
    queries.recordQueryTime(1);
    await new Promise((resolve) => monitor.on('metric', resolve));
  }
  monitor.stop();
  let text = '';
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    text += new TextDecoder().decode(step.value);
  }
  // Of six windows and the last one, only the newest was kept: it has the lifetime of all.
  const metrics = text.split('\n').filter((line) => line.includes('"metric"'));
  expect(metrics).toHaveLength(1);
  expect(updateFromJson(metrics[0]!.slice('data: '.length))).toMatchObject({ lifetime: { totalQueries: 5 } });
});

test('interim reports are left out', async () => {
  const report = { type: 'report', run: 1, report: { big: 'figures' }, stats: {}, lifetime: {} };
  const told = [report, { type: 'degradation', message: 'a' }, report];
  const stream = serverSentEvents({
    async *updates() {
      for (const update of told) yield update as never;
    },
  });
  const text = await new Response(stream).text();
  expect(text.match(/"type":"\w+"/g)).toEqual(['"type":"degradation"']);
});

test('options out of their domain are refused by name', () => {
  const monitor = new RealTimeMonitor(new PerformanceMonitor());
  for (const heartbeatMs of [0, -1, Number.NaN, Infinity, '5' as never]) {
    expect(() => serverSentEvents(monitor, { heartbeatMs })).toThrow('heartbeatMs must be a positive number');
  }
  expect(() => serverSentEvents(monitor, { heartbeat: 5 } as never)).toThrow('options.heartbeat');
});
