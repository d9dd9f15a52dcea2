/**
 * Rows of one length that lie one behind the other in a source, as numbers of one type. This is what `.npy`, `.fbin` and
 * `.safetensors` have after their headers. float32 is read straight into the matrix. Everything else goes through staging
 * memory and is rounded as a Float32Array rounds: a float64 beyond float32 becomes ±Infinity.
 */
import { widenHalvesInto } from '../base/float16.js';
import { type ByteSource, STAGING_BYTES } from './format.js';
import type { ReadRowsInto } from './row-chunks.js';

const ITEM_BYTES = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
};

export type NumberType = keyof typeof ITEM_BYTES;

/** How numbers lie in a source. */
export interface NumberLayout {
  readonly type: NumberType;
  /** The most significant byte first. */
  readonly isBigEndian: boolean;
}

export interface DenseRows extends NumberLayout {
  /** Byte offset of the first component of the first row. */
  readonly dataOffset: number;
  readonly count: number;
  readonly dims: number;
  /** Component after component of all rows, as Fortran has matrices, rather than row after row. */
  readonly isColumnMajor: boolean;
}

export function itemBytes(type: NumberType): number {
  return ITEM_BYTES[type];
}

/** Makes a reader of rows at any place, which reads by one call at a time. */
export function createRowReader(source: ByteSource, rows: DenseRows): ReadRowsInto {
  return rows.isColumnMajor && rows.dims > 1 && rows.count > 1 ? columnReader(source, rows) : rowReader(source, rows);
}

function rowReader(source: ByteSource, { dataOffset, count, dims, type, isBigEndian }: DenseRows): ReadRowsInto {
  if (type === 'float32' && !isBigEndian) {
    return (data, first) => source.readInto(bytesOf(data), dataOffset + first * dims * 4);
  }
  const bytes = ITEM_BYTES[type];
  const staging = new Uint8Array(Math.min(STAGING_BYTES, count * dims * bytes));
  const stagedItems = staging.length / bytes;
  return async (data, first) => {
    for (let at = 0; at < data.length; at += stagedItems) {
      const piece = staging.subarray(0, Math.min(stagedItems, data.length - at) * bytes);
      await source.readInto(piece, dataOffset + (first * dims + at) * bytes);
      decodeInto(data, at, piece, { type, isBigEndian });
    }
  };
}

/**
 * Reads rows by tiles of `most` rows, where more than what is asked for is read at once anyhow. The last tile is kept, so that all is
 * loaded once for whoever reads the rows in order.
 *
 * @param load fills a tile with the rows from `first` on
 */
export function tiledReader(count: number, dims: number, most: number, load: ReadRowsInto): ReadRowsInto {
  let tile = new Float32Array(0);
  let tileFirst = 0;
  let tileRows = 0;
  return async (data, first) => {
    const last = first + data.length / dims;
    for (let row = first; row < last; ) {
      if (row < tileFirst || row >= tileFirst + tileRows) {
        const wanted = Math.min(most, count - row);
        if (tile.length === 0) tile = new Float32Array(Math.min(most, count) * dims);
        tileRows = 0;
        await load(tile.subarray(0, wanted * dims), row);
        tileFirst = row;
        tileRows = wanted;
      }
      const end = Math.min(last, tileFirst + tileRows);
      data.set(tile.subarray((row - tileFirst) * dims, (end - tileFirst) * dims), (row - first) * dims);
      row = end;
    }
  };
}

/** What a tile of rows takes as float32: then columns of up to 16,384 components are read 512 rows at a time. */
const TILE_BYTES = 2 ** 25;
const COLUMNS_AT_ONCE = 16;

/** Rows out of columns: a piece of every column for each tile. */
function columnReader(source: ByteSource, { dataOffset, count, dims, type, isBigEndian }: DenseRows): ReadRowsInto {
  const bytes = ITEM_BYTES[type];
  const most = Math.min(count, Math.max(1, Math.floor(TILE_BYTES / (4 * dims))));
  const columns = Array.from({ length: Math.min(COLUMNS_AT_ONCE, dims) }, () => new Uint8Array(most * bytes));
  const numbers = new Float32Array(most);
  return tiledReader(count, dims, most, async (tile, first) => {
    const rows = tile.length / dims;
    for (let column = 0; column < dims; column += columns.length) {
      const pieces = columns.slice(0, dims - column).map((each) => each.subarray(0, rows * bytes));
      await Promise.all(
        pieces.map((piece, i) => source.readInto(piece, dataOffset + ((column + i) * count + first) * bytes)),
      );
      for (const [i, piece] of pieces.entries()) {
        decodeInto(numbers, 0, piece, { type, isBigEndian });
        for (let row = 0; row < rows; row++) tile[row * dims + column + i] = numbers[row]!;
      }
    }
  });
}

/** Decodes `bytes`, which begin at a multiple of 8 in their memory and may be overwritten, to `data` from `at` on. */
export function decodeInto(
  data: Float32Array,
  at: number,
  bytes: Uint8Array,
  { type, isBigEndian }: NumberLayout,
): void {
  if (isBigEndian) reverseItems(bytes, ITEM_BYTES[type]);
  const { byteOffset, length } = bytes;
  const buffer = bytes.buffer as ArrayBuffer;
  if (type === 'float32') {
    // As bytes, so that a NaN keeps its payload.
    bytesOf(data).set(bytes, 4 * at);
  } else if (type === 'float16' || type === 'bfloat16') {
    const halves = new Uint16Array(buffer, byteOffset, length / 2);
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    if (type === 'float16') widenHalvesInto(bits, at, halves);
    // A bfloat16 is the upper half of a float32.
    else for (let i = 0; i < halves.length; i++) bits[at + i] = halves[i]! << 16;
  } else if (type === 'int64' || type === 'uint64') {
    const Kind = type === 'int64' ? BigInt64Array : BigUint64Array;
    const integers = new Kind(buffer, byteOffset, length / 8);
    for (let i = 0; i < integers.length; i++) data[at + i] = Number(integers[i]);
  } else {
    const Kind = ARRAYS[type];
    data.set(new Kind(buffer, byteOffset, length / ITEM_BYTES[type]), at);
  }
}

const ARRAYS = {
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
};

/** Turns the bytes of every item round. */
function reverseItems(bytes: Uint8Array, size: number): void {
  for (let item = 0; item < bytes.length; item += size) {
    for (let low = item, high = item + size - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
