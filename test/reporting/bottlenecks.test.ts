import { expect, test } from 'vitest';
import { type BottleneckFacts, findBottlenecks } from '../../src/reporting/bottlenecks.js';
import { type Losses, lossesOf, noLosses, type RunToExplain } from '../../src/reporting/losses.js';
import type { BatchSample, Bottleneck, RunConditions } from '../../src/reporting/report-data.js';

const conditions: RunConditions = {
  runs: 1,
  startedThreads: 0,
  freshBytes: 0,
  availableThreads: 2,
  cpuMs: 1e9,
  memory: undefined,
};

/** Batches of 100 × 64 of a thread, [claimed at, ended at] each. */
const of = (threadId: number, ...spans: readonly (readonly [number, number])[]): BatchSample[] =>
  spans.map(([claimedAtMs, endedAtMs]) => ({ threadId, vectors: 100, dims: 64, rejected: 0, claimedAtMs, endedAtMs }));

/** Two threads at work from 0 to 100 ms without a pause. */
const good: RunToExplain = {
  totalTimeMs: 100,
  threads: 2,
  batches: [...of(0, [0, 50], [50, 100]), ...of(1, [0, 50], [50, 100])],
  copyIn: undefined,
  conditions,
};

function explain(changes: Partial<RunToExplain>, found: Partial<RunConditions> = {}): Losses {
  const run = { ...good, ...changes, conditions: { ...conditions, ...found } };
  return lossesOf({ ...run, batches: [...run.batches].sort((a, b) => a.claimedAtMs - b.claimedAtMs) });
}

test('threads at work all the time lose nothing', () => {
  expect(explain({})).toEqual(noLosses);
  expect(explain({ batches: [] })).toEqual(noLosses);
});

test('a thread that waits for the last one loses its share', () => {
  const batches = [...of(0, [0, 100]), ...of(1, [0, 40])];
  expect(explain({ batches })).toMatchObject({ imbalanceMs: 30, dispatchMs: 0 });
  // There was no batch for the third.
  expect(explain({ batches, threads: 3 }).imbalanceMs).toBeCloseTo((60 + 100) / 3, 9);
});

test('waiting while rows are copied in is laid to copying, from its beginning to its end', () => {
  const batches = [...of(0, [10, 30], [50, 100]), ...of(1, [20, 60], [80, 100])];
  // 10 ms before copying began, 10 + 20 ms until the first claims and 20 ms between batches while it lasted.
  const copyIn = { bytes: 1e6, busyMs: 65, endedAtMs: 70 };
  const losses = explain({ batches, copyIn });
  expect(losses).toEqual({
    ...noLosses,
    copyingMs: (5 + 15 + 20 + 10) / 2,
    dispatchMs: (5 + 5 + 10) / 2,
  });
});

test('the part of copying that is first touch is laid to it', () => {
  const batches = [...of(0, [40, 100]), ...of(1, [40, 100])];
  const copyIn = { bytes: 1e6, busyMs: 40, endedAtMs: 40 };
  const memory = { bytesPerMs: 1e9, firstTouchBytesPerMs: 1e5, oneThreadShare: 1 };
  const losses = explain({ batches, copyIn }, { freshBytes: 1e6, memory });
  expect(losses).toMatchObject({ copyingMs: 30, firstTouchMs: 10 });
  // Never more than copying took.
  expect(explain({ batches, copyIn }, { freshBytes: 1e8, memory })).toMatchObject({ copyingMs: 0, firstTouchMs: 40 });
  // Threads that copy touch together.
  expect(explain({}, { freshBytes: 2e6, memory })).toMatchObject({ firstTouchMs: 10, copyingMs: 0 });
  // 50 MB took 33 ms, where nothing was measured.
  expect(explain({}, { freshBytes: 50e6 }).firstTouchMs).toBeCloseTo(33 / 2, 0);
});

test('time before the first claims is start-up where threads were started, and dispatch where they were there', () => {
  const batches = [...of(0, [20, 90]), ...of(1, [40, 90])];
  expect(explain({ batches }, { startedThreads: 2 })).toEqual({ ...noLosses, startUpMs: 30, dispatchMs: 10 });
  expect(explain({ batches })).toEqual({ ...noLosses, dispatchMs: 30 + 10 });
  // A thread that found nothing left came too late.
  const late = of(0, [20, 50], [50, 70], [70, 90]);
  expect(explain({ batches: late }, { startedThreads: 2 })).toMatchObject({ startUpMs: (20 + 90) / 2 });
});

test('busy time beyond the time of the processors was without one', () => {
  expect(explain({}, { cpuMs: 120 })).toEqual({ ...noLosses, withoutProcessorMs: 40, takenByOthersMs: 40 });
  expect(explain({}, { cpuMs: 300 })).toEqual(noLosses);
  const four = { threads: 4, batches: [0, 1, 2, 3].flatMap((threadId) => of(threadId, [0, 50], [50, 100])) };
  expect(explain(four, { cpuMs: undefined })).toEqual({ ...noLosses, withoutProcessorMs: 50 });
  // 400 ms of four threads in 100 ms: two processors give 200 at best.
  expect(explain(four, { cpuMs: 200 })).toEqual({ ...noLosses, withoutProcessorMs: 50 });
  expect(explain(four, { cpuMs: 140 })).toEqual({ ...noLosses, withoutProcessorMs: 65, takenByOthersMs: 30 });
});

test('the memory needs time for every byte that is read or written', () => {
  const memory = { bytesPerMs: 4096, firstTouchBytesPerMs: 1e6, oneThreadShare: 0.5 };
  // 400 rows of 64 components, 8 bytes each.
  expect(explain({}, { memory }).memoryMs).toBe(50);
  expect(explain({ copyIn: { bytes: 102_400, busyMs: 0, endedAtMs: 0 } }, { memory }).memoryMs).toBe(100);
});

const facts: BottleneckFacts = {
  runMs: 100,
  vectors: 4000,
  threads: 4,
  batches: 8,
  batchSize: 500,
  busyMs: 200,
  copiedBytes: 0,
  conditions,
};

function found(losses: Partial<Losses>, changes: Partial<BottleneckFacts> = {}): Bottleneck[] {
  return findBottlenecks({ ...noLosses, ...losses }, { ...facts, ...changes });
}
const sentence = (losses: Partial<Losses>, changes: Partial<BottleneckFacts> = {}) =>
  found(losses, changes).map(({ recommendation }) => recommendation);

test('nothing lost, nothing said', () => {
  expect(found({})).toEqual([]);
  expect(found({ copyingMs: 5 }, { runMs: 0 })).toEqual([]);
});

test('what costs a tenth of the time is named, the greatest first', () => {
  const losses = { copyingMs: 10, firstTouchMs: 30, startUpMs: 9.9 };
  expect(found(losses).map(({ name, share, lostMs, gainMs }) => [name, share, lostMs, gainMs])).toEqual([
    ['first touch', 0.3, 30, 30],
    ['copying', 0.1, 10, 10],
  ]);
  // Of what the run would take alone: here 40 ms.
  expect(found({ copyingMs: 4, takenByOthersMs: 60 })).toMatchObject([{ name: 'copying', share: 0.04 }]);
  // A tenth of nothing is nothing.
  expect(found({ copyingMs: 0.9 }, { runMs: 2 })).toEqual([]);
});

test('copying: the bytes, and ways without them', () => {
  expect(sentence({ copyingMs: 25 }, { copiedBytes: 51_200_000 })).toEqual([
    'Threads waited 25.0% of the time for rows to be copied in (51 MB). Fill a matrix from allocate() and index it with inPlace, or give rows in a SharedArrayBuffer, which the threads copy themselves.',
  ]);
});

test('first touch: the bytes, and memory that was touched before', () => {
  expect(sentence({ firstTouchMs: 40 }, { conditions: { ...conditions, freshBytes: 1_234_567 } })).toEqual([
    'First touch of fresh memory (1.23 MB) took about 40.0% of the time. Dispose results, or receive them with into: a run then uses memory that was touched before.',
  ]);
});

test('memory bandwidth: the rate, and fewer bytes or threads', () => {
  const measured = (oneThreadShare: number) => {
    return { ...conditions, memory: { bytesPerMs: 12.34e6, firstTouchBytesPerMs: 1e6, oneThreadShare } };
  };
  const start = 'Memory bandwidth was the limit for 80.0% of the time (12.3 GB/s measured).';
  expect(sentence({ memoryMs: 80 }, { conditions: measured(0.6), copiedBytes: 1e6 })).toEqual([
    `${start} Index with inPlace: rows that are not copied in move half as many bytes.`,
  ]);
  expect(sentence({ memoryMs: 80 }, { conditions: measured(0.6) })).toEqual([
    `${start} Use 2 threads: more do not make it faster.`,
  ]);
  expect(sentence({ memoryMs: 80 }, { conditions: measured(1) })).toEqual([
    `${start} Use 1 thread: more do not make it faster.`,
  ]);
  expect(sentence({ memoryMs: 80 }, { threads: 2, conditions: measured(0.2) })).toEqual([
    `${start} More threads would not make it faster.`,
  ]);
  expect(found({ memoryMs: 69 }, { conditions: measured(1) })).toEqual([]);
  expect(found({ memoryMs: 120 }, { conditions: measured(1) })[0]).toMatchObject({ share: 1, lostMs: 100 });
  // Faster than the memory: it was in caches.
  expect(found({ memoryMs: 150 }, { conditions: measured(1) })).toEqual([]);
  // It is the limit only while threads have a processor; other threads would have one in the place of others.
  const taken = { memoryMs: 40, takenByOthersMs: 50 };
  expect(found(taken, { conditions: measured(1), copiedBytes: 1e6 })).toMatchObject([{ share: 0.4, gainMs: 20 }]);
  expect(found(taken, { conditions: measured(1) })).toEqual([]);
});

test('imbalance: the batches, and a size that suffices, where that would gain enough', () => {
  const uneven = { imbalanceMs: 44, balancingGainMs: 40 };
  expect(sentence(uneven)).toEqual([
    'Threads waited 44.0% of the time for the last one (8 batches for 4 threads, up to 500 vectors each). Set batchSize to 62, or leave it out.',
  ]);
  // Left out, it is 50 or more: that would be no smaller.
  expect(sentence(uneven, { batchSize: 50, vectors: 600 })).toEqual([
    expect.stringMatching(/up to 50 vectors each\)\. Set batchSize to 9\.$/),
  ]);
  // Of a stream, for each of its chunks.
  expect(sentence(uneven, { conditions: { ...conditions, runs: 4 } })).toEqual([
    expect.stringMatching(/Set batchSize to 15\.$/),
  ]);
  expect(found({ ...uneven, balancingGainMs: 19 })).toEqual([]);
  expect(found({ ...uneven, balancingGainMs: 40 }, { runMs: 1000 })).toEqual([]);
  expect(found(uneven, { threads: 1 })).toEqual([]);
});

test('few vectors: how many there were, and how many suffice', () => {
  const little = { busyMs: 2 };
  // 50 ms of dispatch are a tenth beside 450 ms of work on 4 threads: 900 times the 2 ms that 4,000 vectors were.
  expect(sentence({ dispatchMs: 50 }, little)).toEqual([
    'Beginning and ending took 50.0% of the time of so few vectors (1000 per thread). Index 3600000 or more at a time.',
  ]);
  expect(found({ dispatchMs: 49 }, little)).toEqual([]);
  // Short runs are those it is about; beside more work, a long beginning is an accident.
  expect(found({ dispatchMs: 0.2 }, { ...little, runMs: 0.3 })).toHaveLength(1);
  expect(found({ dispatchMs: 50 }, { busyMs: 2.1 })).toEqual([]);
  // What a thread waited for a processor is no work.
  expect(found({ dispatchMs: 50 }, { busyMs: 40, conditions: { ...conditions, cpuMs: 2 } })).toHaveLength(1);
  // Of a stream, a chunk.
  const stream = { busyMs: 20, conditions: { ...conditions, runs: 10 } };
  expect(sentence({ dispatchMs: 50 }, stream)).toEqual([expect.stringMatching(/100 per thread\)\. Index \d+ or more/)]);
});

test('start-up: the threads, and ready()', () => {
  expect(sentence({ startUpMs: 60 }, { conditions: { ...conditions, startedThreads: 4 } })).toEqual([
    'Waiting for 4 threads to start took 60.0% of the time. Call ready() before, and keep the indexer for further runs.',
  ]);
});

test('processors: how many there are, or that others took them', () => {
  expect(sentence({ withoutProcessorMs: 20 })).toEqual([
    'Threads at work had no processor for 20.0% of the time (4 threads, 2 available). Use 2 threads: more do not make it faster.',
  ]);
  const others = { conditions: { ...conditions, availableThreads: 4 } };
  expect(sentence({ withoutProcessorMs: 30 }, others)).toEqual([
    'Threads at work had no processor for 30.0% of the time: other programs took it. End them, or run when they have ended.',
  ]);
  expect(found({ withoutProcessorMs: 24 }, others)).toEqual([]);
  expect(found({ withoutProcessorMs: 19 }, { ...others, runMs: 50 })).toEqual([]);
  // Threads beyond the processors are of use beside other programs.
  expect(sentence({ withoutProcessorMs: 60, takenByOthersMs: 10 })).toEqual([
    'Threads at work had no processor for 60.0% of the time (4 threads, 2 available, of which other programs took a part). End them, or run when they have ended. Use 2 threads then: more do not make it faster.',
  ]);
});

test('memory and processors name one number of threads', () => {
  const memory = { bytesPerMs: 1e7, firstTouchBytesPerMs: 1e6, oneThreadShare: 1 };
  const both = sentence({ memoryMs: 80, withoutProcessorMs: 20 }, { conditions: { ...conditions, memory } });
  expect(both).toEqual([
    expect.stringMatching(/^Memory.*Use 1 thread: more/),
    expect.stringMatching(/^Threads.*Use 1 thread: more/),
  ]);
  const more = { ...conditions, memory: { ...memory, oneThreadShare: 0.3 } };
  const two = sentence({ memoryMs: 80, withoutProcessorMs: 20 }, { conditions: more });
  expect(two).toEqual([
    expect.stringMatching(/^Memory.*Use 2 threads: more/),
    expect.stringMatching(/^Threads.*Use 2 threads: more/),
  ]);
});

test('what a change gains is not what its cause cost: balancing by a replay, and fewer threads spare no time', () => {
  const gains = (losses: Partial<Losses>) => found(losses).map(({ name, gainMs }) => [name, gainMs]);
  expect(gains({ imbalanceMs: 60, balancingGainMs: 35 })).toEqual([['imbalance', 35]]);
  // Threads that had a processor for half of the time will not have more of it.
  const half = { busyMs: 200, conditions: { ...conditions, cpuMs: 100 } };
  expect(found({ imbalanceMs: 60, balancingGainMs: 36 }, half)).toMatchObject([{ name: 'imbalance', gainMs: 18 }]);
  expect(gains({ withoutProcessorMs: 60, takenByOthersMs: 9 })).toEqual([['processors', 0]]);
  expect(gains({ withoutProcessorMs: 60, takenByOthersMs: 20 })).toEqual([['processors', 20]]);
});
