/**
 * Copies a row of a segment as float32, whatever its precision is. For code that reads few rows, or reads no row twice.
 */
import { widenHalvesInto } from '../../base/float16.js';
import { codeCount, FACTOR_BYTES } from '../../kernel/search/search-kernel.js';
import type { SegmentLayout } from '../../memory/segment-layout.js';

/** Writes the components of a row to the beginning of `target`. For a row that lies in a file, writes what its codes say, which has their error. */
export function copyRowInto(
  target: Float32Array,
  buffer: ArrayBufferLike,
  { form, int8 }: Pick<SegmentLayout, 'form' | 'int8'>,
  row: number,
): void {
  const dims = target.length;
  switch (form) {
    case 'float32':
      target.set(new Float32Array(buffer, 4 * dims * row, dims));
      return;
    case 'float16': {
      const words = new Uint32Array(target.buffer, target.byteOffset, dims);
      widenHalvesInto(words, 0, new Uint16Array(buffer, 2 * dims * row, dims));
      return;
    }
    default: {
      const [scale] = new Float32Array(buffer, int8!.factors + row * FACTOR_BYTES, 1);
      const codes = new Int8Array(buffer, int8!.codes + row * codeCount(dims), dims);
      for (let j = 0; j < dims; j++) target[j] = codes[j]! * scale!;
    }
  }
}
