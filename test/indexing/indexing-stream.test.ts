/**
 * `indexStream` as its users see it: on the built package, with sources that tell when they are asked and closed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type IndexerMonitoringConfig,
  IndexingError,
  type IndexingPerformanceReport,
  type IndexingResult,
  MonitoredParallelIndexer,
  type VectorMatrix,
} from 'simdex';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chunkOf, DIMS, drain, LARGE, magnitudeOf } from './stream-chunks.js';

const NEVER = new Promise<never>(() => undefined);

let indexer: MonitoredParallelIndexer;
beforeAll(async () => {
  indexer = new MonitoredParallelIndexer(2);
  await indexer.ready();
});
afterAll(() => indexer.dispose());
beforeEach(() => {
  for (const monitor of [indexer.monitor, ...indexer.threadMonitors]) monitor.reset();
});

async function* chunksOf(count: number, rows = LARGE): AsyncGenerator<VectorMatrix> {
  for (let chunk = 0; chunk < count; chunk++) yield chunkOf(chunk, rows);
}

/** A source that counts what it is asked for, and does `before` with each number first. */
function instrumented(count: number, before: (chunk: number) => unknown = () => undefined, rows = LARGE) {
  const state = { asked: 0, closed: 0 };
  const source: AsyncIterable<VectorMatrix> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const chunk = state.asked++;
        await before(chunk);
        return chunk < count ? { done: false, value: chunkOf(chunk, rows) } : { done: true, value: undefined };
      },
      async return() {
        state.closed++;
        return { done: true, value: undefined };
      },
    }),
  };
  return { source, state };
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail('expected a rejection, but it went well'),
    (reason: unknown) => reason,
  );
}

/** Until `condition` holds; the test's own time limit is the bound. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

describe('results', () => {
  test.each([10, LARGE])('come in the order of the chunks, with %i rows each', async (rows) => {
    let chunk = 0;
    for await (const { vectors, indexedCount } of indexer.indexStream(chunksOf(6, rows), { order: 'original' })) {
      expect(indexedCount).toBe(rows);
      expect(vectors.length).toBe(rows);
      for (const row of [0, 1, rows - 1]) {
        const { magnitude, normalized } = vectors.get(row)!;
        const expected = magnitudeOf(chunk, row);
        expect(Math.abs(magnitude / expected - 1)).toBeLessThan(1e-6);
        expect(Math.abs((normalized[0]! * expected) / (chunk + 1) - 1)).toBeLessThan(1e-6);
      }
      chunk++;
    }
    expect(chunk).toBe(6);
  });

  test('are valid until the next step, and not after it', async () => {
    let previous: IndexingResult | undefined;
    let chunk = 0;
    for await (const result of indexer.indexStream(chunksOf(4))) {
      if (previous) expect(() => previous!.vectors.matrix).toThrow(/disposed/);
      // While the next chunk is being indexed.
      await sleep(20);
      expect(Math.abs(result.vectors.magnitudes[7]! / magnitudeOf(chunk++, 7) - 1)).toBeLessThan(1e-6);
      previous = result;
    }
    expect(() => previous!.vectors.magnitudes).toThrow(/disposed/);
  });

  test('copies outlive the step', async () => {
    const copies = [];
    for await (const { vectors } of indexer.indexStream(chunksOf(3))) copies.push(vectors.copy());
    for (const [chunk, vectors] of copies.entries()) {
      expect(Math.abs(vectors.magnitudes[3]! / magnitudeOf(chunk, 3) - 1)).toBeLessThan(1e-6);
    }
  });

  test('come from sources that are not asynchronous, and ragged ones', async () => {
    const chunks = [[[3, 4], [5, 12, 0], [8]], [Float32Array.of(0, 2, 0)]];
    const magnitudes: number[][] = [];
    for await (const { vectors } of indexer.indexStream(chunks)) magnitudes.push([...vectors.magnitudes]);
    expect(magnitudes).toEqual([[5, 13, 8], [2]]);
  });

  test('an empty chunk has an empty result', async () => {
    const lengths: number[] = [];
    for await (const { vectors } of indexer.indexStream([[], [[1, 2]], []])) lengths.push(vectors.length);
    expect(lengths).toEqual([0, 1, 0]);
  });

  test('of an empty stream are none, and there is a report', async () => {
    const stream = indexer.indexStream([]);
    expect(await drain(stream)).toBe(0);
    expect(stream.performanceReport).toMatchObject({ totalVectors: 0, rejectedCount: 0, threadCount: 1 });
  });

  test('options are those of every run', async () => {
    const invalid = [
      [1, 0],
      [0, 0],
      [Number.NaN, 1],
    ];
    const rejected: unknown[] = [];
    const stream = indexer.indexStream([invalid, [[2, 1]]], { order: 'sorted', onInvalid: 'skip', batchSize: 1 });
    for await (const result of stream) {
      rejected.push(result.rejected);
      expect([...result.vectors].every(({ normalized: [a, b] }) => a! < b!)).toBe(true);
    }
    expect(rejected).toEqual([
      [
        { index: 1, code: 'ZeroMagnitude' },
        { index: 2, code: 'NonFinite' },
      ],
      [],
    ]);
    expect(stream.performanceReport).toMatchObject({ totalVectors: 2, rejectedCount: 2, batchSize: 1 });
  });
});

describe('flow', () => {
  test('while a chunk is consumed the next is indexed and the one after it read, and no more', async () => {
    const { source, state } = instrumented(8);
    let consumed = 0;
    for await (const { indexedCount } of indexer.indexStream(source)) {
      expect(indexedCount).toBe(LARGE);
      const ahead = Math.min(consumed + 3, 9);
      await until(() => state.asked >= ahead);
      await until(() => indexer.monitor.getStats().totalIndexes >= Math.min(consumed + 2, 8) * LARGE);
      await sleep(20);
      expect(state.asked).toBe(ahead);
      consumed++;
    }
    expect(consumed).toBe(8);
    expect(state).toEqual({ asked: 9, closed: 0 });
  });

  test('a chunk is asked for when the one before the last is indexed: a source may use two memories in turn', async () => {
    const memories = [indexer.allocate(LARGE, DIMS), indexer.allocate(LARGE, DIMS)];
    async function* inTurn(): AsyncGenerator<VectorMatrix> {
      for (let chunk = 0; chunk < 10; chunk++) {
        const memory = memories[chunk % 2]!;
        memory.data.set(chunkOf(chunk).data);
        yield memory;
      }
    }
    let chunk = 0;
    for await (const { vectors } of indexer.indexStream(inTurn())) {
      const worst = vectors.magnitudes.reduce(
        (error, magnitude, row) => Math.max(error, Math.abs(magnitude / magnitudeOf(chunk, row) - 1)),
        0,
      );
      expect(worst).toBeLessThan(1e-6);
      chunk++;
    }
    expect(chunk).toBe(10);
  });

  test('a result does not wait until the next chunk is read', async () => {
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { source } = instrumented(2, (chunk) => (chunk === 1 ? slow : undefined));
    const results = indexer.indexStream(source)[Symbol.asyncIterator]();
    expect((await results.next()).done).toBe(false);
    release();
    expect((await results.next()).done).toBe(false);
    expect((await results.next()).done).toBe(true);
  });

  test('two streams at once keep their chunks apart', async () => {
    const totals = await Promise.all([
      drain(indexer.indexStream(chunksOf(4))),
      drain(indexer.indexStream(chunksOf(5, 10))),
      drain(indexer.indexStream(chunksOf(3))),
    ]);
    expect(totals).toEqual([4 * LARGE, 50, 3 * LARGE]);
  });
});

describe('leaving early', () => {
  test('closes the source, stops the run under way and leaves the indexer usable', async () => {
    const { source, state } = instrumented(100);
    const stream = indexer.indexStream(source);
    for await (const _ of stream) break;
    expect(state.closed).toBe(1);
    const { asked } = state;
    expect(asked).toBeLessThanOrEqual(3);
    expect(stream.performanceReport.totalVectors).toBe(LARGE);
    expect(await drain(indexer.indexStream(chunksOf(2)))).toBe(2 * LARGE);
    expect(state).toEqual({ asked, closed: 1 });
    expect(indexer.getMonitoringStats().busyThreads).toBe(0);
  });

  test('ends a generator in its finally', async () => {
    let ended = false;
    async function* source() {
      try {
        yield* chunksOf(100);
      } finally {
        ended = true;
      }
    }
    for await (const _ of indexer.indexStream(source())) break;
    expect(ended).toBe(true);
  });

  test('by throwing gives what was thrown, also where the source cannot be closed', async () => {
    const source: AsyncIterable<VectorMatrix> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: chunkOf(0) }),
        return: () => Promise.reject(new Error('cannot close')),
      }),
    };
    const consume = async () => {
      for await (const _ of indexer.indexStream(source)) throw new Error('the consumer gave up');
    };
    expect(await failureOf(consume())).toMatchObject({ message: 'the consumer gave up' });
  });
});

describe('failures', () => {
  test('of the source come after the chunks before it, and the source is not closed twice', async () => {
    const { source, state } = instrumented(5, (chunk) => {
      if (chunk === 2) throw new Error('the disk is gone');
    });
    let results = 0;
    const consume = async () => {
      for await (const _ of indexer.indexStream(source)) results++;
    };
    expect(await failureOf(consume())).toMatchObject({ message: 'the disk is gone' });
    expect(results).toBe(2);
    // As in for await: an iterator that threw is not asked to return.
    expect(state).toEqual({ asked: 3, closed: 0 });
  });

  test('of a source that throws before it returns a promise are the same', async () => {
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: (): Promise<IteratorResult<VectorMatrix>> => {
          throw new Error('at once');
        },
      }),
    };
    expect(await failureOf(drain(indexer.indexStream(source)))).toMatchObject({ message: 'at once' });
  });

  test.each([10, LARGE])('of a run name the vector of the whole stream, with %i rows each', async (rows) => {
    const { source, state } = instrumented(4, () => undefined, rows);
    async function* spoilt() {
      let chunk = 0;
      for await (const matrix of source) {
        if (chunk++ === 2) matrix.data.fill(0, 6 * DIMS, 7 * DIMS);
        yield matrix;
      }
    }
    let results = 0;
    const consume = async () => {
      for await (const _ of indexer.indexStream(spoilt())) results++;
    };
    const error = await failureOf(consume());
    expect(error).toBeInstanceOf(IndexingError);
    expect(error).toMatchObject({ code: 'ZeroMagnitude', vectorIndex: 2 * rows + 6 });
    expect((error as Error).message).toBe(`Vector has zero magnitude: vector ${2 * rows + 6} of the stream`);
    expect(results).toBe(2);
    expect(state.closed).toBe(1);
    expect(await drain(indexer.indexStream(chunksOf(1)))).toBe(LARGE);
  });

  test('of a component that is no number name it, too', async () => {
    const chunk = [
      [1, 2],
      [3, null as unknown as number],
    ];
    const chunks = [[[1, 2]], [[5, 6]], chunk];
    expect(await failureOf(drain(indexer.indexStream(chunks)))).toMatchObject({
      code: 'InvalidConfiguration',
      vectorIndex: 3,
      message:
        'Invalid indexing configuration: vector 3 of the stream; in its chunk, vectors[1][1] must be a number, got null',
    });
  });

  test('of a chunk that is no source of vectors name what is wrong', async () => {
    const chunks = ['abc' as unknown as VectorMatrix];
    expect(await failureOf(drain(indexer.indexStream(chunks)))).toMatchObject({ code: 'InvalidConfiguration' });
  });

  test('chunks that cannot be iterated over are refused with a sentence', () => {
    const matrix = chunkOf(0) as unknown as Iterable<VectorMatrix>;
    for (const chunks of [matrix, undefined, null, 7]) {
      expect(() => indexer.indexStream(chunks as Iterable<VectorMatrix>)).toThrow(
        /^Invalid indexing configuration: chunks must be /,
      );
    }
  });

  test.each([
    ['order', 'upwards'],
    ['batchSize', 0],
    ['onInvalid', 'ignore'],
    ['inPlace', 1],
    ['restore', () => undefined],
    ['into', chunkOf(0)],
    ['onProgress', () => undefined],
    ['unknown', 1],
  ])('the option %s that does not fit is refused at once', (name, value) => {
    expect(() => indexer.indexStream([], { [name]: value } as object)).toThrow(
      new RegExp(`^Invalid indexing configuration: .*\\b${name}\\b`),
    );
  });

  test('a second iteration is refused', async () => {
    const stream = indexer.indexStream(chunksOf(1));
    expect(() => stream.performanceReport).toThrow(/before its first chunk/);
    await drain(stream);
    expect(await failureOf(drain(stream))).toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('once'),
    });
  });
});

describe('abort', () => {
  test('before the first step: nothing is read', async () => {
    const { source, state } = instrumented(3);
    const reason = new Error('not wanted');
    const stream = indexer.indexStream(source, { signal: AbortSignal.abort(reason) });
    expect(await failureOf(drain(stream))).toBe(reason);
    expect(state.asked).toBe(0);
  });

  test('while a chunk is consumed: the next step throws the reason and the source is closed', async () => {
    const { source, state } = instrumented(100);
    const controller = new AbortController();
    const reason = new Error('enough');
    let results = 0;
    const consume = async () => {
      for await (const _ of indexer.indexStream(source, { signal: controller.signal })) {
        if (++results === 2) controller.abort(reason);
        // The next chunk is indexed by now, and is not given all the same.
        await sleep(20);
      }
    };
    expect(await failureOf(consume())).toBe(reason);
    expect(results).toBe(2);
    expect(state.closed).toBe(1);
    expect(await drain(indexer.indexStream(chunksOf(1)))).toBe(LARGE);
  });

  test.each([0, 1, 2])('while chunk %i is read for ever: the reason comes all the same', async (stuck) => {
    const { source } = instrumented(5, (chunk) => (chunk === stuck ? NEVER : undefined));
    const controller = new AbortController();
    const reason = new Error('no longer');
    let results = 0;
    const consume = async () => {
      for await (const _ of indexer.indexStream(source, { signal: controller.signal })) results++;
    };
    const failed = failureOf(consume());
    await until(() => results === stuck);
    controller.abort(reason);
    expect(await failed).toBe(reason);
  });

  test('leaves no listener on the signal', async () => {
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    await drain(indexer.indexStream(chunksOf(3), { signal }));
    expect(listeners).toBe(0);
  });
});

describe('report', () => {
  test('adds up to the chunks and to the monitors', async () => {
    const stream = indexer.indexStream(chunksOf(5), { batchSize: 100 });
    const chunks: IndexingPerformanceReport[] = [];
    for await (const { performanceReport } of stream) {
      chunks.push(performanceReport!);
      expect(stream.performanceReport.totalVectors).toBe(chunks.length * LARGE);
    }
    const report = stream.performanceReport;
    const sum = (of: (chunk: IndexingPerformanceReport) => number) => chunks.reduce((all, chunk) => all + of(chunk), 0);
    expect(report.totalVectors).toBe(5 * LARGE);
    expect(report.totalVectors).toBe(sum(({ totalVectors }) => totalVectors));
    expect(report.totalVectors).toBe(indexer.monitor.getStats().totalIndexes);
    expect(report.batchSize).toBe(100);
    expect(report.threadCount).toBe(2);
    for (const threadId of [0, 1]) {
      const operations = report.threadPerformance[threadId]!.operationsCompleted;
      expect(operations).toBe(sum(({ threadPerformance }) => threadPerformance[threadId]!.operationsCompleted));
      expect(operations).toBe(indexer.threadMonitors[threadId]!.getStats().totalIndexes);
      expect(report.threadTimesMs[threadId]).toBeCloseTo(
        sum(({ threadTimesMs }) => threadTimesMs[threadId]!),
        6,
      );
    }
    expect(report.indexTime.count).toBe(report.totalVectors);
    expect(report.queueDepth!.max).toBe(LARGE / 100);
    const times = report.queueDepth!.samples.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThanOrEqual(report.totalTimeMs);
  });

  test('has the parts that the configuration says', async () => {
    const parts = async (config: Partial<IndexerMonitoringConfig>) => {
      await using other = new MonitoredParallelIndexer(2, config);
      const stream = other.indexStream(chunksOf(1));
      await drain(stream);
      const { threadPerformance, batchSizeHistory, queueDepth, threadUtilization } = stream.performanceReport;
      return [threadPerformance.length > 0, ...[batchSizeHistory, queueDepth, threadUtilization].map((part) => !!part)];
    };
    expect(await parts({})).toEqual([true, true, true, true]);
    expect(await parts({ enablePerThreadMonitoring: false, queueDepthMonitoring: false })).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(await parts({ batchSizeMonitoring: false, threadUtilizationMonitoring: false })).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test('does not change when the stream is over', async () => {
    const stream = indexer.indexStream(chunksOf(2));
    await drain(stream);
    const { totalTimeMs } = stream.performanceReport;
    await sleep(10);
    expect(stream.performanceReport.totalTimeMs).toBe(totalTimeMs);
  });
});
