/**
 * A graph in a memory of its own, for the tests: rows, the kernel of one backend, and what tells whether the graph is sound. The
 * oracle is a scan in float64.
 */
import { expect } from 'vitest';
import { compileGraphKernel } from '../../src/kernel/graph/compile-graph-kernel.js';
import { BUSY, DONE, type GraphKernelExports } from '../../src/kernel/graph/graph-kernel.js';
import {
  GRAPH,
  type GraphLayout,
  HEAD,
  layOutGraph,
  layOutScratch,
  levelsOf,
  MAX_ENTRIES,
  rowBelow,
  SCRATCH,
  type ScratchLayout,
} from '../../src/kernel/graph/graph-layout.js';
import { readCandidates, writeGraph, writeScratch } from '../../src/kernel/graph/graph-memory.js';
import { type GraphSpace, liftOf, measureSpace, writeQuery } from '../../src/kernel/graph/graph-space.js';
import { entriesOf, forgetRow, ReachabilityWalk, setEntries } from '../../src/kernel/graph/graph-upkeep.js';
import { instantiateGraphKernel } from '../../src/kernel/graph/instantiate-graph-kernel.js';
import type { CompiledKernel } from '../../src/kernel/instantiate.js';
import type { Metric } from '../../src/kernel/search/error-bound.js';
import { indexingKernel } from './indexing-kernel.js';

export type Backend = 'simd' | 'scalar' | 'javascript';
export const BACKENDS: readonly Backend[] = ['simd', 'scalar', 'javascript'];

export interface GraphOptions {
  readonly dims: number;
  readonly metric?: Metric;
  readonly degree?: number;
  readonly effort?: number;
  readonly alpha?: number;
  /** Greatest effort of a search. */
  readonly limit?: number;
  readonly scratches?: number;
  readonly shared?: boolean;
}

export function seeded(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Components of a normal distribution. */
export function normalRows(seed: number, count: number, dims: number): Float32Array {
  const random = seeded(seed);
  return Float32Array.from(
    { length: count * dims },
    () => Math.sqrt(-2 * Math.log(random() + 1e-9)) * Math.cos(2 * Math.PI * random()),
  );
}

/** Rows around so many centres. */
export function clusteredRows(
  seed: number,
  count: number,
  dims: number,
  clusters: number,
  spread: number,
): Float32Array {
  const centers = normalRows(seed, clusters, dims);
  const noise = normalRows(seed + 1, count, dims);
  return noise.map((x, i) => centers[(Math.floor(i / dims) % clusters) * dims + (i % dims)]! + spread * x);
}

export async function createGraph(backend: Backend, given: Float32Array, options: GraphOptions): Promise<GraphBench> {
  const { compiled } = await compileGraphKernel(
    await indexingKernel(backend, options.shared ?? true),
    options.shared ?? true,
  );
  expect(compiled.backend).toBe(backend);
  return new GraphBench(compiled, given, options);
}

export class GraphBench {
  readonly compiled: CompiledKernel;
  readonly memory: WebAssembly.Memory;
  readonly kernel: GraphKernelExports;
  readonly layout: GraphLayout;
  readonly scratches: readonly ScratchLayout[];
  readonly space: GraphSpace;
  /** As an index keeps them: unit rows for cosine. */
  readonly rows: Float32Array;
  readonly count: number;
  readonly dims: number;
  readonly metric: Metric;
  readonly effort: number;
  readonly words: Uint32Array;
  readonly #filter: number;

  constructor(compiled: CompiledKernel, given: Float32Array, options: GraphOptions) {
    const { dims, metric = 'cosine', degree = 16, effort = 64, alpha = 1, limit = 512, scratches = 1 } = options;
    this.compiled = compiled;
    this.dims = dims;
    this.metric = metric;
    this.effort = effort;
    this.count = given.length / dims;
    this.rows = metric === 'cosine' ? unitRows(given, dims) : given;
    // Not at address 0, so that no offset is left out by accident.
    this.layout = layOutGraph({ capacity: this.count, dims, metric, degree }, 128);
    let { end } = this.layout;
    this.scratches = Array.from({ length: scratches }, () => {
      const scratch = layOutScratch(this.layout, limit, end);
      end = scratch.end;
      return scratch;
    });
    this.#filter = end;
    const rowsAt = end + 64 * Math.ceil(this.count / 512);
    const liftsAt = rowsAt + 4 * this.rows.length;
    const pages = Math.ceil((liftsAt + 4 * this.count) / 65_536);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: options.shared ?? true });
    this.kernel = instantiateGraphKernel(compiled, this.memory);
    const { buffer } = this.memory;
    this.words = new Uint32Array(buffer);
    // Whatever lies there before must not matter.
    this.words.fill(0xa5a5a5a5);

    const magnitudes = rowsOf(this.rows, dims).map((row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)));
    const radius = metric === 'dot' ? magnitudes.reduce((most, x) => Math.max(most, x), 0) : 0;
    this.space = measureSpace(this.rows, dims, metric, radius);
    writeGraph(buffer, this.layout, this.space, alpha);
    for (const scratch of this.scratches) writeScratch(buffer, scratch);
    new Float32Array(buffer, rowsAt, this.rows.length).set(this.rows);
    new Float32Array(buffer, liftsAt, this.count).set(magnitudes.map((magnitude) => liftOf(magnitude, radius)));
    this.kernel.encode(this.layout.base, rowsAt, 0, this.count, dims, liftsAt);
  }

  row(i: number): Float32Array {
    return this.rows.subarray(i * this.dims, (i + 1) * this.dims);
  }

  insert(row: number, budget = 2 ** 30, tag = 1, layout = this.layout, lost = 0): void {
    const { base } = this.scratches[0]!;
    let state = this.kernel.beginInsert(layout.base, base, row, this.effort, lost);
    while (state !== DONE) {
      state = this.kernel.insert(base, tag, budget);
      if (state === BUSY) throw new Error(`row ${row} waits for a row that nobody gives back`);
    }
  }

  insertAll(rows: Iterable<number> = Array(this.count).keys()): this {
    for (const row of rows) this.insert(row);
    return this;
  }

  /** The candidates' rows, nearest first. */
  walk(query: ArrayLike<number>, effort: number, filter?: (row: number) => boolean, limit = effort, budget = 2 ** 30) {
    const scratch = this.scratches[0]!;
    writeQuery(this.layout, this.space, query, this.memory.buffer, scratch.query);
    this.kernel.begin(this.layout.base, scratch.base, effort, limit, filter ? this.writeBits(filter) : 0);
    while (this.kernel.search(this.layout.base, scratch.base, budget));
    return Array.from(readCandidates(this.memory.buffer, scratch));
  }

  /** How many distances the last walk computed. */
  get scored(): number {
    return this.words[(this.scratches[0]!.base + SCRATCH.scored) / 4]!;
  }

  writeBits(set: (row: number) => boolean): number {
    const bytes = new Uint8Array(this.memory.buffer, this.#filter, Math.ceil(this.count / 8));
    bytes.fill(0);
    for (let row = 0; row < this.count; row++) if (set(row)) bytes[row >> 3]! |= 1 << (row & 7);
    return this.#filter;
  }

  /** Higher is better. */
  score(query: ArrayLike<number>, i: number): number {
    const row = this.row(i);
    let sum = 0;
    for (let j = 0; j < this.dims; j++) {
      sum += this.metric === 'euclidean' ? -((row[j]! - query[j]!) ** 2) : row[j]! * query[j]!;
    }
    return sum;
  }

  best(query: ArrayLike<number>, rows: Iterable<number>, k: number): number[] {
    return [...rows]
      .map((row) => ({ row, score: this.score(query, row) }))
      .sort((a, b) => b.score - a.score || a.row - b.row)
      .slice(0, k)
      .map(({ row }) => row);
  }

  /** How many of the k best of each query the graph finds, counting rows as good as the k-th. */
  recall(queries: readonly ArrayLike<number>[], k: number, effort: number, among = (_row: number) => true): number {
    const all = Array.from({ length: this.count }, (_, i) => i).filter(among);
    let found = 0;
    let wanted = 0;
    for (const query of queries) {
      const exact = this.best(query, all, k);
      const worst = this.score(query, exact.at(-1)!);
      const hits = this.best(query, this.walk(query, effort), k);
      found += Math.min(exact.length, hits.filter((row) => this.score(query, row) >= worst - 1e-9).length);
      wanted += exact.length;
    }
    return found / wanted;
  }

  neighbours(row: number): number[] {
    const head = this.layout.lists / 4 + row * (this.layout.degree + 1);
    const count = this.words[head]! & HEAD.count;
    return Array.from(this.words.subarray(head + 1, head + 1 + count));
  }

  head(row: number): number {
    return this.words[this.layout.lists / 4 + row * (this.layout.degree + 1)]!;
  }

  get entries(): number[] {
    const at = (this.layout.base + GRAPH.entries) / 4;
    return Array.from(this.words.subarray(at, at + MAX_ENTRIES)).filter((row) => row < this.count);
  }

  /** Every list is one: rows that exist, each once, not the row itself, not too many; nobody holds it. */
  expectSound(): void {
    for (let row = 0; row < this.count; row++) {
      const head = this.head(row);
      const rows = this.neighbours(row);
      const sound =
        (head & (HEAD.owner | HEAD.writing)) === 0 &&
        rows.length <= this.layout.degree &&
        new Set(rows).size === rows.length &&
        rows.every((other) => other < this.count && other !== row);
      if (!sound) expect.fail(`list of row ${row}: head 0x${head.toString(16)}, ${rows}`);
    }
  }

  /** The rows that can be reached from the entry points. */
  reachable(): Set<number> {
    const reached = new Set(this.entries);
    for (const row of reached) for (const other of this.neighbours(row)) reached.add(other);
    return reached;
  }

  expectReachable(rows: Iterable<number> = Array(this.count).keys()): void {
    const reached = this.reachable();
    const lost = [...rows].filter((row) => !reached.has(row));
    if (lost.length) expect.fail(`${lost.length} rows cannot be reached: ${lost.slice(0, 10)}`);
  }

  /** Makes all rows reachable that are there. */
  repair(isThere: (row: number) => boolean): void {
    let isThereAt = isThere;
    for (const layout of levelsOf(this.layout)) {
      const here = isThereAt;
      const reach = new ReachabilityWalk(this.memory.buffer, layout);
      while (reach.walk(100));
      for (let row = 0; row < layout.capacity; row++) {
        if (!here(row) || reach.has(row)) continue;
        reach.orphan(row);
        this.insert(row, 2 ** 30, 1, layout, 1);
      }
      isThereAt = (row) => here(rowBelow(row));
    }
  }

  /** Takes rows out of all lists. */
  remove(isThere: (row: number) => boolean): void {
    const { base } = this.scratches[0]!;
    let isThereAt = isThere;
    for (const layout of levelsOf(this.layout)) {
      const here = isThereAt;
      const live = this.writeBits(here);
      for (let row = 0; row < layout.capacity; row++) {
        if (here(row)) expect(this.kernel.mend(layout.base, base, 1, row, live, this.effort)).toBe(DONE);
      }
      const { buffer } = this.memory;
      for (let row = 0; row < layout.capacity; row++) if (!here(row)) forgetRow(buffer, layout, row);
      // In place of an entry point that is gone, any row that is there.
      const entries = entriesOf(buffer, layout).filter(here);
      const first = Array.from({ length: layout.capacity }, (_, row) => row).find(here);
      setEntries(buffer, layout, entries.length || first === undefined ? entries : [first]);
      isThereAt = (row) => here(rowBelow(row));
    }
  }
}

function unitRows(rows: Float32Array, dims: number): Float32Array {
  const unit = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += dims) {
    let squares = 0;
    for (let j = 0; j < dims; j++) squares += rows[at + j]! ** 2;
    for (let j = 0; j < dims; j++) unit[at + j] = rows[at + j]! / Math.sqrt(squares);
  }
  return unit;
}

export function rowsOf(rows: Float32Array, dims: number): Float32Array[] {
  return Array.from({ length: rows.length / dims }, (_, i) => rows.subarray(i * dims, (i + 1) * dims));
}
