/**
 * Where everything lies in the memory of a matrix: the rows, grouped by length, then one column of magnitudes, then a
 * scratch region for each thread. All offsets are bytes; every region starts on a 64-byte line and none overlap, so two
 * threads never write to one cache line.
 */
import { scratchBytes } from '../kernel/kernel-exports.js';
import type { RowGroup } from '../vectors/source-rows.js';

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
