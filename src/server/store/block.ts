/**
 * Rows as they are stored: many in one value, since a value for each row costs as much as ten rows.
 *
 * Bytes, little-endian: u32 count, u32 dims, u32 kind of ids (0 numbers, 1 JSON), u32 bytes of ids (a multiple of 8); f64 numbers of the rows [count],
 * ascending; ids: f64 [count], or a JSON array and spaces; f32 vectors [count, dims], row-major, as they were given.
 *
 * A row's number is given once and never again; it says which of two rows of one id is newer.
 */
import type { PointId } from '../collections/point-id.js';

export interface Block {
  /** Ascending. */
  readonly numbers: Float64Array;
  readonly ids: readonly PointId[];
  readonly dims: number;
  /** count × dims, row-major. */
  readonly vectors: Float32Array<ArrayBuffer>;
}

const HEAD_BYTES = 16;
const NUMBERS = 0;
const JSON_TEXT = 1;

/** @param rows `count` vectors of `dims` components */
export function encodeBlock(
  numbers: ArrayLike<number>,
  ids: readonly PointId[],
  dims: number,
  rows: Iterable<ArrayLike<number>>,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly vectors: Float32Array<ArrayBuffer> } {
  const count = ids.length;
  const isNumbers = ids.every((id) => typeof id === 'number');
  const text = isNumbers ? undefined : new TextEncoder().encode(JSON.stringify(ids));
  const idBytes = text ? 8 * Math.ceil(text.length / 8) : 8 * count;
  const bytes = new Uint8Array(HEAD_BYTES + 8 * count + idBytes + 4 * count * dims);
  new Uint32Array(bytes.buffer, 0, 4).set([count, dims, isNumbers ? NUMBERS : JSON_TEXT, idBytes]);
  new Float64Array(bytes.buffer, HEAD_BYTES, count).set(numbers);
  const idsAt = HEAD_BYTES + 8 * count;
  if (text) bytes.fill(0x20, idsAt, idsAt + idBytes).set(text, idsAt);
  else new Float64Array(bytes.buffer, idsAt, count).set(ids as number[]);
  const vectors = new Float32Array(bytes.buffer, idsAt + idBytes, count * dims);
  let at = 0;
  for (const row of rows) {
    vectors.set(row, at);
    at += dims;
  }
  return { bytes, vectors };
}

/** What `bytes` hold: views on them where they have memory of their own, else on a copy. */
export function decodeBlock(bytes: Uint8Array): Block {
  // The store's bytes may lie at any place in a memory that is used again for the next ones.
  const isOwn = bytes.byteLength === bytes.buffer.byteLength;
  const { buffer } = isOwn ? bytes : bytes.slice();
  const [count = 0, dims = 0, kind, idBytes = 0] = new Uint32Array(buffer, 0, 4);
  const idsAt = HEAD_BYTES + 8 * count;
  const ids =
    kind === NUMBERS
      ? Array.from(new Float64Array(buffer, idsAt, count))
      : (JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, idsAt, idBytes))) as PointId[]);
  return {
    numbers: new Float64Array(buffer, HEAD_BYTES, count),
    ids,
    dims,
    vectors: new Float32Array(buffer as ArrayBuffer, idsAt + idBytes, count * dims),
  };
}
