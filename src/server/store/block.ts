/**
 * Rows as they are stored: many in one value, since a value for each row costs as much as ten rows.
 *
 * Bytes, little-endian: u32 count, u32 dims, u32 kinds, u32 bytes of ids (a multiple of 8); f64 numbers of the rows [count], ascending, or with
 * the kind `NUMBERS_FOLLOW` only the first, when each is one more than the last; ids: f64 [count], or f64 [1] when each is one more than the last, or a
 * JSON array and spaces; f32 vectors [count, dims], row-major, as they were given.
 *
 * A row's number is given once and never again; it says which of two rows of one id is newer.
 */
import type { PointId } from '../collections/point-id.js';

/** Numbers that follow each other by ones, from this one on. */
export interface Following {
  readonly first: number;
}

/** Names of the rows of a block: their numbers and ids. */
export interface RowNames {
  readonly count: number;
  /** Numbers of the rows, ascending. */
  readonly numbers: Float64Array | Following;
  readonly ids: readonly PointId[] | Following;
}

export interface Block extends RowNames {
  readonly dims: number;
  /** Vectors of the rows: count × dims, row-major. */
  readonly vectors: Float32Array;
}

const HEAD_BYTES = 16;
const IDS_LISTED = 0;
const IDS_JSON = 1;
const IDS_FOLLOW = 2;
const KIND_OF_IDS = 3;
const NUMBERS_FOLLOW = 4;

export function numberOfRow({ numbers }: RowNames, row: number): number {
  return 'first' in numbers ? numbers.first + row : numbers[row]!;
}

export function idOfRow({ ids }: RowNames, row: number): PointId {
  return 'first' in ids ? ids.first + row : ids[row]!;
}

/** Names as short as they can be stored. */
export function namesOf(numbers: Float64Array | Following, ids: readonly PointId[]): RowNames {
  const count = ids.length;
  const [id] = ids;
  const idsFollow = typeof id === 'number' && ids.every((each, row) => each === id + row);
  const numbersFollow = 'first' in numbers || numbers[count - 1]! - numbers[0]! === count - 1;
  return {
    count,
    numbers: numbersFollow ? { first: 'first' in numbers ? numbers.first : numbers[0]! } : numbers,
    ids: idsFollow ? { first: id } : ids,
  };
}

/** Bytes before the vectors of a block whose numbers and ids follow each other. */
export const FOLLOWING_HEAD_BYTES = HEAD_BYTES + 8 + 8;

/**
 * The block of rows whose numbers and ids follow each other, where the vectors lie already. Its head is written to the
 * {@link FOLLOWING_HEAD_BYTES} bytes before them, so the caller keeps these bytes free.
 */
export function blockAround(vectors: Float32Array, dims: number, firstNumber: number, firstId: number): Uint8Array {
  const { buffer, byteLength } = vectors;
  const at = vectors.byteOffset - FOLLOWING_HEAD_BYTES;
  new Uint32Array(buffer, at, 4).set([vectors.length / dims, dims, IDS_FOLLOW | NUMBERS_FOLLOW, 8]);
  new Float64Array(buffer, at + HEAD_BYTES, 2).set([firstNumber, firstId]);
  return new Uint8Array(buffer, at, FOLLOWING_HEAD_BYTES + byteLength);
}

/** Makes blocks, one after the other in one memory: a block is good until the next one is encoded. */
export class BlockEncoder {
  #buffer = new ArrayBuffer(0);

  /** A block whose vectors are zeros, or what was there before: the caller fills them. */
  encode(
    { count, numbers, ids }: RowNames,
    dims: number,
  ): { readonly bytes: Uint8Array; readonly vectors: Float32Array } {
    const text = 'first' in ids ? undefined : textOf(ids);
    const kindOfIds = 'first' in ids ? IDS_FOLLOW : text ? IDS_JSON : IDS_LISTED;
    const idBytes = 'first' in ids ? 8 : text ? 8 * Math.ceil(text.length / 8) : 8 * count;
    const numberCount = 'first' in numbers ? 1 : count;
    const idsAt = HEAD_BYTES + 8 * numberCount;
    const byteLength = idsAt + idBytes + 4 * count * dims;
    if (this.#buffer.byteLength < byteLength) this.#buffer = new ArrayBuffer(byteLength);
    const buffer = this.#buffer;
    new Uint32Array(buffer, 0, 4).set([count, dims, kindOfIds | ('first' in numbers ? NUMBERS_FOLLOW : 0), idBytes]);
    new Float64Array(buffer, HEAD_BYTES, numberCount).set('first' in numbers ? [numbers.first] : numbers);
    if (text) new Uint8Array(buffer, idsAt, idBytes).fill(0x20).set(text);
    else new Float64Array(buffer, idsAt, idBytes / 8).set('first' in ids ? [ids.first] : (ids as readonly number[]));
    return {
      bytes: new Uint8Array(buffer, 0, byteLength),
      vectors: new Float32Array(buffer, idsAt + idBytes, count * dims),
    };
  }
}

/** Ids as JSON; undefined for numbers, which need none. */
function textOf(ids: readonly PointId[]): Uint8Array | undefined {
  return ids.every((id) => typeof id === 'number') ? undefined : new TextEncoder().encode(JSON.stringify(ids));
}

/** Reads a block: views on `bytes` where they begin at a multiple of 8, else on a copy. */
export function decodeBlock(bytes: Uint8Array): Block {
  const { buffer, byteOffset } = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const [count = 0, dims = 0, kinds = 0, idBytes = 0] = new Uint32Array(buffer, byteOffset, 4);
  const numberCount = (kinds & NUMBERS_FOLLOW) === 0 ? count : 1;
  const numbersAt = byteOffset + HEAD_BYTES;
  const idsAt = numbersAt + 8 * numberCount;
  const numbers = new Float64Array(buffer, numbersAt, numberCount);
  return {
    count,
    dims,
    numbers: (kinds & NUMBERS_FOLLOW) === 0 ? numbers : { first: numbers[0]! },
    ids: decodeIds(kinds & KIND_OF_IDS, new Uint8Array(buffer, idsAt, idBytes)),
    vectors: new Float32Array(buffer, idsAt + idBytes, count * dims),
  };
}

function decodeIds(kind: number, bytes: Uint8Array): readonly PointId[] | Following {
  if (kind === IDS_JSON) return JSON.parse(new TextDecoder().decode(bytes)) as PointId[];
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  return kind === IDS_FOLLOW ? { first: numbers[0]! } : Array.from(numbers);
}
