/**
 * Small calls: few vectors that are little work. They are done at once on the calling thread, as thread 0. The result and the
 * report of such a call are computed when they are first asked for.
 */
import { BatchRecords, describeBatches } from '../memory/batch.js';
import { JobControl } from '../memory/job-control.js';
import type { MatrixLayout, PlacedGroup } from '../memory/matrix-memory.js';
import type { IndexingProgress } from '../monitoring/run-progress.js';
import type { RunConditions } from '../reporting/report-data.js';
import type { RowGroup } from '../vectors/source-rows.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import type { CheckedIndexOptions } from './options.js';
import { planBatches } from './plan.js';
import type { RunRecords } from './run-records.js';
import { findFailure } from './run-records.js';

/** What the small calls of an indexer have in common. */
export interface SmallCallContext {
  readonly timed: boolean;
  readonly availableThreads: number;
}

export class SmallCall {
  /** Rows by length, one group after another: the rows of a group, then their magnitudes. In ordinary memory. */
  readonly buffer: ArrayBufferLike;
  readonly count: number;
  readonly rejectedCount: number;
  readonly order: ComponentOrder;
  /** Input position of every rank; undefined where they are the same. */
  readonly positions: Uint32Array | undefined;
  /** As of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly #groups: number | readonly RowGroup[];
  readonly #batchSize: number | undefined;
  readonly #context: SmallCallContext;
  #records: RunRecords | undefined;

  /** @param groups rows by length; where all have one, that length */
  constructor(
    buffer: ArrayBufferLike,
    groups: number | readonly RowGroup[],
    count: number,
    rejectedCount: number,
    positions: Uint32Array | undefined,
    { order, batchSize }: CheckedIndexOptions,
    context: SmallCallContext,
    startedAt: number,
    endedAt: number,
  ) {
    this.buffer = buffer;
    this.count = count;
    this.rejectedCount = rejectedCount;
    this.order = order;
    this.positions = positions;
    this.startedAt = startedAt;
    this.endedAt = endedAt;
    this.#groups = groups;
    this.#batchSize = batchSize;
    this.#context = context;
  }

  get indexedCount(): number {
    return this.count - this.rejectedCount;
  }

  get totalTimeMs(): number {
    return this.endedAt - this.startedAt;
  }

  /** Rows of a batch: those asked for, or all. */
  get batchSize(): number {
    return this.#batchSize ?? Math.max(1, this.count);
  }

  /** As of `nowMs`. */
  get startedAtMs(): number {
    return performance.timeOrigin + this.startedAt;
  }

  get layout(): MatrixLayout {
    return this.records.layout;
  }

  /** As of a run on one thread, whose batches followed one another. */
  get records(): RunRecords {
    this.#records ??= this.#record();
    return this.#records;
  }

  /** The error of the lowest vector that could not be indexed, if there is one. */
  failure() {
    if (this.rejectedCount === 0) return undefined;
    return findFailure(this.records.control, this.buffer, this.positions);
  }

  progress(): IndexingProgress {
    const { totalTimeMs, count } = this;
    return {
      type: 'progress',
      processed: count,
      total: count,
      percent: 100,
      vectorsPerSecond: totalTimeMs > 0 ? (1000 * count) / totalTimeMs : 0,
      etaMs: 0,
      queueDepth: 0,
      threads: [{ threadId: 0, processed: count, utilization: 1 }],
    };
  }

  #record(): RunRecords {
    const { buffer, batchSize } = this;
    const { timed, availableThreads } = this.#context;
    const groups = this.#groups;
    const layout = layOut(typeof groups === 'number' ? [{ dims: groups, count: this.count }] : groups);
    const { batches } = planBatches({
      groups: layout.groups,
      threads: 1,
      batchSize,
      maxBatchSize: Number.MAX_SAFE_INTEGER,
      lanes: this.count,
      // One timing group for each batch.
      nsPerVector: () => 1,
      clockTickNs: 0,
    });
    const { units, timings } = describeBatches([{ batches, endAtRejection: false }]);
    const control = JobControl.create(units, { threads: 1, timed, timings: timed ? timings : 0, shared: false });
    const records = new BatchRecords(control);
    let claimedAtMs = this.startedAtMs;
    for (const [unit, { count, magnitudes }] of batches.entries()) {
      const elapsedMs = (this.totalTimeMs * count) / this.count;
      control.claimNow(0);
      if (timed) control.recordClaimedAt(unit, claimedAtMs);
      if (timed) control.recordTiming(unit, Math.round(1e6 * elapsedMs));
      control.recordRowsDone(unit, count);
      claimedAtMs += elapsedMs;
      control.recordDone(unit, 0, countRejected(buffer, magnitudes, count), timed ? claimedAtMs : undefined);
    }
    return {
      control: records,
      buffer,
      layout,
      batchSize,
      threads: 1,
      startedAtMs: this.startedAtMs,
      totalTimeMs: this.totalTimeMs,
      waitedMs: 0,
      copyIn: undefined,
      conditions: conditionsOf(availableThreads),
    };
  }
}

/** A magnitude that is not a number tells why its row was rejected; Infinity is one that float32 cannot hold. */
function countRejected(buffer: ArrayBufferLike, magnitudes: number, count: number): number {
  let rejected = 0;
  for (const magnitude of new Float32Array(buffer, magnitudes, count)) if (Number.isNaN(magnitude)) rejected++;
  return rejected;
}

function layOut(groups: readonly RowGroup[]): MatrixLayout {
  let end = 0;
  let firstRank = 0;
  const placed = groups.map(({ dims, count }): PlacedGroup => {
    const rows = end;
    const magnitudes = rows + 4 * count * dims;
    end = magnitudes + 4 * count;
    const group = { dims, count, firstRank, rows, magnitudes };
    firstRank += count;
    return group;
  });
  return { groups: placed, first: 0, end, scratch: end, scratchStride: 0, byteLength: end };
}

/** Nothing was started or touched for it, and what the process used meanwhile costs more to ask than the call. */
function conditionsOf(availableThreads: number): RunConditions {
  return { runs: 1, startedThreads: 0, freshBytes: 0, availableThreads, cpuMs: undefined, memory: undefined };
}
