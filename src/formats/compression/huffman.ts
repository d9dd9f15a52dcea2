/**
 * The Huffman codes of literals in Zstandard (RFC 8878, section 4.2).
 */
import { BackwardBits, readFseTable } from './fse.js';

/** By the next `maxBits` bits: what they begin with. */
export interface HuffmanTable {
  readonly maxBits: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

const MAX_BITS = 11;
const MAX_WEIGHTS = 255;
const MAX_WEIGHT_ACCURACY = 6;

/** Reads the description at `at`; gives the table and the place behind it. */
export function readHuffmanTable(bytes: Uint8Array, at: number): [table: HuffmanTable, end: number] {
  const head = bytes[at]!;
  const start = at + 1;
  if (head >= 128) {
    const weights = Array.from({ length: head - 127 }, (_, i) => {
      const pair = bytes[start + (i >> 1)]!;
      return i % 2 === 0 ? pair >> 4 : pair & 15;
    });
    return [createHuffmanTable(weights), start + ((head - 126) >> 1)];
  }
  const end = start + head;
  return [createHuffmanTable(readWeights(bytes, start, end)), end];
}

/** Two states take turns, until the bits are used up. */
function readWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const [table, at] = readFseTable(bytes, start, MAX_WEIGHT_ACCURACY, MAX_BITS + 1);
  const stream = new BackwardBits(bytes, at, end);
  const weights: number[] = [];
  let state = stream.read(table.accuracy);
  let other = stream.read(table.accuracy);
  while (stream.left >= 0) {
    if (weights.length > MAX_WEIGHTS - 2) throw new Error('too many weights in Zstandard');
    weights.push(table.symbols[state]!);
    const next = table.base[state]! + stream.read(table.bits[state]!);
    state = other;
    other = next;
  }
  weights.push(table.symbols[state]!);
  return weights;
}

/** @param weights by symbol, but for the last one, which is what is missing */
function createHuffmanTable(weights: number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight && 1 << (weight - 1)), 0);
  const maxBits = 32 - Math.clz32(sum);
  const rest = (1 << maxBits) - sum;
  if (sum === 0 || maxBits > MAX_BITS || (rest & (rest - 1)) !== 0 || weights.length > MAX_WEIGHTS)
    throw new Error('the weights of literals in Zstandard do not come out even');
  weights.push(32 - Math.clz32(rest));
  const symbols = new Uint8Array(1 << maxBits);
  const bits = new Uint8Array(1 << maxBits);
  let position = 0;
  for (let weight = 1; weight <= maxBits; weight++) {
    for (const [symbol, each] of weights.entries()) {
      if (each !== weight) continue;
      const end = position + (1 << (weight - 1));
      symbols.fill(symbol, position, end);
      bits.fill(maxBits + 1 - weight, position, end);
      position = end;
    }
  }
  return { maxBits, symbols, bits };
}

/** Fills all of `target` from the stream at bytes `start` to `end`, which must be used up exactly. */
export function decodeHuffman(
  { maxBits, symbols, bits }: HuffmanTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): void {
  const stream = new BackwardBits(bytes, start, end);
  for (let i = 0; i < target.length; i++) {
    const code = stream.read(maxBits);
    target[i] = symbols[code]!;
    stream.left += maxBits - bits[code]!;
    if (stream.left < 0) break;
  }
  if (stream.left !== 0) throw new Error('literals in Zstandard do not end with their bits');
}
