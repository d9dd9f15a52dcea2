/**
 * Finds the batches of a run that are done, each once, and gives what they recorded, with a sample of the magnitudes. Between slices of the
 * search the event loop has a turn.
 */

import { TimeSlices } from '../../base/time.js';
import { rejectionOf } from '../../kernel/rejection.js';
import { DONE } from '../../memory/control-block.js';
import { ExponentialHistogram } from '../../monitoring/exponential-histogram.js';
import { TimeDistribution } from '../../monitoring/time-distribution.js';
import type { BatchSample } from '../../reporting/report-data.js';
import type { RunRecords } from '../run-records.js';

/** Timing groups taken in between two looks at the clock: some 0.1 ms. */
const MOST_GROUPS = 256;
/** Batches looked at between two looks at the clock, their timing groups apart: below a millisecond. */
const MOST_BATCHES = 4096;

/** What one look found. */
export interface FoundBatches {
  readonly batches: BatchSample[];
  /** Index times by thread; none where the run is not timed. */
  readonly indexTimes: Map<number, TimeDistribution>;
  /** Number of timing groups. */
  groups: number;
  /** Number of vectors of the largest timing group. */
  timingGroupSize: number;
}

export class DoneBatches {
  readonly #records: RunRecords;
  readonly #magnitudes: MagnitudeSample;
  /** By batch: 1 where it was found. */
  readonly #seen: Uint8Array;

  constructor(records: RunRecords) {
    this.#records = records;
    this.#magnitudes = new MagnitudeSample(records);
    this.#seen = new Uint8Array(records.control.batchCount);
  }

  /** Magnitudes of a sample of the vectors found so far. */
  get magnitudes(): ExponentialHistogram {
    return this.#magnitudes.histogram;
  }

  /** Finds batches that were done since the last look. Only one look runs at a time. */
  async look(): Promise<FoundBatches> {
    const found = nothingFound();
    let slices: TimeSlices | undefined;
    for (const _ of this.#find(found)) {
      slices ??= new TimeSlices();
      if (slices.isDue()) await slices.nextTurn();
    }
    return found;
  }

  /** Finds these batches before it returns. */
  lookNow(): FoundBatches {
    const found = nothingFound();
    for (const _ of this.#find(found));
    return found;
  }

  /** Yields after every stretch of work, so that the clock is not read for every batch. */
  *#find(found: FoundBatches): Generator<void, void, void> {
    const { control } = this.#records;
    let groups = 0;
    for (let index = 0; index < control.batchCount; index++) {
      if (this.#seen[index] === 1 || control.state(index) !== DONE) continue;
      this.#seen[index] = 1;
      found.batches.push(batchSample(this.#records, index));
      this.#magnitudes.add(index);
      if (found.batches.length % MOST_BATCHES === 0) yield;
      if (!control.timed) continue;
      const { count, sliceRows } = control.batch(index);
      found.timingGroupSize = Math.max(found.timingGroupSize, Math.min(count, sliceRows));
      const times = found.indexTimes.get(control.threadId(index)) ?? new TimeDistribution();
      found.indexTimes.set(control.threadId(index), times);
      const { length } = control.timings(index);
      for (let first = 0; first < length; first += MOST_GROUPS) {
        const last = Math.min(first + MOST_GROUPS, length);
        addIndexTimes(times, this.#records, index, first, last);
        found.groups += last - first;
        groups += last - first;
        if (groups < MOST_GROUPS) continue;
        groups = 0;
        yield;
      }
    }
  }
}

function nothingFound(): FoundBatches {
  return { batches: [], indexTimes: new Map(), groups: 0, timingGroupSize: 0 };
}

function batchSample({ control, startedAtMs }: RunRecords, index: number): BatchSample {
  const { count: vectors, dims } = control.batch(index);
  const claimedAtMs = Math.max(0, control.claimedAtMs(index) - startedAtMs);
  const endedAtMs = Math.max(claimedAtMs, control.endedAtMs(index) - startedAtMs);
  const threadId = control.threadId(index);
  return { threadId, vectors, dims, rejected: control.rejected(index), claimedAtMs, endedAtMs };
}

/** Gives each indexed vector of timing groups `first` to `last` an equal share of its group's time. */
function addIndexTimes(
  times: TimeDistribution,
  { control, buffer }: RunRecords,
  index: number,
  first: number,
  last: number,
): void {
  const { count, sliceRows, magnitudes } = control.batch(index);
  const bits = control.rejected(index) > 0 ? new Uint32Array(buffer, magnitudes, count) : undefined;
  const timings = control.timings(index);
  for (let group = first; group < last; group++) {
    const end = Math.min((group + 1) * sliceRows, count);
    let indexed = end - group * sliceRows;
    if (bits) for (let i = group * sliceRows; i < end; i++) if (rejectionOf(bits[i]!)) indexed--;
    times.recordGroup(timings[group]! / 1e6, indexed);
  }
}

/** Vectors whose magnitudes are looked at, at most twice as many: a distribution is told by them as well as by all. */
const MAGNITUDE_SAMPLE = 1024;

/** Magnitudes of vectors at even steps through the run. */
export class MagnitudeSample {
  readonly histogram = new ExponentialHistogram();
  readonly #records: RunRecords;
  readonly #stride: number;

  constructor(records: RunRecords) {
    this.#records = records;
    const total = records.layout.groups.reduce((sum, { count }) => sum + count, 0);
    this.#stride = Math.max(1, Math.floor(total / MAGNITUDE_SAMPLE));
  }

  /** Looks at those of a batch that is done. */
  add(index: number): void {
    const { control, buffer } = this.#records;
    const { firstRank, count, magnitudes } = control.batch(index);
    const values = new Float32Array(buffer, magnitudes, count);
    const first = (this.#stride - (firstRank % this.#stride)) % this.#stride;
    for (let i = first; i < count; i += this.#stride) {
      // Rejected rows have NaN, and what float32 cannot hold is Infinity.
      if (Number.isFinite(values[i])) this.histogram.record(values[i]!, 1);
    }
  }
}
