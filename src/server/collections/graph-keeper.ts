/**
 * When a collection has a graph: one is built, behind the requests, once there are enough rows for it, and the index keeps it up from then on.
 */
import { setTimeout } from 'node:timers/promises';
import { RequestError } from '../errors.js';
import type { Points } from './points.js';

/** Where faults go that nobody waits for. As that of Fastify. */
export interface ServerLogger {
  info(figures: object, message: string): void;
  warn(figures: object, message: string): void;
}

/** With fewer rows a scan is as fast. */
export const GRAPH_FROM_ROWS = 20_000;
/** Rows that may wait for the graph, which searches scan, before writes are refused. */
export const MOST_PENDING_ROWS = 200_000;
/** How often an import that waits for the graph looks again. */
const ROOM_MS = 100;
const IMPORT_PAUSE_MS = 250;

export class GraphKeeper {
  readonly #points: Points;
  readonly #logger: ServerLogger;
  readonly #closing = new AbortController();
  #building: Promise<void> | undefined;
  /** Rows when the graph began that is being built. */
  #rowsAtStart = 0;
  /** Blocks of imports under way. */
  #imports = 0;
  #importEnd: NodeJS.Timeout | undefined;

  constructor(points: Points, logger: ServerLogger) {
    this.#points = points;
    this.#logger = logger;
  }

  get state(): { readonly rows: number; readonly isBehind: boolean } {
    const { graph } = this.#points.index;
    return { rows: graph?.rows ?? 0, isBehind: this.#building !== undefined || (graph?.pending ?? 0) > 0 };
  }

  /** Rows that searches scan although there is a graph, or one that is being built. */
  get pending(): number {
    const { index } = this.#points;
    if (index.graph) return index.graph.pending;
    return this.#building ? Math.max(0, index.size - this.#rowsAtStart) : 0;
  }

  /** @throws {RequestError} 429 while too many rows wait */
  refuseTooMany(): void {
    if (this.pending < MOST_PENDING_ROWS) return;
    const sentence = `${this.pending} points wait for the graph, and at most ${MOST_PENDING_ROWS} may; try again later`;
    throw new RequestError(429, sentence, { retryAfterSeconds: 5 });
  }

  /** Resolves when fewer rows wait. Rejects when the collection is closed. */
  async room(): Promise<void> {
    while (this.pending >= MOST_PENDING_ROWS) await setTimeout(ROOM_MS, undefined, { signal: this.#closing.signal });
  }

  /** While many rows come in no graph is begun: it is built of all of them afterwards. */
  async whileImporting<T>(work: () => Promise<T>): Promise<T> {
    this.#imports++;
    try {
      return await work();
    } finally {
      this.#imports--;
      // An import is over when no block has followed for a while.
      if (this.#imports === 0) {
        clearTimeout(this.#importEnd);
        this.#importEnd = globalThis.setTimeout(() => this.look(), IMPORT_PAUSE_MS);
      }
    }
  }

  /** To be called when rows have changed. */
  look(): void {
    const { index, settings } = this.#points;
    const isWanted = settings.hnsw.m > 0 && index.size >= GRAPH_FROM_ROWS;
    if (isWanted && !index.graph && !this.#building && this.#imports === 0) this.#build();
  }

  /** Builds the graph anew: its settings have changed. */
  rebuild(): void {
    const before = this.#building ?? Promise.resolve();
    const { index, settings } = this.#points;
    if (settings.hnsw.m > 0) {
      if (index.graph || this.#building) before.then(() => this.#build());
      else this.look();
      return;
    }
    before
      .then(() => index.dropGraph())
      .catch((error: unknown) => this.#warn(error, 'The graph could not be let go of'));
  }

  async close(): Promise<void> {
    clearTimeout(this.#importEnd);
    this.#closing.abort(new RequestError(503, 'The collection is being closed'));
    await this.#building;
  }

  #build(): void {
    const { index, settings } = this.#points;
    if (this.#closing.signal.aborted) return;
    const { m, efConstruct } = settings.hnsw;
    this.#rowsAtStart = index.size;
    const options = { degree: degreeOf(m), effort: effortOf(efConstruct), signal: this.#closing.signal };
    this.#building = index
      .buildGraph(options)
      .then(
        () => undefined,
        (error: unknown) => {
          if (this.#closing.signal.aborted) return;
          this.#warn(error, 'The graph could not be built; searches scan all points');
        },
      )
      .finally(() => {
        this.#building = undefined;
      });
  }

  #warn(error: unknown, message: string): void {
    this.#logger.warn({ err: error, collection: this.#points.settings.name }, message);
  }
}

/** Most neighbours of a row, as simdex counts them: Qdrant has twice `m` on its lowest level. */
export function degreeOf(m: number): number {
  return Math.min(128, Math.max(8, 2 * m));
}

export function effortOf(efConstruct: number): number {
  return Math.min(2048, Math.max(16, efConstruct));
}
