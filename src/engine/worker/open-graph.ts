/**
 * A part of a graph as one thread works on it: the kernel on its memory, and views of all of it.
 */
import type { GraphKernelExports } from '../../kernel/graph/graph-kernel.js';
import { GRAPH, SCRATCH } from '../../kernel/graph/graph-layout.js';
import { writeScratch } from '../../kernel/graph/graph-memory.js';
import { readNearest } from '../../kernel/graph/graph-nearest.js';
import { type GraphSpace, writeQuery } from '../../kernel/graph/graph-space.js';
import { instantiateGraphKernel } from '../../kernel/graph/instantiate-graph-kernel.js';
import type { CompiledKernel, KernelSource } from '../../kernel/instantiate.js';
import { type GraphLanePlace, GraphPartLayout } from '../../memory/graph-part-layout.js';
import type { GraphPlace } from './graph-task.js';

/** Bytes of records that are read between two looks at the clock: some tenths of a millisecond. */
const SLICE_BYTES = 2 ** 19;
/** Flag in a candidate's word: it has been expanded (assembly/graph/candidates.ts). */
const EXPANDED = 1;

export class OpenGraph {
  readonly layout: GraphPartLayout;
  readonly kernel: GraphKernelExports;
  readonly buffer: ArrayBufferLike;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  /** Distances of a slice. */
  readonly budget: number;
  readonly #space: GraphSpace;
  readonly #lanes = new Map<number, GraphLanePlace>();

  constructor(kernel: CompiledKernel, { memory, lanes, radius, ...shape }: GraphPlace) {
    const { buffer } = memory;
    this.layout = new GraphPartLayout(shape, lanes);
    this.kernel = instantiateGraphKernel(kernel, memory);
    this.buffer = buffer;
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
    const { base, center, codedDims, stride } = this.layout.graph;
    this.budget = Math.max(16, Math.floor(SLICE_BYTES / stride));
    this.#space = {
      center: new Float64Array(buffer, center, codedDims),
      factor: new Float64Array(buffer, base + GRAPH.factor, 1)[0]!,
      radius,
    };
  }

  /** The place where a lane works. No other lane works there. */
  place(lane: number): GraphLanePlace {
    const known = this.#lanes.get(lane);
    if (known) return known;
    const place = this.layout.place(lane);
    writeScratch(this.buffer, place.scratch);
    this.#lanes.set(lane, place);
    return place;
  }

  /**
   * Walks to the nearest rows of a query, slice by slice. Gives those that may be among the `k` nearest.
   *
   * @param filtered whether only those may be hits that have a live bit
   * @param leftOut a row that is not to be met
   * @param isHit whether a row may be a hit
   */
  *walk(
    lane: number,
    query: Float32Array,
    effort: number,
    limit: number,
    filtered: boolean,
    leftOut: number | undefined,
    k: number,
    isHit: (row: number) => boolean,
  ): Generator<void, number[]> {
    const { scratch } = this.place(lane);
    const { graph, live } = this.layout;
    writeQuery(graph, this.#space, query, this.buffer, scratch.query);
    this.kernel.begin(graph.base, scratch.base, effort, limit, filtered ? live : 0);
    if (leftOut !== undefined) this.#leaveOut(scratch.base, scratch.visited, scratch.words, leftOut);
    while (this.kernel.search(graph.base, scratch.base, this.budget)) yield;
    const mayCount = leftOut === undefined ? isHit : (row: number) => row !== leftOut && isHit(row);
    return readNearest(this.buffer, graph, this.#space, scratch, k, mayCount);
  }

  /** As if the row had been met and expanded. */
  #leaveOut(base: number, visited: number, words: number, row: number): void {
    this.words[visited / 4 + (row >>> 5)]! |= 1 << (row & 31);
    const length = this.words[(base + SCRATCH.length) / 4]!;
    for (let i = words / 4; i < words / 4 + length; i++) {
      if (this.words[i]! >>> 2 === row) this.words[i]! |= EXPANDED;
    }
  }
}

let compiled: { readonly backend: KernelSource['backend']; readonly kernel: CompiledKernel } | undefined;

/** The kernel that a thread was sent, compiled once: browsers may refuse to send a compiled one. */
export function compileHere(source: KernelSource): CompiledKernel {
  if (!('bytes' in source)) return source;
  if (compiled?.backend !== source.backend) {
    const kernel = { backend: source.backend, module: new WebAssembly.Module(source.bytes) };
    compiled = { backend: source.backend, kernel };
  }
  return compiled.kernel;
}
