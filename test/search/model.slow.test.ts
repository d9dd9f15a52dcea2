/**
 * Any number of callers at a time, against a list of rows: changes take effect in call order, each as a whole, and whoever looks sees the index
 * as it was after one of them, whatever is cleared away, aborted, or dies meanwhile.
 */
import fc from 'fast-check';
import { IndexingError, SearchFilter, type SearchHits, VectorIndex } from 'simdex';
import { afterEach, describe, expect, test } from 'vitest';
import { failAtRandom, failNowhere, faultyWorker } from '../indexing/fault.js';
import { runsOf } from '../seed.js';
import { expectBest, rank } from './reference.js';
import { positions, randomRows } from './support.js';

afterEach(failNowhere);

/** Rows by their ids, in the order of the rows. */
type State = ReadonlyMap<number, Float32Array>;

interface Change {
  readonly kind: 'add' | 'upsert' | 'remove';
  readonly ids: readonly number[];
  readonly rows: readonly Float32Array[];
  /** undefined while it is under way; then what it rejected with, or its answer. */
  outcome?: { readonly error?: unknown; readonly answer?: unknown };
}

/** Something seen between two changes: which of them were done, and which were asked for. */
interface Sight {
  readonly done: number;
  readonly asked: number;
  check(state: State): void;
}

const isOdd = (id: number) => id % 2 === 1;

/** What a change does to a list; undefined where it is to be refused. */
function apply(state: State, { kind, ids, rows }: Change): State | undefined {
  const next = new Map(state);
  if (kind === 'add' && ids.some((id) => state.has(id))) return undefined;
  for (const [i, id] of ids.entries()) {
    next.delete(id);
    if (kind !== 'remove') next.set(id, rows[i]!);
  }
  return next;
}

class Play {
  readonly changes: Change[] = [];
  readonly sights: Sight[] = [];
  readonly calls: Promise<unknown>[] = [];
  readonly filter = new SearchFilter<number>(isOdd);
  readonly index: VectorIndex<number>;
  readonly first: State;
  readonly dims: number;
  readonly hasGraph: boolean;

  constructor(index: VectorIndex<number>, first: State, dims: number, hasGraph: boolean) {
    this.index = index;
    this.hasGraph = hasGraph;
    this.first = first;
    this.dims = dims;
  }

  change(kind: Change['kind'], ids: readonly number[], seed: number): void {
    const rows = kind === 'remove' ? [] : randomRows(ids.length, this.dims, seed);
    const change: Change = { kind, ids, rows };
    this.changes.push(change);
    const call = kind === 'remove' ? this.index.remove(ids) : this.index[kind](rows, { ids });
    this.calls.push(
      call.then(
        (answer) => {
          change.outcome = { answer };
        },
        (error) => {
          change.outcome = { error };
        },
      ),
    );
  }

  /** `check` is called with the states that may have been seen, until one is right. */
  see(check: (state: State) => void): void {
    this.sights.push({ ...this.moment(), check });
  }

  search(queryCount: number, k: number, filtered: boolean, seed: number): void {
    const queries = randomRows(queryCount, this.dims, seed);
    const moment = this.moment();
    const options = { exact: true, ...(filtered && { filter: this.filter }) };
    if (this.hasGraph) this.searchThroughGraph(queryCount, k, filtered, seed);
    const check = (hits: SearchHits<number>, query: Float32Array) => (state: State) => {
      const ids = [...state.keys()].filter((id) => !filtered || isOdd(id));
      const rows = ids.map((id) => state.get(id)!);
      expectBest(hits, rank(rows, ids, query, 'euclidean'), k);
    };
    const call =
      queryCount === 1
        ? this.index.search(queries[0]!, k, options).then((hits) => [hits])
        : this.index.searchBatch(queries, k, options);
    this.calls.push(
      call.then((all) => {
        expect(all.length).toBe(queryCount);
        for (const i of new Set([0, queryCount - 1]))
          this.sights.push({ ...moment, check: check(all[i]!, queries[i]!) });
      }, onlyPanic),
    );
  }

  /** Perhaps not the best rows, but as many, which are there, each once and with its score. */
  searchThroughGraph(queryCount: number, k: number, filtered: boolean, seed: number): void {
    const queries = randomRows(queryCount, this.dims, seed);
    const moment = this.moment();
    const check = (hits: SearchHits<number>, query: Float32Array) => (state: State) => {
      const ids = [...state.keys()].filter((id) => !filtered || isOdd(id));
      expect(hits.length).toBe(Math.min(k, ids.length));
      expect(new Set(hits.ids).size).toBe(hits.length);
      const found = new Set(hits.ids);
      const ranking = rank(
        [...found].map((id) => state.get(id) ?? new Float32Array(this.dims).fill(Number.NaN)),
        [...found],
        query,
        'euclidean',
      );
      expectBest(hits, ranking, k);
    };
    const options = { effort: 40 + k, ...(filtered && { filter: this.filter }) };
    const calls = queries.map((query) => this.index.search(query, k, options));
    const call = queryCount === 1 ? Promise.all(calls) : this.index.searchBatch(queries, k, options);
    this.calls.push(
      ...calls.map((each) => each.catch(onlyPanic)),
      call.then((all) => {
        for (const i of new Set([0, queryCount - 1]))
          this.sights.push({ ...moment, check: check(all[i]!, queries[i]!) });
      }, onlyPanic),
    );
  }

  abortedSearch(seed: number): void {
    const controller = new AbortController();
    const call = this.index.searchBatch(randomRows(30, this.dims, seed), 3, { signal: controller.signal });
    this.calls.push(
      call.then(
        (hits) => expect(hits.length).toBe(30),
        (reason) => (reason === 'enough' ? undefined : onlyPanic(reason)),
      ),
    );
    controller.abort('enough');
  }

  look(id: number): void {
    const { index } = this;
    const [size, has, ids] = [index.size, index.has(id), [...index.ids()]];
    this.see((state) => {
      expect(size).toBe(state.size);
      expect(has).toBe(state.has(id));
      expect(ids).toEqual([...state.keys()]);
    });
    const moment = this.moment();
    this.calls.push(
      index.get(id).then((kept) => {
        this.sights.push({ ...moment, check: (state) => expect(kept?.vector).toEqual(state.get(id)) });
      }),
    );
  }

  moment(): { done: number; asked: number } {
    const open = this.changes.findIndex(({ outcome }) => outcome === undefined);
    return { done: open === -1 ? this.changes.length : open, asked: this.changes.length };
  }

  /** Waits for everything, and compares. */
  async end(): Promise<void> {
    await Promise.all(this.calls);
    const states = [this.first];
    for (const change of this.changes) {
      const before = states.at(-1)!;
      const after = apply(before, change);
      const { error, answer } = change.outcome!;
      if (error instanceof IndexingError && error.code === 'ThreadPanic') {
        states.push(before);
      } else if (after === undefined) {
        expect(error).toMatchObject({ code: 'InvalidConfiguration' });
        states.push(before);
      } else {
        expect(error).toBeUndefined();
        if (change.kind === 'remove') expect(answer).toBe(before.size - after.size);
        states.push(after);
      }
    }
    for (const { done, asked, check } of this.sights) oneOf(states.slice(done, asked + 1), check);
    const { index } = this;
    expect([...index.ids()]).toEqual([...states.at(-1)!.keys()]);
    expect(index.size).toBe(states.at(-1)!.size);
    if (this.hasGraph) expect(index.graph!.rows + index.graph!.pending).toBe(index.size);
    const loaded = await VectorIndex.load<number>(index.toBytes());
    if (this.hasGraph && index.size > 0) {
      const [query] = randomRows(1, this.dims, 77);
      const found = await loaded.search(query!, 5, { effort: 100 });
      const state = states.at(-1)!;
      expectBest(
        found,
        rank(
          found.ids.map((id) => state.get(id)!),
          found.ids,
          query!,
          'euclidean',
        ),
        5,
      );
      expect(found.length).toBe(Math.min(5, state.size));
    }
    expect([...loaded.ids()]).toEqual([...index.ids()]);
    await loaded.dispose();
  }
}

function oneOf(states: readonly State[], check: (state: State) => void): void {
  const errors: unknown[] = [];
  for (const state of states) {
    try {
      check(state);
      return;
    } catch (error) {
      errors.push(error);
    }
  }
  throw errors[0];
}

function onlyPanic(error: unknown): void {
  if (!(error instanceof IndexingError) || error.code !== 'ThreadPanic') throw error;
}

const step = fc.record({
  kind: fc.constantFrom(
    'add',
    'upsert',
    'remove',
    'remove most',
    'search',
    'batch',
    'filtered',
    'aborted',
    'look',
    'wait',
    'turn',
  ),
  count: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 400, max: 1200 })),
  from: fc.integer({ min: 0, max: 3000 }),
  seed: fc.integer(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(play: Play, { kind, count, from, seed }: Step): Promise<void> {
  // Every third id, so that changes meet and runs of ids have holes.
  const ids = positions(count).map((i) => from + 3 * i);
  switch (kind) {
    case 'add':
    case 'upsert':
      return play.change(kind, ids, seed);
    case 'remove':
      return play.change(kind, ids, seed);
    case 'remove most':
      return play.change(
        'remove',
        [...play.index.ids()].filter((id) => (id + from) % 5 !== 0),
        seed,
      );
    case 'search':
      return play.search(1, (count % 40) + 1, false, seed);
    case 'batch':
      return play.search(20, (count % 9) + 1, false, seed);
    case 'filtered':
      return play.search(1 + 19 * (count % 2), 5, true, seed);
    case 'aborted':
      return play.abortedSearch(seed);
    case 'look':
      return play.look(from);
    case 'wait':
      await play.calls.at(-1);
      return;
    case 'turn':
      await new Promise((resolve) => setImmediate(resolve));
  }
}

const ALL = [
  ['int8', 65, false],
  ['a graph', 65, true],
  ['float32', 8, false],
  ['a graph', 8, true],
] as const;

describe.each(ALL)('by %s, rows of %i components', (_, dims, hasGraph) => {
  test.each([
    ['none dies', 0],
    ['threads die', 60],
  ])('an index is what a list is, %s', async (_, perMille) => {
    const plays = fc.tuple(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 0, max: 1500 }),
      fc.nat(),
    );
    await fc.assert(
      fc.asyncProperty(plays, async ([steps, size, seed]) => {
        const rows = randomRows(size, dims, seed);
        const options = {
          metric: 'euclidean',
          dims,
          ...(hasGraph && { graph: { degree: 8, effort: 24 } }),
          threadCount: 2,
          ...(perMille > 0 && { worker: faultyWorker }),
        } as const;
        // A segment takes some hundred rows.
        const index = await VectorIndex.buildInSegments<number>(rows, options, 2 ** 22);
        const play = new Play(index, new Map(rows.map((row, id) => [id, row])), dims, hasGraph);
        try {
          if (perMille > 0) failAtRandom('process.exit', perMille, seed, 4);
          for (const each of steps) await take(play, each);
          await play.end();
        } finally {
          failNowhere();
          await index.dispose();
        }
      }),
      runsOf((hasGraph ? 60 : 120) / (perMille > 0 ? 2 : 1)),
    );
  });
});
