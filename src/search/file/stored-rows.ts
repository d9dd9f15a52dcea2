/**
 * Where the rows of a segment lie in a file, and how they are read. Each row is compared with its codes, so a row is never
 * scored that differs from what the scan saw.
 */
import { widenHalvesInto } from '../../base/float16.js';
import { malformed } from '../../formats/malformed.js';
import type { Segment } from '../segment.js';
import type { RowFile } from './row-file.js';

export interface StoredRows {
  readonly file: RowFile;
  /** The number in the file of every row of the segment; undefined where the numbers follow each other. */
  readonly positions: Uint32Array | undefined;
  /** The number of the segment's first row, where the numbers follow each other. */
  readonly first: number;
}

export function positionOf({ positions, first }: StoredRows, row: number): number {
  return positions ? positions[row]! : first + row;
}

/** Allowance for the rounding of float64 and float32, beside the error of codes, which is a bound in float32. */
const ROOM = 1 + 2 ** -18;
const SMALLEST = 2 ** -140;

/**
 * Writes a row that was read, as float32, to `target`.
 *
 * @throws {IndexingError} `MalformedFile` where it is not the row that its codes were made of.
 */
export function takeRow(
  bytes: Uint8Array,
  target: Float32Array,
  stored: StoredRows,
  segment: Segment,
  row: number,
  isUnit: boolean,
): void {
  const { precision, name } = stored.file;
  const dims = target.length;
  const words = new Uint32Array(target.buffer, target.byteOffset, dims);
  if (precision === 'float16') {
    const halves = new Uint16Array(bytes.slice().buffer, 0, dims);
    widenHalvesInto(words, 0, halves);
  } else {
    new Uint8Array(target.buffer, target.byteOffset, 4 * dims).set(bytes);
  }
  let length = 1;
  if (isUnit) {
    let squares = 0;
    for (let j = 0; j < dims; j++) squares += target[j]! ** 2;
    length = Math.sqrt(squares);
  }
  const { codes, scale, error } = segment.codeOf(row);
  let off = 0;
  for (let j = 0; j < dims; j++) off += (target[j]! / length - scale * codes[j]!) ** 2;
  // Unit rows are rounded to float32 where codes are made of them, and those of float32 may be off by their length.
  const most = error * ROOM + (isUnit ? 2 ** -17 : 0) + SMALLEST;
  if (Math.sqrt(off) <= most) return;
  const where = `row ${positionOf(stored, row)}`;
  throw malformed(name, where, 'the row that its codes were made of', 'another one; build the index again');
}

/** One row, as float32. Rejects as `RowFile.read`, and with `MalformedFile`. */
export async function readRow(
  stored: StoredRows,
  segment: Segment,
  row: number,
  isUnit: boolean,
): Promise<Float32Array<ArrayBuffer>> {
  const release = stored.file.hold();
  try {
    const bytes = new Uint8Array(stored.file.rowBytes);
    await stored.file.read([positionOf(stored, row)], bytes);
    const target = new Float32Array(segment.layout.dims);
    takeRow(bytes, target, stored, segment, row, isUnit);
    return target;
  } finally {
    release();
  }
}
