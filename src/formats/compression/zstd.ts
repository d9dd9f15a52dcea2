/**
 * Zstandard (RFC 8878), decoded into memory of the length that is expected: whatever the bytes say, time and memory are those of
 * that length and of the bytes. That is why this is here: the packages that decode it in JavaScript let a block of 128 KiB unfold
 * for billions of steps, and Node has a decoder from 22.15 on only. Checksums are not compared, and dictionaries from elsewhere
 * are refused.
 */
import { copyMatch } from './copy-match.js';
import { BackwardBits, createConstantTable, createFseTable, type FseTable, readFseTable } from './fse.js';
import { decodeHuffman, type HuffmanTable, readHuffmanTable } from './huffman.js';

const MAGIC = 0xfd2fb528;
/** Magic number of frames that are skipped; its last four bits may be any. */
const SKIPPABLE = 0x184d2a50;
const MAX_BLOCK_BYTES = 2 ** 17;

/** Types of blocks and of their literals. */
const RAW = 0;
const RLE = 1;
const COMPRESSED = 2;

/** What one of the three numbers of a sequence is coded by. */
interface Code {
  readonly base: readonly number[];
  readonly bits: readonly number[];
  readonly maxAccuracy: number;
  readonly predefined: FseTable;
}

const literalLengths = code(
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  0,
  9,
  createFseTable(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
);
const matchLengths = code(
  [...new Array<number>(32).fill(0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  3,
  9,
  createFseTable([1, 4, 3, 2, 2, 2, 2, 2, 2, ...new Array<number>(37).fill(1), ...new Array<number>(7).fill(-1)], 6),
);
/** A code of n is 2^n and n bits. */
const offsets: Code = {
  base: Array.from({ length: 32 }, (_, bits) => 2 ** bits),
  bits: Array.from({ length: 32 }, (_, bits) => bits),
  maxAccuracy: 8,
  predefined: createFseTable(
    [1, 1, 1, 1, 1, 1, 2, 2, 2, ...new Array<number>(15).fill(1), ...new Array<number>(5).fill(-1)],
    5,
  ),
};

/** The tables that a block leaves to the next one of its frame. */
interface Tables {
  huffman: HuffmanTable | undefined;
  literal: FseTable | undefined;
  offset: FseTable | undefined;
  match: FseTable | undefined;
  /** The offsets used last. */
  recent: [number, number, number];
}

/** The `length` bytes that `bytes` are the compressed form of. Throws an `Error` for anything else. */
export function decompressZstd(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const literals = new Uint8Array(Math.min(MAX_BLOCK_BYTES, length));
  let filled = 0;
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) throw new Error('a Zstandard frame ends too early');
    const magic = view.getUint32(at, true);
    if ((magic & ~15) >>> 0 === SKIPPABLE) at += 8 + view.getUint32(at + 4, true);
    else if (magic === MAGIC) [at, filled] = decodeFrame(bytes, at + 4, literals, target, filled);
    else throw new Error('other bytes where a Zstandard frame begins');
  }
  if (filled !== length) throw new Error(`${filled} bytes of Zstandard where ${length} were expected`);
  return target;
}

/** Gives the place behind the frame, and how much of the target is filled. */
function decodeFrame(
  bytes: Uint8Array,
  start: number,
  literalMemory: Uint8Array,
  target: Uint8Array,
  first: number,
): [number, number] {
  const head = bytes[start]!;
  if (head & 8) throw new Error('a Zstandard frame of a later version');
  const isSingle = (head >> 5) & 1;
  const idBytes = [0, 1, 2, 4][head & 3]!;
  const sizeBytes = [isSingle, 2, 4, 8][head >> 6]!;
  let at = start + 1 + (1 - isSingle);
  if (bytes.subarray(at, at + idBytes).some((byte) => byte !== 0))
    throw new Error('a Zstandard frame that needs a dictionary');
  at += idBytes + sizeBytes;
  const tables: Tables = {
    huffman: undefined,
    literal: undefined,
    offset: undefined,
    match: undefined,
    recent: [1, 4, 8],
  };
  let filled = first;
  for (let isLast = false; !isLast; ) {
    if (at + 3 > bytes.length) throw new Error('a Zstandard frame ends too early');
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    at += 3;
    const end = at + (type === RLE ? 1 : size);
    if (end > bytes.length || size > MAX_BLOCK_BYTES) throw new Error('a Zstandard block does not fit');
    if (type === COMPRESSED) {
      filled = decodeBlock(bytes.subarray(at, end), tables, literalMemory, target, first, filled);
    } else {
      if (type > COMPRESSED) throw new Error('a Zstandard block of an unknown type');
      if (size > target.length - filled) throw new Error('more bytes of Zstandard than expected');
      if (type === RLE) target.fill(bytes[at]!, filled, filled + size);
      else target.set(bytes.subarray(at, end), filled);
      filled += size;
    }
    at = end;
  }
  return [at + ((head >> 2) & 1) * 4, filled];
}

/** Appends what a block holds to the `filled` bytes; of those, the frame's own begin at `first`. */
function decodeBlock(
  block: Uint8Array,
  tables: Tables,
  literalMemory: Uint8Array,
  target: Uint8Array,
  first: number,
  filled: number,
): number {
  const [literals, sequencesAt] = decodeLiterals(block, tables, literalMemory);
  let at = sequencesAt;
  let count = block[at++] ?? 0;
  if (count === 255) {
    count = block[at]! + (block[at + 1]! << 8) + 0x7f00;
    at += 2;
  } else if (count > 127) count = ((count - 128) << 8) + block[at++]!;
  if (count === 0) return append(literals, target, filled);

  const modes = block[at++]!;
  [tables.literal, at] = readTable(block, at, modes >> 6, literalLengths, tables.literal);
  [tables.offset, at] = readTable(block, at, (modes >> 4) & 3, offsets, tables.offset);
  [tables.match, at] = readTable(block, at, (modes >> 2) & 3, matchLengths, tables.match);
  const { literal, offset, match, recent } = tables;
  const stream = new BackwardBits(block, at, block.length);
  let literalState = stream.read(literal.accuracy);
  let offsetState = stream.read(offset.accuracy);
  let matchState = stream.read(match.accuracy);
  let used = 0;
  let position = filled;
  for (let left = count; left > 0; left--) {
    const offsetCode = offset.symbols[offsetState]!;
    const matchCode = match.symbols[matchState]!;
    const literalCode = literal.symbols[literalState]!;
    const value = offsets.base[offsetCode]! + readLong(stream, offsetCode);
    const matchBytes = matchLengths.base[matchCode]! + stream.read(matchLengths.bits[matchCode]!);
    const literalBytes = literalLengths.base[literalCode]! + stream.read(literalLengths.bits[literalCode]!);
    if (left > 1) {
      literalState = literal.base[literalState]! + stream.read(literal.bits[literalState]!);
      matchState = match.base[matchState]! + stream.read(match.bits[matchState]!);
      offsetState = offset.base[offsetState]! + stream.read(offset.bits[offsetState]!);
    }
    if (used + literalBytes > literals.length || stream.left < 0)
      throw new Error('sequences in Zstandard end too early');
    position = append(literals.subarray(used, used + literalBytes), target, position);
    used += literalBytes;
    const distance = distanceOf(value, literalBytes, recent);
    if (distance < 1 || distance > position - first || matchBytes > target.length - position)
      throw new Error('a match in Zstandard lies outside of the data');
    copyMatch(target, position, distance, matchBytes);
    position += matchBytes;
  }
  if (stream.left !== 0) throw new Error('sequences in Zstandard do not end with their bits');
  return append(literals.subarray(used), target, position);
}

/** The literals of a block, and the place behind them. */
function decodeLiterals(block: Uint8Array, tables: Tables, memory: Uint8Array): [Uint8Array, number] {
  const head = block[0] ?? 0;
  const type = head & 3;
  const format = (head >> 2) & 3;
  const byte = (i: number) => block[i] ?? 0;
  if (type === RAW || type === RLE) {
    const headBytes = [1, 2, 1, 3][format]!;
    const size = headBytes === 1 ? head >> 3 : (head >> 4) | (byte(1) << 4) | (headBytes === 3 ? byte(2) << 12 : 0);
    const end = headBytes + (type === RLE ? 1 : size);
    if (size > memory.length || end > block.length) throw new Error('literals in Zstandard do not fit');
    return [type === RLE ? memory.subarray(0, size).fill(byte(headBytes)) : block.subarray(headBytes, end), end];
  }
  const headBytes = [3, 3, 4, 5][format]!;
  const sizeBits = [10, 10, 14, 18][format]!;
  const word = Array.from({ length: headBytes }, (_, i) => byte(i)).reduceRight((sum, each) => 256 * sum + each, 0);
  const size = Math.floor(word / 16) % 2 ** sizeBits;
  const end = headBytes + Math.floor(word / 2 ** (4 + sizeBits));
  if (size > memory.length || end > block.length) throw new Error('literals in Zstandard do not fit');
  let at = headBytes;
  if (type === COMPRESSED) [tables.huffman, at] = readHuffmanTable(block.subarray(0, end), at);
  const { huffman } = tables;
  if (!huffman) throw new Error('literals in Zstandard of a table that is not there');
  const literals = memory.subarray(0, size);
  if (format === 0) decodeHuffman(huffman, block, at, end, literals);
  else {
    const quarter = (size + 3) >> 2;
    let from = at + 6;
    for (let stream = 0; stream < 4; stream++) {
      const to = stream === 3 ? end : from + (byte(at + 2 * stream) | (byte(at + 2 * stream + 1) << 8));
      if (to > end) throw new Error('literals in Zstandard do not fit');
      const part = literals.subarray(stream * quarter, stream === 3 ? size : (stream + 1) * quarter);
      decodeHuffman(huffman, block, from, to, part);
      from = to;
    }
  }
  return [literals, end];
}

/** The table of a mode (RFC 8878, section 3.1.1.3.2.1), and the place behind it. */
function readTable(
  block: Uint8Array,
  at: number,
  mode: number,
  { base, maxAccuracy, predefined }: Code,
  previous: FseTable | undefined,
): [FseTable, number] {
  const maxSymbol = base.length - 1;
  if (mode === 0) return [predefined, at];
  if (mode === 1) {
    if (!(block[at]! <= maxSymbol)) throw new Error('a code in Zstandard that there is not');
    return [createConstantTable(block[at]!), at + 1];
  }
  if (mode === 2) return readFseTable(block, at, maxAccuracy, maxSymbol);
  if (!previous) throw new Error('a table in Zstandard that is to be used again, and is not there');
  return [previous, at];
}

/** More bits than can be read at once. */
function readLong(stream: BackwardBits, count: number): number {
  if (count <= 16) return stream.read(count);
  const high = stream.read(count - 16);
  return 2 ** 16 * high + stream.read(16);
}

/** The distance back to a match; small values name one of those used last, which it becomes the first of. */
function distanceOf(value: number, literalBytes: number, recent: [number, number, number]): number {
  if (value > 3) {
    recent[2] = recent[1];
    recent[1] = recent[0];
    recent[0] = value - 3;
    return value - 3;
  }
  const index = literalBytes === 0 ? value : value - 1;
  const distance = index === 3 ? recent[0] - 1 : recent[index]!;
  if (index > 1) recent[2] = recent[1];
  if (index > 0) recent[1] = recent[0];
  recent[0] = distance;
  return distance;
}

function append(bytes: Uint8Array, target: Uint8Array, position: number): number {
  if (bytes.length > target.length - position) throw new Error('more bytes of Zstandard than expected');
  // Most are a few bytes.
  if (bytes.length > 32) target.set(bytes, position);
  else for (let i = 0; i < bytes.length; i++) target[position + i] = bytes[i]!;
  return position + bytes.length;
}

function code(bits: readonly number[], first: number, maxAccuracy: number, predefined: FseTable): Code {
  let next = first;
  const base = bits.map((count) => {
    const value = next;
    next += 2 ** count;
    return value;
  });
  return { base, bits, maxAccuracy, predefined };
}
