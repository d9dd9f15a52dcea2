/**
 * An index that is kept busy at random, and the list of rows that it has to be the same as: after every change one state. A search
 * may see the states between the last change that was answered and the last one asked for, when it was called.
 */
import { type Engine, type SearchHits, VectorIndex } from 'simdex';
import { expectBest, rank } from '../search/reference.js';
import { positions, randomRows } from '../search/support.js';

/** Rows by their ids, in the order of the rows. */
type State = ReadonlyMap<number, Float32Array>;

const STOPPED = 'stop';

export interface BusyIndexOptions {
  readonly engine: Engine;
  readonly dims: number;
  readonly count: number;
  /** Rows of the largest change. */
  readonly mostAtOnce: number;
}

export class BusyIndex {
  readonly #index: VectorIndex<number>;
  readonly #options: BusyIndexOptions;
  readonly #below: (bound: number) => number;
  readonly #states: State[];
  /** Changes that were answered. */
  #done = 0;
  #disposed = false;

  static async build(options: BusyIndexOptions, below: (bound: number) => number): Promise<BusyIndex> {
    const { engine, dims, count } = options;
    const rows = randomRows(count, dims, below(2 ** 31));
    const index = await VectorIndex.build<number>(rows, { engine, metric: 'euclidean', dims });
    return new BusyIndex(index, options, below, new Map(rows.map((row, id) => [id, row])));
  }

  private constructor(
    index: VectorIndex<number>,
    options: BusyIndexOptions,
    below: (bound: number) => number,
    first: State,
  ) {
    this.#index = index;
    this.#options = options;
    this.#below = below;
    this.#states = [first];
  }

  /** One call; gives what was wrong with its end. */
  async call(): Promise<string[]> {
    try {
      return await this.#call();
    } catch (error) {
      if (this.#disposed && String(error).includes('the index was disposed')) return [];
      return [String(error)];
    }
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    return this.#index.dispose();
  }

  /** What is wrong with the rows when nothing is under way. */
  differences(): string[] {
    const [ids, expected] = [[...this.#index.ids()], [...this.#last.keys()]];
    return String(ids) === String(expected) ? [] : [`its ids are ${ids}, not ${expected}`];
  }

  get #last(): State {
    return this.#states.at(-1)!;
  }

  #call(): Promise<string[]> {
    const ids = this.#someIds();
    switch (this.#below(6)) {
      case 0:
        return this.#upsert(ids);
      case 1:
        return this.#addTwice(ids);
      case 2:
        return this.#remove(ids);
      case 3:
        return this.#get(ids[0]!);
      case 4:
        return this.#search(1);
      default:
        return this.#search(1 + this.#below(8));
    }
  }

  /** Every other one is there, more or less. */
  #someIds(): number[] {
    const { count, mostAtOnce } = this.#options;
    const first = this.#below(2 * count);
    return positions(1 + this.#below(this.#below(8) === 0 ? mostAtOnce : 4)).map((i) => first + i);
  }

  async #upsert(ids: readonly number[]): Promise<string[]> {
    const rows = randomRows(ids.length, this.#options.dims, this.#below(2 ** 31));
    const next = new Map(this.#last);
    for (const [i, id] of ids.entries()) {
      next.delete(id);
      next.set(id, rows[i]!);
    }
    await this.#change(next, this.#index.upsert(rows, { ids }));
    return [];
  }

  /** Is refused where one of the ids is there, and then nothing changes. */
  async #addTwice(ids: readonly number[]): Promise<string[]> {
    const rows = randomRows(ids.length, this.#options.dims, this.#below(2 ** 31));
    const isNew = ids.every((id) => !this.#last.has(id));
    const next = isNew ? new Map([...this.#last, ...ids.map((id, i) => [id, rows[i]!] as const)]) : this.#last;
    const code = await this.#change(
      next,
      this.#index.add(rows, { ids }).then(
        () => undefined,
        (error) => (error.code === 'InvalidConfiguration' ? error.code : Promise.reject(error)),
      ),
    );
    return (code === undefined) === isNew ? [] : [`an add of ${isNew ? 'new' : 'known'} ids: ${code}`];
  }

  async #remove(ids: readonly number[]): Promise<string[]> {
    const next = new Map(this.#last);
    const known = ids.filter((id) => next.delete(id)).length;
    const removed = await this.#change(next, this.#index.remove(ids));
    return removed === known ? [] : [`removed ${removed} of ${known} rows`];
  }

  async #get(id: number): Promise<string[]> {
    const seen = this.#seenNow();
    const kept = await this.#index.get(id);
    const isRight = seen.some((state) => String(kept?.vector) === String(state.get(id)));
    return isRight ? [] : [`the row ${id} is not the one that was put in`];
  }

  async #search(count: number): Promise<string[]> {
    const queries = randomRows(count, this.#options.dims, this.#below(2 ** 31));
    const k = 1 + this.#below(6);
    const controller = new AbortController();
    const seen = this.#seenNow();
    const searching = this.#index.searchBatch(queries, k, { signal: controller.signal });
    if (this.#below(5) === 0) controller.abort(STOPPED);
    try {
      const hits = await searching;
      return [...new Set([0, count - 1])].flatMap((i) => faultOf(hits[i]!, seen, queries[i]!, k));
    } catch (error) {
      if (error === STOPPED) return [];
      throw error;
    }
  }

  #seenNow(): State[] {
    return this.#states.slice(this.#done);
  }

  async #change<T>(next: State, change: Promise<T>): Promise<T> {
    this.#states.push(next);
    const answer = await change;
    this.#done++;
    return answer;
  }
}

/** Nothing where the hits are the best of one of the states. */
function faultOf(hits: SearchHits<number>, states: readonly State[], query: Float32Array, k: number): string[] {
  let fault = '';
  for (const state of states) {
    try {
      const ids = [...state.keys()];
      expectBest(hits, rank([...state.values()], ids, query, 'euclidean'), k);
      return [];
    } catch (error) {
      fault ||= String(error);
    }
  }
  return [fault];
}
