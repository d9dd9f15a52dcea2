/**
 * Cuts the rows of a run into batches. Pure: sizes in, batches out.
 *
 * The batches partition the rows in rank order; none crosses a group. There are at most 65,536: the groups of a memory of
 * 4 GiB number fewer than 46,341, since k distinct lengths take at least 4 × k²/2 bytes, and the size is raised until the
 * rest suffices.
 */
import type { Batch } from '../memory/batch.js';
import { MAX_UNITS } from '../memory/control-block.js';
import type { PlacedGroup } from '../memory/matrix-memory.js';

export interface PlanInput {
  readonly groups: readonly PlacedGroup[];
  readonly threads: number;
  /** Rows of a batch as the caller wants them; undefined to choose. */
  readonly batchSize: number | undefined;
  /** Upper bound where the size is chosen. */
  readonly maxBatchSize: number;
  /** Predicted nanoseconds of a row, by dims. */
  readonly nsPerVector: (dims: number) => number;
  /** Rows that the kernel works on at a time: fewer take as long. */
  readonly lanes: number;
  /** Step of the clock that times slices; 0 where nothing is timed. */
  readonly clockTickNs: number;
}

export interface Plan {
  readonly batches: readonly Batch[];
  /** Rows of a batch; chosen ones differ from it by up to 15 rows, and the last of a group may be smaller. */
  readonly batchSize: number;
}

/** A batch predicted to take longer is cut where its size is not given. */
const BATCH_NS = 4e6;
/** Batches that a thread gets at least where they stay large enough: what the last one may idle is a share of them. */
const BATCHES_PER_THREAD = 16;
/** Smaller batches cost more in claims than they gain in balance. */
const MIN_ROWS = 50;
/** Rows whose magnitudes fill a 64-byte line, and a multiple of the four rows the kernel sorts at a time. */
const LINE_ROWS = 16;
/** Predicted time of a slice: a clock read costs a thousandth of it, and the stop word is read well within 2 ms. */
const SLICE_NS = 60_000;
/** Longest slice, which keeps the stop word well within 2 ms of everybody, and the slices of a long run few. */
const MAX_SLICE_NS = 1e6;
/** Steps of the clock in a slice, as long as it stays within that: a slice is timed, and one of few steps is mostly rounding. */
const SLICE_TICKS = 20;
/** Slices of a run, as long as they stay within that. */
const MAX_SLICES = 8192;

export function planBatches(input: PlanInput): Plan {
  const { groups, batchSize } = input;
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  const least = Math.ceil(total / (MAX_UNITS - groups.length));
  const cuts =
    batchSize === undefined
      ? cutChosen(input, total, least)
      : groups.map(({ count }) => cutExactly(count, Math.max(least, batchSize)));
  const wantedNs = Math.max(SLICE_NS, SLICE_TICKS * input.clockTickNs, totalNs(input) / MAX_SLICES);
  const sliceNs = Math.min(MAX_SLICE_NS, wantedNs);
  const batches: Batch[] = [];
  for (const [g, group] of groups.entries()) {
    const sliceRows = rowsPerSlice(sliceNs / input.nsPerVector(group.dims), input.lanes);
    for (let i = 0; i + 1 < cuts[g]!.length; i++) {
      const first = cuts[g]![i]!;
      batches.push({
        firstRank: group.firstRank + first,
        count: cuts[g]![i + 1]! - first,
        dims: group.dims,
        rows: group.rows + first * group.dims * 4,
        magnitudes: group.magnitudes + first * 4,
        sliceRows,
      });
    }
  }
  const chosen = () =>
    groups.reduce((most, { count }, g) => Math.max(most, Math.ceil(count / (cuts[g]!.length - 1))), 0);
  return { batches, batchSize: batchSize === undefined ? chosen() : Math.max(least, batchSize) };
}

/** Cuts every group evenly, and further where there would be threads without a batch. */
function cutChosen(input: PlanInput, total: number, least: number): number[][] {
  const { groups, threads } = input;
  const rows = rowsPerBatch(input, total);
  const parts = groups.map(({ count, dims }) =>
    partsOf(count, Math.max(least, rows(dims)), Math.max(least, input.maxBatchSize)),
  );
  const missing = total >= MIN_ROWS * threads ? threads - parts.reduce((sum, part) => sum + part, 0) : 0;
  for (let i = 0; i < missing; i++) {
    const sizes = groups.map(({ count }, g) => count / parts[g]!);
    parts[sizes.indexOf(Math.max(...sizes))]! += 1;
  }
  return groups.map(({ count }, g) => cutEvenly(count, parts[g]!));
}

function totalNs({ groups, nsPerVector }: PlanInput): number {
  return groups.reduce((sum, { dims, count }) => sum + count * nsPerVector(dims), 0);
}

/** Rows of a chosen batch by dims: bounded by time and fairness, but 50 or more, and a batch for every thread. */
function rowsPerBatch(input: PlanInput, total: number): (dims: number) => number {
  const batchNs = Math.min(BATCH_NS, totalNs(input) / (input.threads * BATCHES_PER_THREAD));
  const fairShare = Math.floor(total / input.threads);
  const most = fairShare >= MIN_ROWS ? Math.min(input.maxBatchSize, fairShare) : input.maxBatchSize;
  return (dims) => Math.min(most, Math.max(MIN_ROWS, Math.floor(batchNs / input.nsPerVector(dims))));
}

/** As few batches of at most about `size` rows as possible, none below 50 rows unless more than `most` would be in one. */
function partsOf(count: number, size: number, most: number): number {
  return Math.max(1, Math.ceil(count / most), Math.min(Math.ceil(count / size), Math.floor(count / MIN_ROWS)));
}

/** Batches of equal size, on multiples of 16 where they are large. */
function cutEvenly(count: number, batches: number): number[] {
  const step = count / batches;
  // From 4 lines on, cutting down to a whole line leaves 50 rows or more in every batch.
  const unit = step >= 4 * LINE_ROWS ? LINE_ROWS : 1;
  const cuts = [0];
  for (let i = 1; i < batches; i++) cuts.push(Math.floor((i * step) / unit) * unit);
  cuts.push(count);
  return cuts;
}

function cutExactly(count: number, size: number): number[] {
  const cuts: number[] = [];
  for (let first = 0; first < count; first += size) cuts.push(first);
  cuts.push(count);
  return cuts;
}

function rowsPerSlice(fitting: number, lanes: number): number {
  const rows = Math.floor(fitting);
  return Math.max(lanes, rows - (rows % lanes));
}

/**
 * Most rows of a batch that is not given, an upper bound: `total` vectors shared evenly by the threads, within limits by the mean index time of a vector in
 * milliseconds (undefined without history). Above 100 ms a batch has 10 to 100 rows, so that the threads stay balanced;
 * below 10 ms at least 100 and otherwise at least 50, so that claiming a batch stays cheap beside its work.
 */
export function calculateOptimalBatchSize(
  total: number,
  threadCount: number,
  meanIndexTimeMs: number | undefined,
): number {
  const base = Math.floor(total / threadCount);
  if (meanIndexTimeMs === undefined) return Math.max(base, 50);
  if (meanIndexTimeMs > 100) return Math.min(Math.max(base, 10), 100);
  return Math.max(base, meanIndexTimeMs < 10 ? 100 : 50);
}
