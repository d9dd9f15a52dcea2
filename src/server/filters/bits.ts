/**
 * A set of slots: a bit for each.
 */
export class Bits {
  readonly words: Uint32Array;

  /** Makes an empty set for slots below `capacity`. */
  constructor(capacity: number) {
    this.words = new Uint32Array(Math.ceil(capacity / 32));
  }

  add(slot: number): void {
    this.words[slot >>> 5]! |= 1 << (slot & 31);
  }

  /** Adds the slots of words that belong from `firstWord` on. */
  addWords(words: Uint32Array, firstWord: number): void {
    const count = Math.min(words.length, this.words.length - firstWord);
    for (let i = 0; i < count; i++) this.words[firstWord + i]! |= words[i]!;
  }

  has(slot: number): boolean {
    return slot >>> 5 < this.words.length && ((this.words[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
  }

  /** Keeps the slots that are in `other`, which has the same capacity. */
  intersect(other: Bits): void {
    for (let i = 0; i < this.words.length; i++) this.words[i]! &= other.words[i]!;
  }

  get count(): number {
    let count = 0;
    for (const word of this.words) for (let rest = word; rest !== 0; rest &= rest - 1) count++;
    return count;
  }

  *[Symbol.iterator](): Generator<number, undefined> {
    for (const [i, word] of this.words.entries()) {
      for (let rest = word; rest !== 0; rest &= rest - 1) yield 32 * i + 31 - Math.clz32(rest & -rest);
    }
  }
}
