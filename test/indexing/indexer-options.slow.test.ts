import { readFileSync } from 'node:fs';
import type { IndexerLogger, IndexerMonitoringConfig, IndexerOptions } from 'simdex';
import { MonitoredParallelIndexer, ParallelIndexer } from 'simdex';
import { expect, test } from 'vitest';
import { failNowhere, faultyWorker } from './fault.js';
import { createIndexer, inSharedMemory, randomMatrix, rejectionOf } from './support.js';

test.each([0, -1, 1.5, 257, 10_000, Number.NaN, Number.POSITIVE_INFINITY, '2', null, {}, true])(
  'a thread count of %j is refused by both indexers',
  (threads) => {
    const refused = expect.objectContaining({
      code: 'InvalidConfiguration',
      message: expect.stringMatching(
        /^Invalid indexing configuration: threadCount must be an integer from 1 to 256 or 'auto', got /,
      ),
    });
    expect(() => new MonitoredParallelIndexer(threads as number)).toThrow(refused);
    expect(() => new ParallelIndexer(threads as number)).toThrow(refused);
  },
);

test("1, 256 and 'auto' are thread counts", () => {
  expect(createIndexer(1).indexer.threadCount).toBe(1);
  expect(createIndexer(256).indexer.threadCount).toBe(256);
  expect(new MonitoredParallelIndexer('auto').indexer.threadCount).toBe(
    new MonitoredParallelIndexer().indexer.threadCount,
  );
  expect(new MonitoredParallelIndexer().indexer.threadCount).toBeGreaterThanOrEqual(1);
});

test('64 threads index', { timeout: 120_000 }, async () => {
  const indexer = createIndexer(64);
  const { batchResults, indexedCount } = await indexer.indexVectorsMonitored(randomMatrix(3200, 4));
  expect(indexedCount).toBe(3200);
  expect(new Set(batchResults.map(({ threadId }) => threadId)).size).toBe(64);
});

const wrong: [Record<string, unknown>, RegExp][] = [
  [{ maxMemoryBytes: 0 }, /maxMemoryBytes must be a positive number of bytes, got 0/],
  [{ maxMemoryBytes: Number.NaN }, /maxMemoryBytes must be a positive number of bytes, got NaN/],
  [{ maxMemoryBytes: '1GB' }, /maxMemoryBytes must be a positive number of bytes, got "1GB"/],
  [{ kernel: 'avx' }, /kernel must be 'auto', 'simd', 'scalar' or 'javascript', got "avx"/],
  [{ worker: 7 }, /worker must be a URL, got 7/],
  [{ wasm: 'kernel.wasm' }, /wasm must be the bytes of the kernel .*, got "kernel.wasm"/],
  [{ logger: {} }, /logger must be an object with the functions info and warn, got an object/],
  [{ logger: { info: () => undefined } }, /logger must be an object with the functions info and warn/],
  [
    { threads: 4 },
    /options\.threads must be one of maxMemoryBytes, kernel, worker, wasm, logger, engine, got "threads"/,
  ],
];

test.each(wrong)('options %j are refused by name', (options, message) => {
  expect(() => new MonitoredParallelIndexer(1, {}, options)).toThrow(message);
  expect(() => new ParallelIndexer(1, options)).toThrow(message);
});

test('options and a configuration that are no objects are refused', () => {
  const noOptions = /^Invalid indexing configuration: options must be an object, got null/;
  expect(() => new ParallelIndexer(1, null as never)).toThrow(noOptions);
  expect(() => new MonitoredParallelIndexer(1, {}, null as never)).toThrow(noOptions);
  expect(() => new MonitoredParallelIndexer(1, null as never)).toThrow(
    /^Invalid indexing configuration: config must be an object, got null/,
  );
});

test.each([
  [{ enablePerThreadMonitoring: 'yes' }, /config\.enablePerThreadMonitoring must be true or false, got "yes"/],
  [{ queueDepthMonitoring: 1 }, /config\.queueDepthMonitoring must be true or false, got 1/],
  [{ reportingIntervalMs: 0 }, /config\.reportingIntervalMs must be a positive number of milliseconds, got 0/],
  [{ reportingIntervalMs: '5s' }, /config\.reportingIntervalMs must be a positive number of milliseconds, got "5s"/],
  [{ perThread: true }, /config\.perThread must be one of enablePerThreadMonitoring, /],
])('the monitoring configuration %j is refused by name', (config, message) => {
  expect(() => new MonitoredParallelIndexer(1, config as never)).toThrow(message);
});

test('undefined fields count as left out', () => {
  const options: IndexerOptions = { maxMemoryBytes: undefined, kernel: undefined, worker: undefined, wasm: undefined };
  const config = { enablePerThreadMonitoring: undefined } as unknown as Partial<IndexerMonitoringConfig>;
  const { config: checked } = createIndexer(2, options, config);
  expect(checked.enablePerThreadMonitoring).toBe(true);
  expect(Object.isFrozen(checked)).toBe(true);
});

test('maxMemoryBytes: more is refused with both sizes and the way out, and the indexer stays usable', async () => {
  const indexer = createIndexer(2, { maxMemoryBytes: 3_000_000 });
  const large = inSharedMemory(randomMatrix(10_000, 100));
  await expect(indexer.indexVectorsMonitored(large)).rejects.toMatchObject({
    code: 'InsufficientMemory',
    message: expect.stringMatching(
      /^Insufficient memory for indexing operation: .*\(4,\d{3},\d{3} bytes\) are needed.*\(3,000,000 bytes\).*use indexStream/,
    ),
  });
  expect(() => indexer.allocate(10_000, 100)).toThrow(/use indexStream/);
  const small = { data: large.data.subarray(0, 500_000), dims: 100 };
  const held = await indexer.indexVectorsMonitored(small);
  // 2 MB are held: what another result needs is refused, and the message says what to do.
  const refused = await rejectionOf(indexer.indexVectorsMonitored(small));
  expect(refused.message).toMatch(/are in use \(dispose results\)/);
  held.dispose();
  expect((await indexer.indexVectorsMonitored(small)).indexedCount).toBe(5000);
});

test('maxMemoryBytes counts allocated matrices, until they are disposed', async () => {
  const indexer = createIndexer(2, { maxMemoryBytes: 3_000_000 });
  const matrix = indexer.allocate(5000, 100);
  expect(() => indexer.allocate(5000, 100)).toThrow(expect.objectContaining({ code: 'InsufficientMemory' }));
  matrix.dispose();
  matrix.dispose();
  expect(indexer.allocate(5000, 100).count).toBe(5000);
  expect(() => indexer.allocate(5000, 100)).toThrow(expect.objectContaining({ code: 'InsufficientMemory' }));
});

test('runs that fail give their memory back', async () => {
  // 400 × 1,000 on threads, 5 × 20,000 on the calling thread; a second memory of either would not fit.
  for (const [count, dims, maxMemoryBytes] of [
    [400, 1000, 2_500_000],
    [5, 20_000, 1_500_000],
  ] as const) {
    const indexer = createIndexer(2, { maxMemoryBytes });
    const matrix = randomMatrix(count, dims);
    const invalid = { data: matrix.data.slice().fill(0, 3 * dims, 4 * dims), dims };
    for (let round = 0; round < 6; round++) {
      const run = indexer.indexVectorsMonitored(invalid);
      await expect(run).rejects.toMatchObject({ code: 'ZeroMagnitude', vectorIndex: 3 });
    }
    const held = await indexer.indexVectorsMonitored(matrix);
    await expect(indexer.indexVectorsMonitored(matrix)).rejects.toMatchObject({ code: 'InsufficientMemory' });
    held.dispose();
  }
});

test('worker: the module given runs in the threads', async () => {
  failNowhere();
  const indexer = createIndexer(2, { worker: new URL('./workers/missing.mjs', import.meta.url) });
  await expect(indexer.ready()).rejects.toMatchObject({ code: 'ThreadPanic' });
  for (const worker of [faultyWorker, faultyWorker.href]) {
    expect((await createIndexer(2, { worker }).indexVectorsMonitored(randomMatrix(300, 8))).indexedCount).toBe(300);
  }
});

test('wasm: the bytes given are the kernel', async () => {
  await expect(createIndexer(2, { wasm: new Uint8Array([1, 2, 3, 4]) }).ready()).rejects.toThrow();
  // An empty module is a valid one without the kernel's functions.
  const empty = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  await expect(createIndexer(2, { wasm: empty }).indexVectorsMonitored(randomMatrix(300, 8))).rejects.toThrow();
  const simd = readFileSync(new URL('../../build/kernel/simd.wasm', import.meta.url));
  for (const wasm of [simd, Uint8Array.from(simd).buffer]) {
    expect((await createIndexer(2, { wasm }).indexVectorsMonitored(randomMatrix(300, 8))).indexedCount).toBe(300);
  }
});

test('logger: hears which kernel runs, once', async () => {
  const heard: string[] = [];
  const logger: IndexerLogger = {
    info: (message) => heard.push(message),
    warn: (message) => heard.push(`warn ${message}`),
  };
  const indexer = createIndexer(2, { logger });
  expect(indexer.backend).toBeUndefined();
  await indexer.ready();
  await indexer.indexVectorsMonitored(randomMatrix(300, 8));
  expect(heard).toEqual(['Using the simd kernel on 2 threads']);
  expect(indexer.backend).toEqual({ kernel: 'simd', threads: 2, shared: true });
});

test('each part of the monitoring can be switched off alone', async () => {
  const vectors = randomMatrix(400, 8);
  const run = async (config: Partial<IndexerMonitoringConfig>) => {
    const indexer = createIndexer(2, {}, config);
    const { performanceReport } = await indexer.indexVectorsMonitored(vectors);
    expect(indexer.monitor.getStats().totalIndexes).toBe(400);
    return { indexer, report: performanceReport! };
  };
  const all = await run({});
  expect(all.indexer.threadMonitors).toHaveLength(2);
  expect(all.indexer.getMonitoringStats().threadStats).toHaveLength(2);
  expect(all.report.threadPerformance).toHaveLength(2);
  expect(all.report.batchSizeHistory).toHaveLength(1);
  expect(all.report.queueDepth?.samples.length).toBeGreaterThan(1);
  expect(all.report.threadUtilization).toHaveLength(2);

  const perThread = await run({ enablePerThreadMonitoring: false });
  expect(perThread.indexer.threadMonitors).toEqual([]);
  expect(perThread.indexer.getMonitoringStats().threadStats).toEqual([]);
  expect(perThread.report.threadPerformance).toEqual([]);
  expect(perThread.report.threadUtilization).toHaveLength(2);

  const batchSizes = await run({ batchSizeMonitoring: false });
  expect(batchSizes.report.batchSizeHistory).toBeUndefined();
  expect(batchSizes.report.queueDepth).toBeDefined();
  // Without a history the mean index time is not asked.
  expect(batchSizes.indexer.calculateOptimalBatchSize(100)).toBe(50);
  expect(all.indexer.calculateOptimalBatchSize(100)).toBe(100);

  expect((await run({ queueDepthMonitoring: false })).report.queueDepth).toBeUndefined();
  expect((await run({ threadUtilizationMonitoring: false })).report.threadUtilization).toBeUndefined();
});
