/**
 * LZ4, as a block alone (Parquet's LZ4_RAW) and as a frame (Arrow), decoded into memory of the length that is expected. Formats
 * are those of lz4_Block_format.md and lz4_Frame_format.md; checksums are not compared.
 */
import { copyMatch } from './copy-match.js';

const FRAME_MAGIC = 0x184d2204;
/** The least length of a match. */
const MIN_MATCH = 4;

/** The `length` bytes that a block is the compressed form of. Throws an `Error` for anything else. */
export function decompressLz4Block(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(length);
  requireLength(decodeBlock(bytes, target, 0), length);
  return target;
}

/** The `length` bytes that one frame is the compressed form of. Throws an `Error` for anything else. */
export function decompressLz4Frame(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = bytes[4] ?? 0;
  if (bytes.length < 11 || view.getUint32(0, true) !== FRAME_MAGIC || flags >> 6 !== 1)
    throw new Error('other bytes where an LZ4 frame begins');
  const [blockSums, hasSize, hasDictionary] = [(flags >> 4) & 1, (flags >> 3) & 1, flags & 1];
  if (hasDictionary) throw new Error('an LZ4 frame that needs a dictionary');
  let filled = 0;
  // Behind the flags of the blocks and a checksum of the header.
  for (let at = 7 + 8 * hasSize; ; ) {
    if (at + 4 > bytes.length) throw new Error('an LZ4 frame ends too early');
    const size = view.getUint32(at, true);
    at += 4;
    if (size === 0) break;
    const end = at + (size & 0x7fffffff);
    if (end > bytes.length) throw new Error('an LZ4 frame ends too early');
    const block = bytes.subarray(at, end);
    // The highest bit is of a block that is not compressed.
    if (size >>> 31 === 0) filled = decodeBlock(block, target, filled);
    else {
      if (block.length > length - filled) throw new Error('more bytes of LZ4 than expected');
      target.set(block, filled);
      filled += block.length;
    }
    at = end + 4 * blockSums;
  }
  requireLength(filled, length);
  return target;
}

/** Appends a block to the `filled` bytes of the target, which matches may reach back into. */
function decodeBlock(bytes: Uint8Array, target: Uint8Array, filled: number): number {
  let at = 0;
  let position = filled;
  const readLength = (nibble: number) => {
    let length = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; length += byte) {
      if (at >= bytes.length) throw new Error('an LZ4 block ends too early');
      byte = bytes[at++]!;
    }
    return length;
  };
  while (at < bytes.length) {
    const token = bytes[at++]!;
    const literals = readLength(token >> 4);
    if (literals > bytes.length - at || literals > target.length - position)
      throw new Error('literals of LZ4 do not fit');
    if (literals > 32) target.set(bytes.subarray(at, at + literals), position);
    else for (let i = 0; i < literals; i++) target[position + i] = bytes[at + i]!;
    at += literals;
    position += literals;
    // The last sequence has no match.
    if (at === bytes.length) break;
    if (at + 2 > bytes.length) throw new Error('an LZ4 block ends too early');
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    const length = MIN_MATCH + readLength(token & 15);
    if (distance === 0 || distance > position || length > target.length - position)
      throw new Error('a match in LZ4 lies outside of the data');
    copyMatch(target, position, distance, length);
    position += length;
  }
  return position;
}

function requireLength(found: number, expected: number): void {
  if (found !== expected) throw new Error(`${found} bytes of LZ4 where ${expected} were expected`);
}
