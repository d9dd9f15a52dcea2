/**
 * Which block of the store has which rows, and which of them are dead: in memory, a few words for each block.
 */
import { numberOfRow, type RowNames } from '../store/block.js';

interface BlockRows {
  readonly first: number;
  /** Numbers of the rows, where they do not simply follow each other. */
  readonly numbers: Float64Array | undefined;
  readonly count: number;
  readonly bytes: number;
  dead: Uint8Array | undefined;
  deadCount: number;
}

export class RowMap {
  /** Blocks in the order of their first rows. */
  readonly #blocks: BlockRows[] = [];

  get blocks(): readonly Readonly<BlockRows>[] {
    return this.#blocks;
  }

  /** Adds a block behind all others. */
  append(names: RowNames, bytes: number, dead?: Uint8Array): void {
    this.#blocks.push(createBlockRows(names, bytes, dead));
  }

  /** What the store is to keep of blocks in which these rows die: nothing changes here. */
  deathsOf(numbers: Iterable<number>): Map<number, Uint8Array> {
    const changed = new Map<number, Uint8Array>();
    for (const number of numbers) {
      const block = this.#blockOf(number);
      let bits = changed.get(block.first);
      if (!bits) {
        bits = block.dead?.slice() ?? new Uint8Array(Math.ceil(block.count / 8));
        changed.set(block.first, bits);
      }
      const row = rowIn(block, number);
      bits[row >>> 3]! |= 1 << (row & 7);
    }
    return changed;
  }

  /** The dead rows of a block, as the store has them. */
  deadOf(first: number): Uint8Array {
    const { dead, count } = this.#blockOf(first);
    return dead ?? new Uint8Array(Math.ceil(count / 8));
  }

  setDead(first: number, bits: Uint8Array): void {
    const block = this.#blockOf(first);
    block.dead = bits;
    block.deadCount = countBits(bits);
  }

  /** Puts one block, or none, in the place of some that follow each other. */
  replace(at: number, count: number, names: RowNames, bytes: number): void {
    const blocks = names.count > 0 ? [createBlockRows(names, bytes, undefined)] : [];
    this.#blocks.splice(at, count, ...blocks);
  }

  #blockOf(number: number): BlockRows {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks[middle]!.first <= number) low = middle + 1;
      else high = middle;
    }
    return this.#blocks[low - 1]!;
  }
}

export function isDead(bits: Uint8Array | undefined, row: number): boolean {
  return bits !== undefined && ((bits[row >>> 3]! >>> (row & 7)) & 1) === 1;
}

function createBlockRows(names: RowNames, bytes: number, dead: Uint8Array | undefined): BlockRows {
  const { count, numbers } = names;
  const first = numberOfRow(names, 0);
  const follow = numberOfRow(names, count - 1) - first === count - 1;
  return {
    first,
    numbers: follow || 'first' in numbers ? undefined : numbers.slice(),
    count,
    bytes,
    dead: dead?.slice(),
    deadCount: dead ? countBits(dead) : 0,
  };
}

function rowIn({ first, numbers, count }: BlockRows, number: number): number {
  if (!numbers) return number - first;
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countBits(bits: Uint8Array): number {
  let count = 0;
  for (const byte of bits) for (let rest = byte; rest > 0; rest &= rest - 1) count++;
  return count;
}
