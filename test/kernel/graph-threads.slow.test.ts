/**
 * Many threads put rows into one graph at once: lists are sound, every row can be reached, recall is that of one thread. Threads
 * die at any moment: what they held is given back, their rows are put in again, and the rest goes on.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { levelsOf, SCRATCH } from '../../src/kernel/graph/graph-layout.js';
import { writeQuery } from '../../src/kernel/graph/graph-space.js';
import { releaseRows } from '../../src/kernel/graph/graph-upkeep.js';
import { clusteredRows, createGraph, type GraphBench, normalRows, rowsOf, seeded } from './graph-bench.js';

const THREADS = 3;
const DIMS = 64;

const moduleOf = (graph: GraphBench) => {
  if (graph.compiled.backend === 'javascript') throw new Error('threads here need WebAssembly');
  return graph.compiled.module;
};

class Builders {
  readonly graph: GraphBench;
  readonly progress: Int32Array;
  readonly #workers = new Map<number, { worker: Worker; exit: Promise<unknown> }>();

  constructor(graph: GraphBench) {
    this.graph = graph;
    this.progress = new Int32Array(new SharedArrayBuffer(4 * (graph.count + 1)));
  }

  /** The thread has scratch `tag` − 1. */
  start(tag: number, budget = 2 ** 30): void {
    const { graph } = this;
    const worker = new Worker(new URL('./workers/graph-worker.mjs', import.meta.url), {
      workerData: {
        module: moduleOf(graph),
        memory: graph.memory,
        graph: graph.layout.base,
        scratch: graph.scratches[tag - 1]!.base,
        tag,
        effort: graph.effort,
        budget,
        progress: this.progress.buffer,
        count: graph.count,
      },
    });
    this.#workers.set(tag, { worker, exit: once(worker, 'exit') });
  }

  async kill(tag: number): Promise<void> {
    await this.#workers.get(tag)!.worker.terminate();
    this.#workers.delete(tag);
    for (const layout of levelsOf(this.graph.layout)) releaseRows(this.graph.memory.buffer, layout, tag);
    for (let row = 0; row < this.graph.count; row++) {
      if (Atomics.load(this.progress, 1 + row) === tag) this.putIn(row);
    }
  }

  /** On this thread, which has the last scratch and a tag of its own; others may be at work. */
  putIn(row: number): void {
    const { kernel, layout, scratches, effort } = this.graph;
    const { base } = scratches.at(-1)!;
    let state = kernel.beginInsert(layout.base, base, row, effort, 0);
    while (state !== 0) state = kernel.insert(base, 500, 1000);
    Atomics.store(this.progress, 1 + row, -1);
  }

  get done(): boolean {
    return Atomics.load(this.progress, 0) >= this.graph.count;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#workers.values()].map(({ exit }) => exit));
    // A thread may have died between taking a row and saying so.
    for (let row = 0; row < this.graph.count; row++) if (this.progress[1 + row] !== -1) this.putIn(row);
  }
}

const queriesOf = (graph: GraphBench) => rowsOf(graph.rows, DIMS).filter((_, i) => i % 97 === 0);

describe.each(['simd', 'scalar'] as const)('%s', (backend) => {
  test('threads build as good a graph as one does', async () => {
    const count = 6000;
    const rows = clusteredRows(3, count, DIMS, 60, 0.5);
    // Equal rows meet each other.
    rows.copyWithin((count / 2) * DIMS, 0, 300 * DIMS);
    const options = { dims: DIMS, scratches: THREADS + 1 };
    const alone = (await createGraph(backend, rows, options)).insertAll();
    const graph = await createGraph(backend, rows, options);
    const builders = new Builders(graph);
    for (let tag = 1; tag <= THREADS; tag++) builders.start(tag);
    await builders.end();
    graph.expectSound();
    graph.expectReachable();
    const queries = queriesOf(graph);
    expect(graph.recall(queries, 10, 100)).toBeGreaterThan(alone.recall(queries, 10, 100) - 0.02);
  });

  test('equal rows put in by many threads can all be reached', async () => {
    const graph = await createGraph(backend, new Float32Array(5000 * DIMS).fill(1), {
      dims: DIMS,
      scratches: THREADS + 1,
    });
    const builders = new Builders(graph);
    for (let tag = 1; tag <= THREADS; tag++) builders.start(tag);
    await builders.end();
    graph.expectSound();
    graph.expectReachable();
  });

  test('threads that die at any moment leave nothing half, and the build goes on', async () => {
    const rows = clusteredRows(5, 4000, DIMS, 40, 0.5);
    const graph = await createGraph(backend, rows, { dims: DIMS, scratches: THREADS + 1, degree: 8 });
    const builders = new Builders(graph);
    const random = seeded(backend === 'simd' ? 17 : 18);
    for (let tag = 1; tag <= THREADS; tag++) builders.start(tag, 50);
    let deaths = 0;
    while (!builders.done) {
      const tag = 1 + Math.floor(random() * THREADS);
      await new Promise((resolve) => setTimeout(resolve, 20 + 60 * random()));
      await builders.kill(tag);
      deaths++;
      builders.start(tag, 50);
    }
    await builders.end();
    expect(deaths).toBeGreaterThan(0);
    graph.expectSound();
    graph.expectReachable();
    expect(graph.recall(queriesOf(graph), 10, 150)).toBeGreaterThan(0.9);
  });

  test('readers meet whole lists while others change them', async () => {
    const graph = await createGraph(backend, normalRows(9, 3000, DIMS), {
      dims: DIMS,
      scratches: THREADS + 1,
      degree: 8,
    });
    const scratch = graph.scratches[THREADS - 1]!;
    writeQuery(graph.layout, graph.space, graph.row(5), graph.memory.buffer, scratch.query);
    const bytes = 2 * graph.layout.tail + 8;
    // The reader's own copy of the query: beside the scratch of the thread that is not there.
    const from = graph.scratches[THREADS]!.query;
    new Uint8Array(graph.memory.buffer).copyWithin(from, scratch.query, scratch.query + bytes);
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const reader = new Worker(new URL('./workers/graph-reader.mjs', import.meta.url), {
      workerData: {
        module: moduleOf(graph),
        memory: graph.memory,
        graph: graph.layout.base,
        scratch: scratch.base,
        queryAt: { from, to: scratch.query, bytes },
        stop: stop.buffer,
        lists: graph.layout.lists,
        degree: 8,
        count: graph.count,
        candidates: { length: SCRATCH.length, words: scratch.words },
      },
    });
    const answer = once(reader, 'message');
    const builders = new Builders(graph);
    for (let tag = 1; tag < THREADS; tag++) builders.start(tag);
    while (!builders.done) await new Promise((resolve) => setTimeout(resolve, 5));
    Atomics.store(stop, 0, 1);
    const [{ walks, wrong }] = (await answer) as [{ walks: number; wrong: string[] }];
    await builders.end();
    expect(wrong).toEqual([]);
    expect(walks).toBeGreaterThan(0);
    graph.expectReachable();
  });
});

test('wherever a thread stops, between any two steps, its row can be put in again', async () => {
  // Every step of one budget is a place to stop at; a dead thread gives back what it holds.
  const rows = clusteredRows(7, 90, DIMS, 6, 0.4);
  rows.copyWithin(40 * DIMS, 0, 20 * DIMS);
  for (let stopAt = 0; stopAt < 60; stopAt++) {
    const graph = await createGraph('simd', rows, { dims: DIMS, degree: 8, effort: 16, scratches: 2 });
    const [scratch] = graph.scratches;
    for (let row = 0; row < 90; row++) {
      if (row % 3 === 0) {
        let state = graph.kernel.beginInsert(graph.layout.base, scratch!.base, row, 16, 0);
        for (let step = 0; state !== 0 && step < stopAt; step++) state = graph.kernel.insert(scratch!.base, 2, 1);
        releaseRows(graph.memory.buffer, graph.layout, 2);
      }
      graph.insert(row);
    }
    graph.expectSound();
    graph.expectReachable();
  }
});
