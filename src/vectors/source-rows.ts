/**
 * A source as the scheduler sees it: rows in processing order, grouped by length, and a way to copy them.
 *
 * The rank of a row is its position in processing order. For rows of one length it is the input position; ragged rows are
 * stably sorted by length, and `order[rank]` is the input position.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import type { TimeSlices } from '../base/time-slices.js';
import { checkMatrix, isFloat32Array, type VectorMatrix } from './vector-matrix.js';
import type { VectorSource } from './vector-source.js';

/** Rows of one length, consecutive in processing order. */
export interface RowGroup {
  readonly dims: number;
  readonly count: number;
}

export interface SourceRows {
  readonly count: number;
  /** Ascending dims; their counts sum to `count`. */
  readonly groups: readonly RowGroup[];
  /** Input position of every rank; undefined where they are the same. */
  readonly order: Uint32Array | undefined;
  /** Where all rows lie densely in shared memory, for workers to copy from; undefined for ordinary memory. */
  readonly shared: SharedRows | undefined;
  /** Whether rows lie in the memory that receives the result. */
  readonly overlapsTarget: boolean;
  /** Copies `count` rows of `dims` components from rank `firstRank` on to `target`, densely. */
  copyInto(target: Float32Array, firstRank: number, count: number, dims: number): void;
}

export interface SharedRows {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
}

type Row = Float32Array | readonly number[];

/** Below about this many components a loop is faster than `set`. */
const SHORT_ROW = 16;

/** Rows looked at between two looks at the clock. */
const SCAN_STRIDE = 4096;

/**
 * Looks a source over without copying it; gives the event loop a turn whenever `slices` says that it is due.
 *
 * @param target memory that receives the result, where it is the caller's
 * @throws {IndexingError} `InvalidConfiguration` for what is no source, naming the row or field.
 */
export async function describeSource(
  source: VectorSource,
  slices: TimeSlices,
  target?: ArrayBufferLike,
): Promise<SourceRows> {
  if (!Array.isArray(source)) return describeMatrix(source as VectorMatrix, target);
  const rows = source as readonly Row[];
  const scan = new RowScan(rows, target);
  await slices.forEach(rows.length, SCAN_STRIDE, (first, last) => scan.look(first, last));
  if (!scan.lengths) return describeRows(rows, groupsOf(rows.length, rows[0]?.length ?? 0), undefined, scan);
  const { groups, order } = await groupByLength(scan.lengths, slices);
  return describeRows(rows, groups, order, scan);
}

/** As `describeSource`, before it returns: for sources of at most 4,096 rows. */
export function describeNow(source: VectorSource, target?: ArrayBufferLike): SourceRows {
  if (!Array.isArray(source)) return describeMatrix(source as VectorMatrix, target);
  const rows = source as readonly Row[];
  const scan = new RowScan(rows, target);
  scan.look(0, rows.length);
  if (!scan.lengths) return describeRows(rows, groupsOf(rows.length, rows[0]?.length ?? 0), undefined, scan);
  const { groups, order } = groupNow(scan.lengths);
  return describeRows(rows, groups, order, scan);
}

/** Number of vectors in a source, without looking at them. */
export function countVectors(source: VectorSource): number {
  return Array.isArray(source) ? source.length : countRows(source as VectorMatrix);
}

function countRows(matrix: VectorMatrix): number {
  if (typeof matrix !== 'object' || matrix === null || !('data' in matrix && 'dims' in matrix)) {
    throw invalidConfiguration('vectors', 'an array of vectors or a matrix { data, dims }', matrix);
  }
  return checkMatrix('vectors', matrix);
}

function describeMatrix(matrix: VectorMatrix, target: ArrayBufferLike | undefined): SourceRows {
  const count = countRows(matrix);
  const { data, dims } = matrix;
  return {
    count,
    groups: groupsOf(count, dims),
    order: undefined,
    shared: isShared(data.buffer) ? { buffer: data.buffer, byteOffset: data.byteOffset } : undefined,
    overlapsTarget: data.buffer === target,
    copyInto(target, firstRank, rowCount) {
      target.set(data.subarray(firstRank * dims, (firstRank + rowCount) * dims));
    },
  };
}

/** Rows of one length. */
function groupsOf(count: number, dims: number): RowGroup[] {
  return count > 0 ? [{ dims, count }] : [];
}

function describeRows(
  rows: readonly Row[],
  groups: readonly RowGroup[],
  order: Uint32Array | undefined,
  { shared, overlapsTarget }: RowScan,
): SourceRows {
  return {
    count: rows.length,
    groups,
    order,
    shared: order ? undefined : shared,
    overlapsTarget,
    copyInto(target, firstRank, rowCount, dims) {
      for (let i = 0; i < rowCount; i++) {
        copyRow(rows, order ? order[firstRank + i]! : firstRank + i, target, i * dims, dims);
      }
    },
  };
}

/**
 * A row that changed its length since it was looked at is cut or leaves old components: undefined vectors, no crash.
 *
 * @throws {IndexingError} `InvalidConfiguration` for a component that cannot be made a number.
 */
function copyRow(rows: readonly Row[], position: number, target: Float32Array, at: number, dims: number): void {
  const row = rows[position]!;
  try {
    if (dims <= SHORT_ROW) for (let i = 0; i < dims; i++) target[at + i] = row[i]!;
    else target.set(row.length > dims ? row.slice(0, dims) : row, at);
  } catch (cause) {
    const detail = `vectors[${position}] holds what is no number (${String(cause)})`;
    throw new IndexingError('InvalidConfiguration', detail, { vectorIndex: position, cause });
  }
}

/** What one look at every row tells: whether lengths differ, and whether the rows lie densely in shared memory. */
class RowScan {
  /** Length of every row looked at, from the moment two differ. */
  lengths: Uint32Array | undefined;
  /** Where all rows looked at lie one after the other, if they do. */
  shared: SharedRows | undefined;
  /** Whether any of the rows looked at lies in the target. */
  overlapsTarget = false;
  readonly #rows: readonly Row[];
  readonly #dims: number;
  readonly #target: ArrayBufferLike | undefined;

  constructor(rows: readonly Row[], target: ArrayBufferLike | undefined) {
    this.#rows = rows;
    this.#target = target;
    const head = rows[0];
    this.#dims = head?.length ?? 0;
    if (isFloat32Array(head) && isShared(head.buffer)) {
      this.shared = { buffer: head.buffer, byteOffset: head.byteOffset };
    }
  }

  look(first: number, last: number): void {
    const target = this.#target;
    for (let i = first; i < last; i++) {
      const row: unknown = this.#rows[i];
      const typed = isFloat32Array(row);
      if (!typed && !Array.isArray(row)) {
        throw invalidConfiguration(`vectors[${i}]`, 'a Float32Array or an array of numbers', row);
      }
      if (!this.lengths && row.length !== this.#dims) {
        this.lengths = new Uint32Array(this.#rows.length).fill(this.#dims, 0, i);
      }
      if (this.lengths) this.lengths[i] = row.length;
      // Asking a row for its buffer takes longer than all the rest.
      if (target !== undefined && typed && row.buffer === target) this.overlapsTarget = true;
      if (this.shared && !(typed && this.#follows(row, i, this.shared))) this.shared = undefined;
    }
  }

  #follows(row: Float32Array, i: number, { buffer, byteOffset }: SharedRows): boolean {
    return row.buffer === buffer && row.byteOffset === byteOffset + i * this.#dims * 4;
  }
}

interface GroupedRows {
  readonly groups: RowGroup[];
  readonly order: Uint32Array;
}

/** Stable counting sort of row positions by length. */
async function groupByLength(lengths: Uint32Array, slices: TimeSlices): Promise<GroupedRows> {
  const counts = new Map<number, number>();
  await slices.forEach(lengths.length, SCAN_STRIDE, (first, last) => {
    for (let i = first; i < last; i++) counts.set(lengths[i]!, (counts.get(lengths[i]!) ?? 0) + 1);
  });
  const groups = [...counts].sort(([a], [b]) => a - b).map(([dims, count]) => ({ dims, count }));
  const nextRank = new Map<number, number>();
  let firstRank = 0;
  for (const { dims, count } of groups) {
    nextRank.set(dims, firstRank);
    firstRank += count;
  }
  const order = new Uint32Array(lengths.length);
  await slices.forEach(lengths.length, SCAN_STRIDE, (first, last) => {
    for (let i = first; i < last; i++) {
      const rank = nextRank.get(lengths[i]!)!;
      order[rank] = i;
      nextRank.set(lengths[i]!, rank + 1);
    }
  });
  return { groups, order };
}

function groupNow(lengths: Uint32Array): GroupedRows {
  const order = Uint32Array.from(lengths.keys()).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const counts = new Map<number, number>();
  for (const position of order) counts.set(lengths[position]!, (counts.get(lengths[position]!) ?? 0) + 1);
  return { groups: [...counts].map(([dims, count]) => ({ dims, count })), order };
}

/** Pages without cross-origin isolation have no SharedArrayBuffer at all. */
function isShared(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
}
