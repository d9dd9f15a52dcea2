/**
 * A source as the scheduler sees it: rows in processing order, grouped by length, and a way to copy them.
 *
 * The rank of a row is its position in processing order. When all rows have one length, the rank is the input position. Other
 * rows are sorted by length (stably), and `order[rank]` is the input position.
 */
import { IndexingError, invalidConfiguration, messageOf } from '../base/errors.js';
import type { TimeSlices } from '../base/time.js';
import type { VectorRow, VectorSource } from './vector-source.js';
import { checkMatrix, checkRow, copyRow, isFloat32Array, type VectorMatrix } from './vector-source.js';

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

/** Rows looked at between two looks at the clock. */
const SCAN_STRIDE = 4096;
/** As many are looked over at once. */
export const MAX_ROWS_AT_ONCE: number = SCAN_STRIDE;

/**
 * Looks a source over without copying it; gives the event loop a turn whenever `slices` says that it is due. Components of plain
 * arrays are checked while they are copied.
 *
 * @param target memory that receives the result, where it is the caller's
 * @param name what errors call the source
 * @throws {IndexingError} `InvalidConfiguration` for what is no source, naming the row or field.
 */
export async function describeSource(
  source: VectorSource,
  slices: TimeSlices,
  target?: ArrayBufferLike,
  name = 'vectors',
): Promise<SourceRows> {
  if (!isRows(source)) return describeMatrix(name, source, target);
  const scan = new RowScan(name, source, target);
  await slices.forEach(source.length, SCAN_STRIDE, (first, last) => scan.look(first, last));
  if (!scan.lengths) return describeRows(scan, groupsOf(source.length, scan.dims), undefined);
  const sort = new LengthSort(scan.lengths);
  await slices.forEach(source.length, SCAN_STRIDE, (first, last) => sort.count(first, last));
  const groups = sort.groups();
  await slices.forEach(source.length, SCAN_STRIDE, (first, last) => sort.place(first, last));
  return describeRows(scan, groups, sort.order);
}

/**
 * The same at once, for a source of at most `MAX_ROWS_AT_ONCE` vectors.
 *
 * @throws {IndexingError} `InvalidConfiguration` as `describeSource`, and for a larger source.
 */
export function describeNow(source: VectorSource, target?: ArrayBufferLike, name = 'vectors'): SourceRows {
  if (!isRows(source)) return describeMatrix(name, source, target);
  const { length } = source;
  if (length > MAX_ROWS_AT_ONCE) throw invalidConfiguration(`${name}.length`, `at most ${MAX_ROWS_AT_ONCE}`, length);
  const scan = new RowScan(name, source, target);
  scan.look(0, length);
  if (!scan.lengths) return describeRows(scan, groupsOf(length, scan.dims), undefined);
  const sort = new LengthSort(scan.lengths);
  sort.count(0, length);
  const groups = sort.groups();
  sort.place(0, length);
  return describeRows(scan, groups, sort.order);
}

/** Number of vectors in a source, without looking at them. */
export function countVectors(source: VectorSource): number {
  return isRows(source) ? source.length : countRows('vectors', source);
}

function isRows(source: VectorSource): source is readonly VectorRow[] {
  return Array.isArray(source);
}

function countRows(name: string, matrix: VectorMatrix): number {
  if (typeof matrix !== 'object' || matrix === null || !('data' in matrix && 'dims' in matrix)) {
    throw invalidConfiguration(name, 'an array of vectors or a matrix { data, dims }', matrix);
  }
  return checkMatrix(name, matrix);
}

function describeMatrix(name: string, matrix: VectorMatrix, target: ArrayBufferLike | undefined): SourceRows {
  const count = countRows(name, matrix);
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
  { name, rows, shared, overlapsTarget }: RowScan,
  groups: readonly RowGroup[],
  order: Uint32Array | undefined,
): SourceRows {
  return {
    count: rows.length,
    groups,
    order,
    shared: order ? undefined : shared,
    overlapsTarget,
    copyInto(target, firstRank, rowCount, dims) {
      for (let i = 0; i < rowCount; i++) {
        const position = order ? order[firstRank + i]! : firstRank + i;
        try {
          copyRow(name, position, rows[position]!, target, i * dims, dims);
        } catch (cause) {
          if (cause instanceof IndexingError) throw cause;
          const detail = `${name}[${position}] cannot be read (${messageOf(cause)})`;
          throw new IndexingError('InvalidConfiguration', detail, { vectorIndex: position, cause });
        }
      }
    },
  };
}

/** What one look at every row tells: whether lengths differ, and whether the rows lie densely in shared memory. */
class RowScan {
  readonly name: string;
  readonly rows: readonly VectorRow[];
  /** Length of the first row. */
  readonly dims: number;
  /** Length of every row looked at, from the moment two differ. */
  lengths: Uint32Array | undefined;
  /** Where all rows looked at lie one after the other, if they do. */
  shared: SharedRows | undefined;
  /** Whether any of the rows looked at lies in the target. */
  overlapsTarget = false;
  readonly #target: ArrayBufferLike | undefined;

  constructor(name: string, rows: readonly VectorRow[], target: ArrayBufferLike | undefined) {
    this.name = name;
    this.rows = rows;
    this.#target = target;
    const head = rows[0];
    this.dims = rows.length === 0 ? 0 : checkRow(name, 0, head);
    if (isFloat32Array(head) && isShared(head.buffer)) {
      this.shared = { buffer: head.buffer, byteOffset: head.byteOffset };
    }
  }

  look(first: number, last: number): void {
    const target = this.#target;
    for (let i = first; i < last; i++) {
      const row: unknown = this.rows[i];
      const length = row instanceof Float32Array && row.length > 0 ? row.length : checkRow(this.name, i, row);
      if (!this.lengths && length !== this.dims) {
        this.lengths = new Uint32Array(this.rows.length).fill(this.dims, 0, i);
      }
      if (this.lengths) this.lengths[i] = length;
      // Asking a row for its buffer takes longer than all the rest.
      if (target !== undefined && ArrayBuffer.isView(row) && row.buffer === target) this.overlapsTarget = true;
      if (this.shared && !(isFloat32Array(row) && this.#follows(row, i, this.shared))) this.shared = undefined;
    }
  }

  #follows(row: Float32Array, i: number, { buffer, byteOffset }: SharedRows): boolean {
    return row.buffer === buffer && row.byteOffset === byteOffset + i * this.dims * 4;
  }
}

/** Stable counting sort of row positions by length: `count` all, then ask for the `groups`, then `place` all. */
class LengthSort {
  readonly order: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #counts = new Map<number, number>();
  readonly #nextRank = new Map<number, number>();

  constructor(lengths: Uint32Array) {
    this.#lengths = lengths;
    this.order = new Uint32Array(lengths.length);
  }

  count(first: number, last: number): void {
    const counts = this.#counts;
    for (let i = first; i < last; i++) counts.set(this.#lengths[i]!, (counts.get(this.#lengths[i]!) ?? 0) + 1);
  }

  /** Ascending dims. */
  groups(): RowGroup[] {
    const groups = [...this.#counts].sort(([a], [b]) => a - b).map(([dims, count]) => ({ dims, count }));
    let firstRank = 0;
    for (const { dims, count } of groups) {
      this.#nextRank.set(dims, firstRank);
      firstRank += count;
    }
    return groups;
  }

  place(first: number, last: number): void {
    for (let i = first; i < last; i++) {
      const rank = this.#nextRank.get(this.#lengths[i]!)!;
      this.order[rank] = i;
      this.#nextRank.set(this.#lengths[i]!, rank + 1);
    }
  }
}

/** Pages without cross-origin isolation have no SharedArrayBuffer at all. */
function isShared(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
}
