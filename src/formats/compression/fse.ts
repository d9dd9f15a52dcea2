/**
 * Finite state entropy as Zstandard has it (RFC 8878, section 4.1): reading a distribution of symbols, making the decoding table
 * of one, and the bits that are read from back to front.
 */

/** By state: the symbol, and how to find the next state. */
export interface FseTable {
  /** 2^accuracy states. */
  readonly accuracy: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly base: Uint16Array;
}

/** Bits of bytes `start` to `end`, from the last to the first; behind them stands a single one and the zeros above it. */
export class BackwardBits {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  /** Bits that are left; below zero, so many zeros were read that are not there. */
  left: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    const last = (end > start && bytes[end - 1]) || 0;
    if (last === 0) throw new Error('a stream of bits in Zstandard has no end');
    this.#bytes = bytes;
    this.#start = start;
    this.left = 8 * (end - start) - Math.clz32(last) + 23;
  }

  /** The next `count` bits, at most 25. Zeros stand before the first one. */
  read(count: number): number {
    this.left -= count;
    return this.peek(count);
  }

  /** What `read` gave last, of as many bits. */
  peek(count: number): number {
    if (count === 0) return 0;
    if (this.left < 0) return this.left + count > 0 ? this.#at(0, this.left + count) << -this.left : 0;
    return this.#at(this.left, count);
  }

  #at(bit: number, count: number): number {
    const byte = this.#start + (bit >> 3);
    const bytes = this.#bytes;
    const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24);
    return (word >>> (bit & 7)) & ((1 << count) - 1);
  }
}

/** Reads the distribution at `at`; gives its table and the place behind it. */
export function readFseTable(
  bytes: Uint8Array,
  at: number,
  maxAccuracy: number,
  maxSymbol: number,
): [table: FseTable, end: number] {
  let bit = 8 * at;
  const read = (count: number) => {
    const byte = bit >> 3;
    const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16);
    const value = (word >> (bit & 7)) & ((1 << count) - 1);
    bit += count;
    return value;
  };
  const accuracy = read(4) + 5;
  if (accuracy > maxAccuracy) throw new Error(`a table of 2^${accuracy} states in Zstandard`);
  const counts: number[] = [];
  for (let left = 1 << accuracy; left > 0; ) {
    const width = 32 - Math.clz32(left + 1);
    let value = read(width);
    const low = (1 << (width - 1)) - 1;
    const short = (1 << width) - 2 - left;
    if ((value & low) < short) {
      bit--;
      value &= low;
    } else if (value > low) value -= short;
    counts.push(value - 1);
    left -= Math.abs(value - 1);
    for (let repeat = value === 1 ? 3 : 0; repeat === 3; ) {
      repeat = read(2);
      for (let i = 0; i < repeat; i++) counts.push(0);
    }
    if (left < 0 || counts.length > maxSymbol + 1 || bit > 8 * bytes.length)
      throw new Error('a distribution in Zstandard does not come out even');
  }
  return [createFseTable(counts, accuracy), (bit + 7) >> 3];
}

/** @param counts by symbol, of 2^accuracy; -1 is one of less than 1 */
export function createFseTable(counts: readonly number[], accuracy: number): FseTable {
  const size = 1 << accuracy;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const base = new Uint16Array(size);
  let high = size;
  for (const [symbol, count] of counts.entries()) if (count === -1) symbols[--high] = symbol;
  let position = 0;
  for (const [symbol, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      symbols[position] = symbol;
      do position = (position + (size >> 1) + (size >> 3) + 3) & (size - 1);
      while (position >= high);
    }
  }
  const next = counts.map((count) => Math.abs(count));
  for (let state = 0; state < size; state++) {
    const number = next[symbols[state]!]!++;
    bits[state] = accuracy - 31 + Math.clz32(number);
    base[state] = (number << bits[state]!) - size;
  }
  return { accuracy, symbols, bits, base };
}

/** A table of one state, which takes no bits. */
export function createConstantTable(symbol: number): FseTable {
  return { accuracy: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), base: new Uint16Array(1) };
}
