/**
 * Unit rows as float16 or int8 for a file: the same bytes that an index of this precision writes.
 */
import { narrowHalf } from '../../base/float16.js';
import { createJavaScriptCodes } from '../../kernel/search/javascript-codes.js';
import { codeCount, FACTOR_BYTES } from '../../kernel/search/search-kernel.js';
import type { CompactRows } from '../format.js';

/** Components that are encoded at a time. */
const PIECE_COMPONENTS = 2 ** 16;

/** Unit rows as they are kept in an index. */
export class PreciseRows implements CompactRows {
  /** Scales of the rows that were encoded last, where those are int8. */
  scales: Float32Array<ArrayBuffer> = new Float32Array();
  readonly #dims: number;
  readonly precision: 'float16' | 'int8';

  constructor(dims: number, precision: 'float16' | 'int8') {
    this.#dims = dims;
    this.precision = precision;
  }

  *encode(data: Float32Array): Generator<Uint8Array> {
    const dims = this.#dims;
    this.scales = new Float32Array(data.length / dims);
    const most = Math.max(1, Math.floor(PIECE_COMPONENTS / dims));
    for (let first = 0; first < this.scales.length; first += most) {
      const some = data.subarray(first * dims, (first + most) * dims);
      yield bytesOf(this.precision === 'float16' ? Uint16Array.from(some, narrowHalf) : this.#codesOf(some, first));
    }
  }

  #codesOf(rows: Float32Array, first: number): Int8Array {
    const dims = this.#dims;
    const count = rows.length / dims;
    const stride = codeCount(dims);
    const codes = 16 * Math.ceil((4 * rows.length + 16) / 16);
    const factors = codes + stride * count;
    const magnitudes = factors + FACTOR_BYTES * count;
    const buffer = new ArrayBuffer(magnitudes + 4 * count);
    new Float32Array(buffer).set(rows);
    const kernel = createJavaScriptCodes(buffer);
    kernel.quantize(0, count, dims, codes, factors);
    kernel.keepCodes(codes, count, dims, factors, magnitudes, 1);
    const dense = new Int8Array(rows.length);
    for (let row = 0; row < count; row++) {
      dense.set(new Int8Array(buffer, codes + row * stride, dims), row * dims);
      this.scales[first + row] = new Float32Array(buffer, factors + row * FACTOR_BYTES, 1)[0]!;
    }
    return dense;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
