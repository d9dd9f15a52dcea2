/**
 * Checks Parquet's DELTA encodings before hyparquet decodes them: blocks are whole, there are as many numbers as values, and
 * texts lie within their page. A text may begin like the one before it (DELTA_BYTE_ARRAY), so it can be longer than its own
 * bytes. The length of all unfolded texts is reported to `spend`.
 */
import { ThriftReader } from './thrift.js';

/** Numbers in a block, and in each of its parts, whose widths are in the page. */
interface Blocks {
  readonly parts: number;
  readonly partNumbers: number;
}

/** Checks the head of DELTA_BINARY_PACKED; what lies in its blocks takes no more than the values there are. */
export function checkDeltas(page: Uint8Array, at: number, count: number): void {
  readBlocks(new ThriftReader(page, at), page, count);
}

/** Checks the texts of DELTA_LENGTH_BYTE_ARRAY. */
export function checkDeltaTexts(page: Uint8Array, at: number, count: number): void {
  const reader = new ThriftReader(page, at);
  const lengths = readLengths(reader, page, count);
  requireInside(page, reader.offset, lengths);
}

/** Checks the texts of DELTA_BYTE_ARRAY; tells `spend` the bytes of all of them. */
export function checkDeltaPrefixes(page: Uint8Array, at: number, count: number, spend: (bytes: number) => void): void {
  const reader = new ThriftReader(page, at);
  const prefixes = readLengths(reader, page, count);
  const suffixes = readLengths(reader, page, count);
  requireInside(page, reader.offset, suffixes);
  let previous = 0;
  let all = 0;
  for (const [i, prefix] of prefixes.entries()) {
    if (prefix > previous) throw new Error(`a text that has ${prefix} bytes of one of ${previous}`);
    previous = prefix + suffixes[i]!;
    all += previous;
  }
  spend(all);
}

function requireInside(page: Uint8Array, offset: number, lengths: Int32Array): void {
  const bytes = lengths.reduce((sum, length) => sum + length, 0);
  if (bytes > page.length - offset) throw new Error(`texts of ${bytes} bytes do not fit into their page`);
}

/** As many lengths as there are values, from 0 on. */
function readLengths(reader: ThriftReader, page: Uint8Array, count: number): Int32Array {
  const { parts, partNumbers } = readBlocks(reader, page, count);
  const lengths = new Int32Array(count);
  let value = reader.zigzag();
  for (let i = 0; i < count; ) {
    if (i === 0) lengths[i++] = requireLength(value);
    if (i === count) break;
    const least = reader.zigzag();
    const widthsAt = reader.offset;
    reader.offset += parts;
    for (let part = 0; part < parts && i < count; part++) {
      const width = page[widthsAt + part] ?? 0;
      if (width > 32) throw new Error(`lengths of ${width} bits`);
      for (let j = 0; j < partNumbers && i < count; j++) {
        value += least + bitsAt(page, reader.offset, j * width, width);
        lengths[i++] = requireLength(value);
      }
      reader.offset += (partNumbers * width) / 8;
    }
  }
  if (reader.offset > page.length) throw new Error('lengths do not fit into their page');
  return lengths;
}

function readBlocks(reader: ThriftReader, page: Uint8Array, count: number): Blocks {
  const [numbers, parts, total] = [reader.varint(), reader.varint(), reader.varint()];
  const partNumbers = numbers / parts;
  if (parts < 1 || parts > page.length || partNumbers < 8 || partNumbers % 8 !== 0)
    throw new Error(`blocks of ${numbers} values in ${parts} parts`);
  if (total !== count) throw new Error(`${total} numbers for ${count} values`);
  return { parts, partNumbers };
}

function requireLength(value: number): number {
  if (value >= 0 && value < 2 ** 31) return value;
  throw new Error(`a length of ${value} bytes`);
}

/** At most 32 bits, the lowest first. */
function bitsAt(page: Uint8Array, start: number, bit: number, width: number): number {
  let value = 0;
  for (let done = 0; done < width; ) {
    const at = bit + done;
    const byte = page[start + (at >> 3)] ?? 0;
    const bits = Math.min(8 - (at & 7), width - done);
    value += ((byte >> (at & 7)) & ((1 << bits) - 1)) * 2 ** done;
    done += bits;
  }
  return value;
}
