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
  /** Byte offset of the scratch of thread 0; that of thread `t` is `t × scratchStride` further. */
  readonly scratch: number;
  readonly scratchStride: number;
  /** Bytes of everything together. */
  readonly byteLength: number;
}

const LINE = 64;

/** Lays out `groups` for `threads` threads. Sizes are exact float64 integers, also beyond 4 GiB. */
export function layOutMatrix(groups: readonly RowGroup[], threads: number): MatrixLayout {
  let offset = 0;
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
  const scratchStride = alignToLine(groups.reduce((most, group) => Math.max(most, scratchBytes(group.dims)), 0));
  return { groups: placed, scratch: offset, scratchStride, byteLength: offset + threads * scratchStride };
}

function alignToLine(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}
