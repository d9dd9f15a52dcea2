/**
 * What a run would have taken with other threads and batches: its batch records, replayed through the schedule that the
 * threads follow.
 *
 * A replay with the run's own threads and batches takes as long as the run did. For others it is assumed that
 *   - a row takes what rows of its dims took on average, and a batch that is kept takes what it took;
 *   - threads beyond the processors share them, and all threads together move no more bytes than the memory was measured
 *     to give;
 *   - rows are copied in at an even pace, as fast as they were;
 *   - further threads start as far apart as those of the run did;
 *   - what came before the first claim and after the last batch stays.
 */
import { invalidConfiguration } from '../base/errors.js';
import type { BatchSample, CopyIn } from './report-data.js';
import { type ScheduledBatch, scheduleBatches } from './schedule.js';

/** What would be different; left out is as it was. */
export interface WhatIf {
  readonly threads?: number | undefined;
  /** Rows of every batch; by default the batches stay as they were. */
  readonly batchSize?: number | undefined;
}

/** What a run is predicted to be. */
export interface RunPrediction {
  readonly threads: number;
  /** Most rows in a batch. */
  readonly batchSize: number;
  readonly batches: number;
  readonly totalTimeMs: number;
  /** Rows, rejected ones included, per second. */
  readonly vectorsPerSecond: number;
  /** Shortest / longest busy time of a thread. */
  readonly threadEfficiency: number;
}

/** A run as a replay needs it. */
export interface RecordedRun {
  readonly totalTimeMs: number;
  /** Threads that could take part. */
  readonly threads: number;
  /** In order of their claim. */
  readonly batches: readonly BatchSample[];
  readonly copyIn: CopyIn | undefined;
  /** Threads that processors are there for. */
  readonly availableThreads: number;
  /** Bytes per millisecond that all threads together move at most; undefined where it was not measured. */
  readonly memoryBytesPerMs: number | undefined;
}

/**
 * undefined for a run without batches.
 *
 * @throws {IndexingError} `InvalidConfiguration` for threads that are not 1..256, or a batch size that is not positive.
 */
export function predictRun(run: RecordedRun, whatIf: WhatIf): RunPrediction | undefined {
  const { threads = run.threads, batchSize } = whatIf;
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw invalidConfiguration('threads', 'an integer from 1 to 256', threads);
  }
  if (batchSize !== undefined && !(Number.isSafeInteger(batchSize) && batchSize > 0)) {
    throw invalidConfiguration('batchSize', 'a positive integer', batchSize);
  }
  if (run.batches.length === 0) return undefined;
  const recorded = inOrderOfRows(run.batches);
  const batches = batchSize === undefined ? recorded : cutAgain(recorded, batchSize);
  const slowdown = slowdownOf(run, Math.min(threads, batches.length)) / slowdownOf(run, threadsAtWork(run.batches));
  const ready = readyTimes(run, recorded, batches);
  const scheduled = batches.map(({ busyMs }, i): ScheduledBatch => ({ busyMs: busyMs * slowdown, readyMs: ready[i]! }));
  const schedule = scheduleBatches(scheduled, startsOf(run, threads), claimTime(run));
  const rows = batches.reduce((sum, { vectors }) => sum + vectors, 0);
  const lastEndMs = maximum(run.batches.map(({ endedAtMs }) => endedAtMs));
  const totalTimeMs = maximum(schedule.map(({ endedAtMs }) => endedAtMs)) + (run.totalTimeMs - lastEndMs);
  const busy = schedule.map(({ busyMs }) => busyMs);
  const longest = maximum(busy);
  return {
    threads,
    batchSize: maximum(batches.map(({ vectors }) => vectors)),
    batches: batches.length,
    totalTimeMs,
    vectorsPerSecond: totalTimeMs > 0 ? (1000 * rows) / totalTimeMs : 0,
    threadEfficiency: longest > 0 ? Math.min(...busy) / longest : 1,
  };
}

/** Rows that are indexed together, and how long a thread is busy with them. */
interface Work {
  readonly vectors: number;
  readonly dims: number;
  readonly busyMs: number;
  /** When they were claimed; undefined for rows cut anew. */
  readonly claimedAtMs: number | undefined;
}

/** Thread t begins with batch t, whenever it starts; from then on batches are claimed in order of their rows. */
function inOrderOfRows(batches: readonly BatchSample[]): Work[] {
  const first = new Map<number, BatchSample>();
  for (const batch of batches) if (!first.has(batch.threadId)) first.set(batch.threadId, batch);
  const own = [...first.values()].sort((a, b) => a.threadId - b.threadId);
  const reserved = new Set(own);
  return [...own, ...batches.filter((batch) => !reserved.has(batch))].map(
    ({ vectors, dims, claimedAtMs, endedAtMs }) => ({ vectors, dims, claimedAtMs, busyMs: endedAtMs - claimedAtMs }),
  );
}

/** Batches of exactly `batchSize` rows, the last of each length the rest; shorter rows come first, as in a run. */
function cutAgain(recorded: readonly Work[], batchSize: number): Work[] {
  const groups = new Map<number, { rows: number; busyMs: number }>();
  for (const { dims, vectors, busyMs } of recorded) {
    const known = groups.get(dims) ?? { rows: 0, busyMs: 0 };
    groups.set(dims, { rows: known.rows + vectors, busyMs: known.busyMs + busyMs });
  }
  const cut: Work[] = [];
  for (const [dims, { rows, busyMs }] of [...groups].sort(([a], [b]) => a - b)) {
    for (let first = 0; first < rows; first += batchSize) {
      const vectors = Math.min(batchSize, rows - first);
      cut.push({ vectors, dims, busyMs: (busyMs / rows) * vectors, claimedAtMs: undefined });
    }
  }
  return cut;
}

/**
 * When the rows of each of `batches` are in place: copying is taken to go at an even pace, but a batch that was claimed was
 * there, and so was everything before it.
 */
function readyTimes({ copyIn }: RecordedRun, recorded: readonly Work[], batches: readonly Work[]): number[] {
  if (!copyIn) return batches.map(() => 0);
  const { busyMs, endedAtMs } = copyIn;
  const componentsOf = (works: readonly Work[]) => works.reduce((sum, { vectors, dims }) => sum + vectors * dims, 0);
  const total = Math.max(1, componentsOf(recorded));
  let copied = 0;
  const even = batches.map(({ vectors, dims }) => {
    copied += vectors * dims;
    return endedAtMs - busyMs * (1 - copied / total);
  });
  let latest = Number.POSITIVE_INFINITY;
  for (let i = batches.length - 1; i >= 0; i--) {
    latest = Math.min(latest, batches[i]!.claimedAtMs ?? latest);
    even[i] = Math.min(even[i]!, latest);
  }
  return even;
}

/** When each of `threads` threads asks for its first batch. */
function startsOf({ batches, threads: had }: RecordedRun, threads: number): number[] {
  const first = new Map<number, number>();
  for (const { threadId, claimedAtMs } of batches) if (!first.has(threadId)) first.set(threadId, claimedAtMs);
  const starts = [...first].sort(([a], [b]) => a - b).map(([, atMs]) => atMs);
  // Threads that had no batch came when all were claimed.
  const lastClaimMs = maximum(batches.map(({ claimedAtMs }) => claimedAtMs));
  while (starts.length < had) starts.push(lastClaimMs);
  if (threads <= starts.length) return starts.slice(0, threads);
  const known = [...starts].sort((a, b) => a - b);
  const stepMs = known.length > 1 ? (known.at(-1)! - known[0]!) / (known.length - 1) : 0;
  while (starts.length < threads) starts.push(known.at(-1)! + stepMs * (starts.length - known.length + 1));
  return starts;
}

/** Mean time between the end of a thread's batch and its next claim, where it did not have to wait for rows. */
function claimTime({ batches, copyIn }: RecordedRun): number {
  const endOf = new Map<number, number>();
  const free: number[] = [];
  let leastMs = Number.POSITIVE_INFINITY;
  for (const { threadId, claimedAtMs, endedAtMs } of batches) {
    const before = endOf.get(threadId);
    endOf.set(threadId, endedAtMs);
    if (before === undefined) continue;
    const gapMs = Math.max(0, claimedAtMs - before);
    leastMs = Math.min(leastMs, gapMs);
    if (before >= (copyIn?.endedAtMs ?? 0)) free.push(gapMs);
  }
  if (free.length > 0) return free.reduce((sum, gap) => sum + gap, 0) / free.length;
  return Number.isFinite(leastMs) ? leastMs : 0;
}

/** How much slower a thread is with `threads` at work than with a processor and enough memory bandwidth of its own. */
function slowdownOf({ batches, availableThreads, memoryBytesPerMs, ...run }: RecordedRun, threads: number): number {
  const processors = Math.max(1, threads / availableThreads);
  if (memoryBytesPerMs === undefined) return processors;
  // Every component is read and written.
  const bytes = batches.reduce((sum, { vectors, dims }) => sum + 8 * vectors * dims, 0);
  const busyMs = batches.reduce((sum, { claimedAtMs, endedAtMs }) => sum + endedAtMs - claimedAtMs, 0);
  if (busyMs <= 0) return processors;
  const bytesPerMs = bytes / busyMs;
  // The run itself shows that its own threads got what they got.
  const most = Math.max(memoryBytesPerMs, bytesPerMs * Math.min(run.threads, threadsAtWork(batches)));
  return Math.max(processors, (bytesPerMs * threads) / most);
}

function threadsAtWork(batches: readonly BatchSample[]): number {
  return new Set(batches.map(({ threadId }) => threadId)).size;
}

/** Lists may be longer than a call has room for arguments. */
function maximum(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
