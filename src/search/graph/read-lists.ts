/**
 * Reads the lists of a saved graph straight to where they belong, and looks at every word of them. Nobody walks through lists before that.
 */
import type { ByteSource } from '../../formats/format.js';
import type { Tensor } from '../../formats/safetensors-header.js';
import { checkOf, checkWith, type SavedPartPlaces } from '../../formats/saved-graph.js';
import { rowBelow } from '../../kernel/graph/graph-layout.js';
import type { GraphPart } from './graph-part.js';

/** The graph of a file cannot be used. */
export class DamagedGraph extends Error {}

/** Words that are read while those before them are looked at; what was read is then still in the cache. */
const PIECE_WORDS = 2 ** 17;

/** Lists of whole rows. */
interface ListPiece {
  readonly level: number;
  readonly firstRow: number;
  readonly words: Uint32Array;
  readonly isLast: boolean;
}

/** Reads the lists of all graphs of a part to their places, in the order of the file. */
export async function* readLists(
  { layout, memory }: GraphPart,
  { lists, rows }: SavedPartPlaces,
  reader: CheckedReader,
): AsyncGenerator<ListPiece, undefined> {
  for (const [level, { lists: at, degree }] of layout.levels.entries()) {
    const width = degree + 1;
    const count = rows[level]!;
    const stride = Math.ceil(PIECE_WORDS / width);
    for (let firstRow = 0; firstRow < count; firstRow += stride) {
      const last = Math.min(count, firstRow + stride);
      const words = new Uint32Array(memory.buffer, at + 4 * width * firstRow, width * (last - firstRow));
      await reader.readInto(words, lists[level]!.byteOffset + 4 * width * firstRow);
      yield { level, firstRow, words, isLast: last === count };
    }
  }
}

/** For each row of the graph above, 1 where the row that it stands for is there. */
export function rowsAbove(isThere: Uint8Array): Uint8Array<ArrayBuffer> {
  const above = new Uint8Array(Math.ceil(isThere.length / 16));
  for (let row = 0; row < above.length; row++) above[row] = isThere[rowBelow(row)] ?? 0;
  return above;
}

/** Looks at the lists of one graph. */
export class ListCheck {
  readonly #width: number;
  readonly #isThere: Uint8Array;
  readonly #areAllThere: boolean;

  constructor(degree: number, isThere: Uint8Array) {
    this.#width = degree + 1;
    this.#isThere = isThere;
    this.#areAllThere = !isThere.includes(0);
  }

  /**
   * Throws where these are no lists of rows that are there. Gives the checksum of `checkOf`, which is computed in the same pass over the memory.
   */
  take(words: Uint32Array, firstRow: number, before: number): number {
    const [width, isThere, areAllThere] = [this.#width, this.#isThere, this.#areAllThere];
    const count = isThere.length;
    let check = before;
    for (let at = 0, row = firstRow; at < words.length; at += width, row++) {
      const length = words[at]!;
      if (length >= width || (length > 0 && isThere[row] === 0)) {
        throw new DamagedGraph(`row ${row} has ${length} neighbours`);
      }
      check = checkWith(check, length);
      let i = at + 1;
      for (const end = i + length; i < end; i++) {
        const other = words[i]!;
        if (other >= count || other === row || !(areAllThere || isThere[other] === 1)) {
          throw new DamagedGraph(`row ${row} has the neighbour ${other}`);
        }
        check = checkWith(check, other);
      }
      // The rest of a list counts for the checksum only.
      for (const end = at + width; i < end; i++) check = checkWith(check, words[i]!);
    }
    return check >>> 0;
  }
}

/** Reads tensors of words. The checksum is that of what was read in the order of the file. */
export class CheckedReader {
  /** Checksum of all that was read. */
  check = checkOf(new Uint32Array());
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  async read(tensor: Tensor): Promise<Uint32Array<ArrayBuffer>> {
    const words = await this.readEarly(tensor);
    this.take(words);
    return words;
  }

  /** Reads a tensor before its turn; `take` is to be called for it then. */
  async readEarly({ byteOffset, byteLength }: Tensor): Promise<Uint32Array<ArrayBuffer>> {
    const words = new Uint32Array(byteLength / 4);
    await this.readInto(words, byteOffset);
    return words;
  }

  /** Reads words from a byte of the file on; they do not count for the checksum. */
  readInto({ buffer, byteOffset, byteLength }: Uint32Array, from: number): Promise<void> {
    return this.#source.readInto(new Uint8Array(buffer, byteOffset, byteLength), from);
  }

  take(words: Uint32Array): void {
    this.check = checkOf(words, this.check);
  }
}
