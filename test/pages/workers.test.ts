/**
 * Workers in pages: those that are the caller's own, and those that fail.
 */
import { expect, onTestFinished, test, vi } from 'vitest';
import { createIndexer, environment } from '../common/environment.js';
import { differencesFrom } from '../indexing/reference.js';
import { countedBy, randomRows } from '../indexing/support.js';

const rows = randomRows(3000, 64);
const url = (name: string) => new URL(`/test/pages/workers/${name}`, location.href);
const own = new URL('/dist/worker.browser.js', location.href);

// The page whose policy forbids workers has none of these.
const hasWorkers = environment.backend.shared || environment.backend.kernel === 'simd';

test.skipIf(!hasWorkers)('worker: a URL, a string, or a function that gives a Worker', async () => {
  let made = 0;
  const factory = () => {
    made++;
    return new Worker(own, { type: 'module' });
  };
  for (const worker of [own, own.href, factory]) {
    const indexer = createIndexer({ worker });
    expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows))).toEqual([]);
  }
  expect(made).toBe(environment.backend.shared ? 2 : 1);
});

test.skipIf(!hasWorkers)('worker: a function that gives no Worker is refused by name', async () => {
  const indexer = createIndexer({ worker: () => ({ postMessage() {}, terminate() {} }) });
  await expect(indexer.ready()).rejects.toThrow('worker must be a function that gives a Worker, got an object');
});

test.skipIf(!hasWorkers).each(['missing.js', 'throws.js'])(
  'a worker that fails to start (%s) is an error',
  async (name) => {
    const indexer = createIndexer({ worker: url(name) });
    const expected = name === 'missing.js' ? name : 'thrown while it loads';
    await expect(indexer.ready()).rejects.toMatchObject({
      code: 'ThreadPanic',
      message: expect.stringContaining(expected),
    });
    await expect(indexer.indexVectorsMonitored(rows)).rejects.toThrow(expected);
    // Few vectors need no worker.
    expect((await indexer.indexVectorsMonitored(rows.slice(0, 10))).indexedCount).toBe(10);
  },
);

test.skipIf(!hasWorkers)('a worker that says nothing for 10 s is an error with its URL', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const indexer = createIndexer({ worker: url('silent.js') });
  const refused = expect(indexer.ready()).rejects.toThrow(
    `the worker (${url('silent.js')}) did not answer its first message within 10 s`,
  );
  while (vi.getTimerCount() === 0) await new Promise(requestAnimationFrame);
  vi.advanceTimersByTime(9999);
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  vi.advanceTimersByTime(1);
  await refused;
});

test.skipIf(!hasWorkers)(
  'a worker that ends without a word is replaced, and its vectors are indexed once',
  async () => {
    const warnings: string[] = [];
    const logger = { info: () => undefined, warn: (message: string) => warnings.push(message) };
    let made = 0;
    const worker = () => new Worker(url('doomed.js'), { type: 'module', name: made++ === 0 ? 'doomed' : 'spared' });
    const indexer = createIndexer({ worker, logger });
    for (let run = 1; run <= 2; run++) {
      expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows, { batchSize: 100 }))).toEqual([]);
      expect(countedBy(indexer)).toEqual({ total: run * 3000, threads: run * 3000 });
    }
    expect(warnings.some((message) => message.includes('died and is replaced (the worker ended without a word)'))).toBe(
      true,
    );
  },
);

test.skipIf(!environment.backend.shared)(
  'a worker that starts later than the others and ends at its first task is missed when it ends',
  async () => {
    const warnings: string[] = [];
    const logger = { info: () => undefined, warn: (message: string) => warnings.push(message) };
    let made = 0;
    const worker = () =>
      new Worker(url('late-doomed.js'), { type: 'module', name: made++ === 1 ? 'doomed' : 'spared' });
    const indexer = createIndexer({ worker, logger });
    expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows, { batchSize: 100 }))).toEqual([]);
    // Not for the answer to its first message that never came.
    expect(warnings).toEqual(['Thread 1 died and is replaced (the worker ended without a word)']);
  },
);

test.skipIf(!hasWorkers)('a worker whose answer cannot be read is replaced', async () => {
  const made: Worker[] = [];
  const worker = () => {
    made.push(new Worker(own, { type: 'module' }));
    return made.at(-1)!;
  };
  const indexer = createIndexer({ worker });
  await indexer.ready();
  const { length } = made;
  made[0]!.dispatchEvent(new MessageEvent('messageerror'));
  expect(differencesFrom(rows, await indexer.indexVectorsMonitored(rows))).toEqual([]);
  expect(made.length).toBe(length + 1);
});

test('wasm: bytes that are no kernel are refused', async () => {
  if (environment.kernel === 'javascript' || environment.backend.kernel === 'javascript') return;
  const indexer = createIndexer({ wasm: new Uint8Array([1, 2, 3]) });
  await expect(indexer.ready()).rejects.toThrow('wasm must be the bytes of a simdex kernel');
});
