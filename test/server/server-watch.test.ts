/**
 * What the server's monitor records, and tells in real time.
 */
import { expect, onTestFinished, test } from 'vitest';
import type { MonitorUpdate } from '../../src/monitoring/monitor-update.js';
import { ServerWatch } from '../../src/server/watching/server-watch.js';

function createWatch() {
  const now = { pendingCalls: 0, memoryBytes: 1000, cpuSeconds: 0, busyMs: [5000, 0] };
  const read = {
    pendingCalls: () => now.pendingCalls,
    memoryBytes: () => now.memoryBytes,
    cpuSeconds: () => now.cpuSeconds,
    busyMs: () => now.busyMs,
  };
  const watch = new ServerWatch(read, (error) => {
    throw error;
  });
  onTestFinished(() => watch.close());
  return { watch, now };
}

test('vectors, queries and commits are counted with their times', () => {
  const { watch } = createWatch();
  const began = performance.now() - 100;
  watch.stored(10, began);
  watch.stored(0, began);
  watch.searched(4, began);
  watch.committed(3);
  const { queries, indexes } = watch.monitor.lifetime();
  expect([queries.count, indexes.count, watch.commits.count, watch.commits.sumMs]).toEqual([4, 10, 1, 3]);
  expect(indexes.meanMs).toBeGreaterThanOrEqual(10);
  expect(queries.meanMs).toBeGreaterThanOrEqual(25);
});

test('updates tell each write as a run, with the queue of the engine, until the watch is closed', async () => {
  const { watch, now } = createWatch();
  now.pendingCalls = 7;
  const updates = watch.updates();
  const first = updates.next();
  watch.stored(10, performance.now() - 5);
  let progress: MonitorUpdate | undefined;
  for (let step = await first; !step.done; step = await updates.next()) {
    if (step.value.type === 'progress') {
      progress = step.value;
      break;
    }
  }
  expect(progress).toMatchObject({ processed: 10, total: 10, queueDepth: 7, last: true });
  watch.close();
  const after = createWatch();
  const ended = after.watch.updates();
  const reading = (async () => {
    let metrics = 0;
    for await (const { type } of ended) if (type === 'metric') metrics++;
    return metrics;
  })();
  await new Promise((resolve) => setTimeout(resolve, 250));
  after.watch.close();
  expect(await reading).toBeGreaterThan(0);
});

test('a sample of a second has its rates; what was long ago is not kept', async () => {
  const { watch, now } = createWatch();
  watch.stored(30, performance.now() - 5);
  watch.searched(20, performance.now() - 5);
  now.cpuSeconds = 2;
  now.memoryBytes = 5000;
  now.busyMs = [5300, 0];
  now.pendingCalls = 3;
  while (watch.samplesSince(0).length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
  const [first, second] = watch.samplesSince(0);
  expect(first).toMatchObject({ memoryBytes: 5000, pendingCalls: 3 });
  expect(first!.ingestRate).toBeGreaterThan(0);
  expect(first!.ingestRate / first!.searchRate).toBeCloseTo(1.5);
  expect(first!.processors).toBeGreaterThan(0);
  // 300 ms of the second, which may have been a longer one.
  const [share, other] = first!.busyShares;
  expect([share! > 0 && share! <= 0.3, other]).toEqual([true, 0]);
  expect(second).toMatchObject({
    busyShares: [0, 0],
    ingestRate: 0,
    searchRate: 0,
    processors: 0,
    p50Ms: first!.p50Ms,
  });
  expect(watch.samplesSince(first!.atMs)).toEqual([second]);
});
