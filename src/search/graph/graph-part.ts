/**
 * A part of the graph of an index, in a memory of its own: 4 GiB hold no more. It has rows of its own numbers; `places` says which rows of
 * the index they are.
 *
 * The calling thread gives out its rows, before a job begins that puts them in, and nobody else is at work then. So when
 * a row of the part is given out again, no search takes it for two rows of the index.
 */
import type { EngineCore } from '../../engine/engine-core.js';
import type { GraphPlace } from '../../engine/worker/graph-task.js';
import { OpenGraph } from '../../engine/worker/open-graph.js';
import type { GraphShape } from '../../kernel/graph/graph-layout.js';
import { writeGraphHeader } from '../../kernel/graph/graph-memory.js';
import type { GraphSpace } from '../../kernel/graph/graph-space.js';
import type { CompiledKernel } from '../../kernel/instantiate.js';
import type { MatrixMemory } from '../../memory/create-memory.js';
import { GraphPartLayout } from '../../memory/graph-part-layout.js';

/**
 * A neighbour stays only if this × its squared distance to each nearer one is not below that to the row: what reaches the highest recall in the
 * least time (bench/graph.mjs).
 */
const ALPHA = 1.1;

export interface GraphPartOptions {
  readonly core: Pick<EngineCore, 'memories' | 'forgetMemory' | 'sharesMemory'>;
  readonly kernel: CompiledKernel;
  readonly shape: GraphShape;
  readonly space: GraphSpace;
  readonly lanes: number;
}

export class GraphPart {
  readonly options: GraphPartOptions;
  readonly layout: GraphPartLayout;
  readonly memory: MatrixMemory;
  /** Uint32Array, two words a row: segment and row of the index. A new one takes its place when rows of the index move. */
  places: Uint32Array;
  /** Rows before this one were given out. */
  used = 0;
  /** Rows that were given out and may be given out again. */
  readonly free: number[] = [];
  /** Rows that are in the graph and in the index. */
  live = 0;
  /** Rows that are in the graph and not in the index any more. */
  gone = 0;
  readonly #liveBits: Uint8Array;
  #open: OpenGraph | undefined;
  #place: GraphPlace | undefined;

  /** @throws {IndexingError} `InsufficientMemory` */
  constructor(options: GraphPartOptions) {
    const { core, shape, space, lanes } = options;
    this.options = options;
    this.layout = new GraphPartLayout(shape, lanes);
    const { byteLength, graph, live } = this.layout;
    this.memory = core.memories.acquire(byteLength, 'index');
    this.places = createWords(2 * shape.capacity, core.sharesMemory);
    const { buffer } = this.memory;
    writeGraphHeader(buffer, graph, space, ALPHA);
    this.#liveBits = new Uint8Array(buffer, live, Math.ceil(shape.capacity / 8));
    this.#liveBits.fill(0);
    collected.register(this, { core, key: this.memory.key });
  }

  get capacity(): number {
    return this.layout.graph.capacity;
  }

  /** Rows that can be given out. */
  get room(): number {
    return this.capacity - this.used + this.free.length;
  }

  /** The part as lanes are told of it. */
  get place(): GraphPlace {
    if (!this.#place) {
      const { key, memory } = this.memory;
      const { lanes, space, shape } = this.options;
      const { capacity, dims, metric, degree } = shape;
      this.#place = { key, memory, lanes, radius: space.radius, capacity, dims, metric, degree };
    }
    return this.#place;
  }

  /** The graph kernel on it, for the calling thread. */
  get open(): OpenGraph {
    this.#open ??= new OpenGraph(this.options.kernel, this.place);
    return this.#open;
  }

  /** Gives out a row of the part for a row of the index. */
  giveOut(segment: number, row: number): number {
    const node = this.free.pop() ?? this.used++;
    this.setPlace(node, segment, row);
    return node;
  }

  setPlace(node: number, segment: number, row: number): void {
    this.places[2 * node] = segment;
    this.places[2 * node + 1] = row;
  }

  isLive(node: number): boolean {
    return ((this.#liveBits[node >> 3]! >> (node & 7)) & 1) === 1;
  }

  setLive(node: number): void {
    if (this.isLive(node)) return;
    this.#liveBits[node >> 3]! |= 1 << (node & 7);
    this.live++;
  }

  /** Takes in that the row of a place is not in the index any more. */
  setGone(node: number): void {
    if (!this.isLive(node)) return;
    this.#liveBits[node >> 3]! &= ~(1 << (node & 7));
    this.live--;
    this.gone++;
  }

  /** Takes over the rows of a smaller part, which were copied. */
  takeOver(from: GraphPart): void {
    this.used = from.used;
    this.live = from.live;
    this.gone = from.gone;
    for (const node of from.free) this.free.push(node);
    this.#liveBits.set(from.#liveBits);
  }

  /** Gives the memory back. No search may be in it any more. */
  discard(): void {
    const { core } = this.options;
    core.forgetMemory(this.memory.key);
    core.memories.discard(this.memory);
  }
}

/** Zeros that threads can read. */
export function createWords(count: number, shared: boolean): Uint32Array {
  const bytes = 4 * count;
  return new Uint32Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}

/** Threads keep the memory until they hear that it is gone. */
const collected = new FinalizationRegistry<{ readonly core: GraphPartOptions['core']; readonly key: number }>(
  ({ core, key }) => core.forgetMemory(key),
);
