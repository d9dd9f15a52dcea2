/**
 * Brings vectors into an index: an indexer computes magnitudes and unit vectors, some thousand rows at a time, and they are
 * copied behind the rows that are there. Cosine keeps unit rows; the other metrics keep the rows as they were given.
 */
import { detailOf, IndexingError, invalidConfiguration } from '../base/errors.js';
import { TimeSlices } from '../base/time-slices.js';
import type { ParallelIndexer } from '../indexing/parallel-indexer.js';
import type { IndexingResult } from '../indexing/result/indexing-result.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { isSortedMemory } from '../memory/sorted-memory.js';
import { countVectors, describeSource, type SourceRows } from '../vectors/source-rows.js';
import { isFloat32Array } from '../vectors/vector-matrix.js';
import { checkRow } from '../vectors/vector-row.js';
import type { VectorRow, VectorSource } from '../vectors/vector-source.js';
import type { StagedRows } from './row-store.js';

export interface RowsToAdd {
  readonly vectors: VectorSource;
  readonly metric: Metric;
  readonly dims: number;
  /** Position of the first vector, for errors. */
  readonly firstPosition: number;
  readonly signal: AbortSignal | undefined;
  /** Called with the number of vectors added since the last call. */
  readonly onAdded: (count: number) => void;
}

/** Vectors are indexed in portions of this size, whose memory serves one after the other. */
const PORTION_BYTES = 2 ** 24;
const PORTION_ROWS = 2 ** 16;
/** Bytes copied between two looks at the clock. */
const COPY_BYTES = 2 ** 18;

/** Components of the vectors; undefined where there is none. Throws what `firstRow` throws. */
export function dimsOf(vectors: VectorSource): number | undefined {
  if (countVectors(vectors) === 0) return undefined;
  return 'dims' in vectors ? vectors.dims : firstLength(vectors);
}

function firstLength(rows: readonly VectorRow[]): number {
  const length = checkRow('vectors', 0, rows[0]);
  if (length === 0) throw new IndexingError('EmptyVector', 'vectors[0] has no components', { vectorIndex: 0 });
  return length;
}

/**
 * Adds vectors to `staged`. Rejects with the error of the lowest vector that cannot be added: `EmptyVector`, `NonFinite`,
 * `ZeroMagnitude` (cosine only), `InvalidConfiguration` for other dims or sorted rows; with `InsufficientMemory`; with
 * `signal.reason`.
 */
export async function addRows(indexer: ParallelIndexer, staged: StagedRows, rows: RowsToAdd): Promise<void> {
  const { vectors, dims, firstPosition } = rows;
  const count = countVectors(vectors);
  const most = Math.max(1, Math.min(PORTION_ROWS, Math.floor(PORTION_BYTES / (4 * dims))));
  for (let first = 0; first < count; first += most) {
    const last = Math.min(first + most, count);
    const portion = 'dims' in vectors ? submatrix(vectors, first, last) : vectors.slice(first, last);
    try {
      checkPortion(portion, dims);
      await addPortion(indexer, staged, portion, count - first, rows);
    } catch (error) {
      throw atPosition(error, firstPosition + first);
    }
    rows.onAdded(last - first);
  }
}

function submatrix({ data, dims }: { data: Float32Array; dims: number }, first: number, last: number) {
  return { data: data.subarray(first * dims, last * dims), dims };
}

function checkPortion(portion: VectorSource, dims: number): void {
  if ('dims' in portion) {
    if (portion.dims !== dims) throw invalidConfiguration('vectors.dims', `${dims}, as the index has`, portion.dims);
    refuseSorted([portion.data], dims);
    return;
  }
  for (const [i, row] of portion.entries()) {
    // Whatever is no row at all is refused where rows are read.
    const length: unknown = row?.length;
    if (length === 0) throw new IndexingError('EmptyVector', `vectors[${i}] has no components`, { vectorIndex: i });
    if (typeof length === 'number' && length !== dims) {
      const detail = `vectors[${i}] must have ${dims} components, as the index has, got ${length}`;
      throw new IndexingError('InvalidConfiguration', detail, { vectorIndex: i });
    }
  }
  refuseSorted(portion.filter(isFloat32Array), dims);
}

/** Memory that a caller has filled anew is still marked: rows that are not ascending are not those that were sorted. */
function refuseSorted(arrays: readonly Float32Array[], dims: number): void {
  const marked = arrays.filter(({ buffer }) => isSortedMemory(buffer));
  if (marked.length === 0 || !marked.every((data) => hasAscendingRows(data, dims))) return;
  const detail =
    "vectors are rows whose components were sorted: they are no longer vectors; index with order: 'original'";
  throw new IndexingError('InvalidConfiguration', detail);
}

function hasAscendingRows(data: Float32Array, dims: number): boolean {
  for (let i = 1; i < data.length; i++) if (i % dims !== 0 && data[i - 1]! > data[i]!) return false;
  return true;
}

async function addPortion(
  indexer: ParallelIndexer,
  staged: StagedRows,
  portion: VectorSource,
  expected: number,
  rows: RowsToAdd,
): Promise<void> {
  const { metric, signal } = rows;
  const slices = new TimeSlices(signal);
  const given = metric === 'cosine' ? undefined : await describeSource(portion, slices);
  const result = await indexer.indexVectors(portion, { order: 'original', onInvalid: 'skip', signal });
  try {
    await keepRows(result, staged, given, expected, rows, slices);
  } finally {
    result.dispose();
  }
}

async function keepRows(
  result: IndexingResult,
  staged: StagedRows,
  given: SourceRows | undefined,
  expected: number,
  { metric, dims }: RowsToAdd,
  slices: TimeSlices,
): Promise<void> {
  const failed = result.rejected.find(({ code }) => metric === 'cosine' || code !== 'ZeroMagnitude');
  if (failed) {
    const { index, code } = failed;
    const what = code === 'ZeroMagnitude' ? 'is all zeros: it has no direction' : 'holds NaN or an infinity';
    throw new IndexingError(code, `vectors[${index}] ${what}`, { vectorIndex: index });
  }
  const { matrix, magnitudes, length } = result.vectors;
  for (let done = 0; done < length; ) {
    const room = staged.reserve(length - done, expected - done);
    const base = done;
    await slices.forEach(room.count, Math.max(1, Math.floor(COPY_BYTES / (4 * dims))), (first, last) => {
      const target = room.segment.rows(room.first + first, last - first);
      if (given) given.copyInto(target, base + first, last - first, dims);
      else target.set(matrix.data.subarray((base + first) * dims, (base + last) * dims));
      room.segment.quantize(room.first + first, last - first);
    });
    const column = room.segment.magnitudes(room.first, room.count);
    column.set(magnitudes.subarray(base, base + room.count));
    done += room.count;
  }
  // A zero vector was rejected, and its magnitude is NaN: here it is a vector like any other.
  for (const { index } of result.rejected) setMagnitude(staged, length - index, 0);
}

/** Sets the magnitude of a row, counted from the end: 1 is the last one. */
function setMagnitude(staged: StagedRows, fromEnd: number, magnitude: number): void {
  const { parts, slotCount } = staged.state;
  const slot = slotCount - fromEnd;
  const part = parts.findLast(({ firstSlot }) => firstSlot <= slot)!;
  part.segment.magnitudes(slot - part.firstSlot, 1)[0] = magnitude;
}

/** An error about a vector of a portion, told of its position among all. */
function atPosition(error: unknown, first: number): unknown {
  if (!(error instanceof IndexingError) || first === 0) return error;
  const detail = detailOf(error).replace(/vectors\[(\d+)\]/, (_, index) => `vectors[${first + Number(index)}]`);
  const { vectorIndex, threadId } = error;
  return new IndexingError(error.code, detail, {
    ...(vectorIndex !== undefined && { vectorIndex: first + vectorIndex }),
    ...(threadId !== undefined && { threadId }),
    cause: error,
  });
}
