/**
 * Which rows may be hits, by their ids: one bit for each row, where threads can read it.
 */
import { invalidConfiguration } from '../base/errors.js';
import { boundPlatform } from '../engine/lanes/platform.js';
import { isThere } from '../memory/deaths.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { Snapshot } from './rows.js';
import type { Segment } from './segment.js';
import type { Steps } from './steps.js';

/** Rows between two steps. Few, since the time of a predicate is not known. */
const STRIDE = 32;

/** Answers of a predicate about the rows of a segment. Searches of different moments share them. */
interface Answers {
  /** A bit for each row: the answer. */
  readonly bits: Uint32Array;
  /** A bit for each row that was asked about. */
  readonly asked: Uint32Array;
  /** Number of the first rows, all of which were asked about if they were there at `version`. */
  count: number;
  version: number;
}

/** The answers that filters keep about a segment. Rows that are copied to another segment take their answers with them. */
const askedAbout = new WeakMap<Segment, Set<WeakRef<KeptAnswers>>>();

/** The answers of one filter about the rows of any number of segments. It lives as long as its filter. */
class KeptAnswers {
  readonly #answers = new WeakMap<Segment, Answers>();
  /** Undefined where the filter is not used again, so that nothing needs to be passed on. */
  readonly #self: WeakRef<KeptAnswers> | undefined;

  constructor(isUsedAgain: boolean) {
    this.#self = isUsedAgain ? new WeakRef<KeptAnswers>(this) : undefined;
  }

  of(segment: Segment): Answers {
    const known = this.#answers.get(segment);
    if (known) return known;
    const { capacity } = segment.layout;
    const answers = { bits: createBits(capacity), asked: createBits(capacity), count: 0, version: 0 };
    this.#answers.set(segment, answers);
    const stores = askedAbout.get(segment) ?? new Set();
    if (this.#self) askedAbout.set(segment, stores.add(this.#self));
    return answers;
  }

  /** Gives the copy of a row the row's answer, if there is one. */
  passOn(segment: Segment, row: number, target: Segment, copy: number): void {
    const from = this.#answers.get(segment);
    if (!from || !hasBit(from.asked, row)) return;
    const to = this.of(target);
    setBit(to.asked, copy);
    if (hasBit(from.bits, row)) setBit(to.bits, copy);
  }
}

/**
 * A filter to be used again: the predicate is asked once about each row, when a search first meets it, and its answer is
 * kept as a bit. It may serve several indexes.
 *
 * @example
 * ```js
 * import { SearchFilter, VectorIndex } from 'simdex';
 *
 * const index = await VectorIndex.build([[1, 0], [0, 1], [3, 4]], { ids: ['a', 'b', 'draft'] });
 * const published = new SearchFilter((id) => id !== 'draft');
 * const { ids } = await index.search([1, 1], 2, { filter: published });
 * console.log(ids); // [ 'a', 'b' ]
 * await index.dispose();
 * ```
 */
export class SearchFilter<Id extends VectorId = VectorId> {
  readonly #predicate: (id: Id) => boolean;
  #answers = new KeptAnswers(true);

  /**
   * @param predicate true for the ids whose rows may be hits, false for others
   * @throws {IndexingError} `InvalidConfiguration` for what is no function.
   */
  constructor(predicate: (id: Id) => boolean) {
    if (typeof predicate !== 'function') throw invalidConfiguration('predicate', 'a function of an id', predicate);
    this.#predicate = predicate;
  }

  /** A filter for one search. @internal */
  static forOnce(predicate: (id: never) => boolean): SearchFilter {
    const filter = new SearchFilter(predicate as (id: VectorId) => boolean);
    filter.#answers = new KeptAnswers(false);
    return filter;
  }

  /**
   * For every segment of a snapshot the rows that are accepted, whether they are there or not. Throws what the predicate throws, and
   * `InvalidConfiguration` for an answer that is no boolean. @internal
   */
  *accepted({ segments, counts, version }: Snapshot): Steps<ArrayBufferLike[]> {
    const accepted: ArrayBufferLike[] = [];
    for (const [i, segment] of segments.entries()) {
      const answers = this.#answers.of(segment);
      const count = counts[i]!;
      // A row that was not there at some version is not there later, but was perhaps before.
      const first = version >= answers.version ? answers.count : 0;
      for (let row = first; row < count; row++) {
        if (!hasBit(answers.asked, row) && isThere(segment.deaths, row, version)) this.#ask(segment, answers, row);
        if (row % STRIDE === STRIDE - 1) yield;
      }
      if (count >= answers.count && version >= answers.version) {
        // A search of an earlier version asks again, for rows that died in between.
        answers.count = count;
        answers.version = version;
      }
      accepted.push(answers.bits.buffer);
    }
    return accepted;
  }

  /** Whether one row that is there is accepted: asked about only now, unless it was before. Throws as `accepted` does. @internal */
  accepts(segment: Segment, row: number): boolean {
    const answers = this.#answers.of(segment);
    if (!hasBit(answers.asked, row)) this.#ask(segment, answers, row);
    return hasBit(answers.bits, row);
  }

  /**
   * For every filter that keeps answers about rows of `segments`: what passes one on to the copy of the row in `target`. @internal
   */
  static passedOn(
    segments: readonly Segment[],
    target: Segment,
  ): ((segment: Segment, row: number, copy: number) => void)[] {
    const stores = new Set(segments.flatMap((segment) => [...(askedAbout.get(segment) ?? [])]));
    return [...stores].flatMap((reference) => {
      const answers = reference.deref();
      return answers
        ? [(segment: Segment, row: number, copy: number) => answers.passOn(segment, row, target, copy)]
        : [];
    });
  }

  #ask(segment: Segment, { bits, asked }: Answers, row: number): void {
    const id = segment.ids.get(row) as Id;
    const answer: unknown = this.#predicate(id);
    if (typeof answer !== 'boolean') {
      const what = answer instanceof Promise ? 'true or false at once' : 'true or false';
      throw invalidConfiguration(`filter(${JSON.stringify(id)})`, what, answer);
    }
    setBit(asked, row);
    if (answer) setBit(bits, row);
  }
}

function createBits(rows: number): Uint32Array {
  const bytes = 4 * Math.ceil(rows / 32);
  return new Uint32Array(boundPlatform().sharesMemory ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}

function setBit(bits: Uint32Array, row: number): void {
  bits[row >>> 5]! |= 1 << (row & 31);
}

function hasBit(bits: Uint32Array, row: number): boolean {
  return ((bits[row >>> 5]! >>> (row & 31)) & 1) === 1;
}
