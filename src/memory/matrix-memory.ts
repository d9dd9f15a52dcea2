/**
 * The memory of a matrix: how one is made, the error where there is no more memory, where everything lies in it, and whether its rows are
 * sorted.
 *
 * First come the rows, grouped by length, then one column of magnitudes, then a scratch region for each thread. All offsets are bytes. Every
 * region starts on a 64-byte line and none overlap, so two threads never write to one cache line.
 */

import { IndexingError } from '../base/errors.js';
import { scratchBytes } from '../kernel/kernel-exports.js';
import type { RowGroup } from '../vectors/source-rows.js';
import { createMemory, type MatrixMemory, type MemoryUse } from './create-memory.js';

const MAX_BYTES = 2 ** 32;

/**
 * Makes a memory of at least `byteLength` bytes, zero-filled.
 *
 * @param shared whether threads are to share it
 * @throws {IndexingError} `InsufficientMemory` above 4 GiB, or where the system gives no more.
 */
export function createMatrixMemory(byteLength: number, shared = true, use?: MemoryUse): MatrixMemory {
  if (byteLength > MAX_BYTES) {
    throw insufficientMemory(byteLength, `one WebAssembly memory holds at most ${formatBytes(MAX_BYTES)}`);
  }
  try {
    return createMemory(byteLength, shared, use);
  } catch (cause) {
    const limit = `the system refused it (${String(cause)}); ulimit -v may be too low`;
    throw insufficientMemory(byteLength, limit, cause);
  }
}

/** `InsufficientMemory` with the size asked for, the limit it met, and what to do. */
export function insufficientMemory(byteLength: number, limit: string, cause?: unknown): IndexingError {
  return new IndexingError(
    'InsufficientMemory',
    `${formatBytes(byteLength)} are needed, but ${limit}; use indexStream for data larger than memory`,
    { cause },
  );
}

/** `1,234,567 bytes`, with a rounded figure in the largest binary unit where that helps. */
export function formatBytes(bytes: number): string {
  const exact = `${bytes.toLocaleString('en')} bytes`;
  if (bytes < 1024) return exact;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]} (${exact})`;
}

export interface PlacedGroup extends RowGroup {
  /** Rank (position in processing order) of the group's first row. */
  readonly firstRank: number;
  /** Byte offset of its first row. */
  readonly rows: number;
  /** Byte offset of its first magnitude. */
  readonly magnitudes: number;
}

export interface MatrixLayout {
  readonly groups: readonly PlacedGroup[];
  /** Byte offset of the first row. */
  readonly first: number;
  /** Byte offset behind the last magnitude. */
  readonly end: number;
  /** Byte offset of the scratch of thread 0; that of thread `t` is `t × scratchStride` further. */
  readonly scratch: number;
  readonly scratchStride: number;
  /** Bytes of everything in that memory. */
  readonly byteLength: number;
}

const LINE = 64;

/** Lays out `groups` for `threads` threads. Sizes are exact float64 integers, also beyond 4 GiB. */
export function layOutMatrix(groups: readonly RowGroup[], threads: number): MatrixLayout {
  return layOutMatrices([groups], threads)[0]!;
}

/**
 * Lays out several matrices in one memory, one after the other, with one scratch region for each thread behind them all.
 * Ranks count from the start of each matrix.
 */
export function layOutMatrices(matrices: readonly (readonly RowGroup[])[], threads: number): MatrixLayout[] {
  let offset = 0;
  const placed = matrices.map((groups) => {
    const first = offset;
    const matrix = placeGroups(groups, first);
    offset = matrix.end;
    return { groups: matrix.groups, first };
  });
  const longest = matrices.flat().reduce((most, { dims }) => Math.max(most, scratchBytes(dims)), 0);
  const scratchStride = alignToLine(longest);
  const byteLength = offset + threads * scratchStride;
  return placed.map(({ groups, first }, i) => {
    const end = placed[i + 1]?.first ?? offset;
    return { groups, first, end, scratch: offset, scratchStride, byteLength };
  });
}

function placeGroups(groups: readonly RowGroup[], first: number): { groups: PlacedGroup[]; end: number } {
  let offset = first;
  const rows = groups.map((group) => {
    const start = offset;
    offset = alignToLine(offset + group.count * group.dims * 4);
    return start;
  });
  let firstRank = 0;
  const placed = groups.map((group, i): PlacedGroup => {
    const place = { dims: group.dims, count: group.count, firstRank, rows: rows[i]!, magnitudes: offset };
    firstRank += group.count;
    offset = alignToLine(offset + group.count * 4);
    return place;
  });
  return { groups: placed, end: offset };
}

function alignToLine(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}

/**
 * Memories that hold rows whose components were sorted. Sorted components look like any others, but such a row is no longer a
 * vector that can be searched. So whoever takes vectors can ask here.
 */
const sorted = new WeakSet<ArrayBufferLike>();

/** To be called for the memory of every result. */
export function markMemory(buffer: ArrayBufferLike, isSorted: boolean): void {
  if (isSorted) sorted.add(buffer);
  else sorted.delete(buffer);
}

/** Whether the last result in this memory has sorted rows. */
export function isSortedMemory(buffer: ArrayBufferLike): boolean {
  return sorted.has(buffer);
}
