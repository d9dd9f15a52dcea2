/**
 * When a collection has a graph: one is built, behind the requests, once there are enough rows for it; the index keeps it up from then on, and it is
 * saved now and then.
 */
import { setTimeout as later } from 'node:timers/promises';
import { TimeSlices } from '../../base/time.js';
import { RequestError } from '../errors.js';
import { writeGraphFile } from '../store/graph-file.js';
import type { Points } from './points.js';
import type { GraphSettings } from './settings.js';

/** Log for errors that no caller waits for. It has the shape of Fastify's log. */
export interface ServerLogger {
  info(figures: object, message: string): void;
  warn(figures: object, message: string): void;
}

type InTurn = <T>(action: () => Promise<T>) => Promise<T>;

/** From this many rows on, a graph answers about twice as many searches as a scan, at any number of callers (bench/RESULTS.md). */
export const GRAPH_FROM_ROWS = 10_000;
/** Rows that may wait for the graph, which searches scan, before writes are refused. */
const MOST_PENDING_ROWS = 200_000;
/** How often an import that waits for the graph looks again. */
const ROOM_MS = 100;
/** An import counts as over when no block has followed for this long. */
const IMPORT_PAUSE_MS = 250;
/** Share of the rows that may have been added or removed before the graph is saved again. */
const MOST_UNSAVED = 0.1;
/** A build that failed is tried again when the rows have grown by this factor. */
const TRY_AGAIN = 1.1;
const STRIDE = 1024;

export class GraphKeeper {
  readonly #points: Points;
  readonly #logger: ServerLogger;
  /** Does something between two writes. */
  readonly #inTurn: InTurn;
  readonly #closing = new AbortController();
  #building: Promise<void> | undefined;
  /** Number of rows when the build began that is under way. */
  #rowsAtStart = 0;
  #buildFrom = GRAPH_FROM_ROWS;
  #saving: Promise<void> | undefined;
  /** Changed rows of the collection when the graph was saved. */
  #savedAt: number;
  /** All rows of the graph that was saved have lower numbers. */
  #savedTo: number;
  /** Blocks of imports that are under way. */
  #imports = 0;
  #importEnd: NodeJS.Timeout | undefined;

  constructor(points: Points, inTurn: InTurn, logger: ServerLogger) {
    this.#points = points;
    this.#inTurn = inTurn;
    this.#logger = logger;
    this.#savedAt = points.index.graph ? points.changedRows : Number.NEGATIVE_INFINITY;
    this.#savedTo = points.nextNumber;
  }

  get state(): { readonly rows: number; readonly isBehind: boolean } {
    const { graph } = this.#points.index;
    const isBehind = this.#building !== undefined || (graph?.pending ?? 0) > 0 || this.#isWanted;
    return { rows: graph?.rows ?? 0, isBehind };
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
    while (this.pending >= MOST_PENDING_ROWS) {
      this.#closing.signal.throwIfAborted();
      await later(ROOM_MS);
    }
  }

  /** Nobody waits for room any more, and no graph is begun: the collection is being closed. */
  refuseRoom(): void {
    this.#closing.abort(new RequestError(503, 'The collection is being closed'));
  }

  /** While many rows come in no graph is begun: it is built of all of them afterwards. */
  async whileImporting<T>(work: () => Promise<T>): Promise<T> {
    this.#imports++;
    try {
      return await work();
    } finally {
      this.#imports--;
      clearTimeout(this.#importEnd);
      this.#importEnd = setTimeout(() => this.look(), IMPORT_PAUSE_MS);
      this.#importEnd.unref();
    }
  }

  /** To be called when rows or settings have changed: begins what is to be done. */
  look(): void {
    const { index, settings } = this.#points;
    if (this.#closing.signal.aborted || this.#building) return;
    const { graph } = index;
    if (graph && settings.hnsw.m === 0) {
      this.#work(() => index.dropGraph(), 'The graph could not be let go of');
    } else if (this.#isWanted && this.#imports === 0) {
      this.#build();
    } else if (graph?.pending === 0 && this.#unsaved > MOST_UNSAVED * index.size) {
      this.#save();
    }
  }

  /** Rows from this number on are gone from the store: a graph that was saved with them is no use for a restart any more. */
  rowsAreGone(first: number): void {
    if (first < this.#savedTo) this.#savedAt = Number.NEGATIVE_INFINITY;
    this.look();
  }

  /** Saves the graph where it has changed. */
  async close(): Promise<void> {
    clearTimeout(this.#importEnd);
    this.refuseRoom();
    await this.#building;
    await this.#saving;
    if (this.#points.index.graph && this.#unsaved > 0) await this.#saveNow();
  }

  /** Whether there are rows enough for a graph, and none as the settings have it. */
  get #isWanted(): boolean {
    const { index, settings } = this.#points;
    const { hnsw } = settings;
    const { graph } = index;
    if (hnsw.m === 0 || index.size < this.#buildFrom) return false;
    return graph?.degree !== degreeOf(hnsw) || graph.effort !== effortOf(hnsw);
  }

  /** Rows that came or went since the graph was saved. */
  get #unsaved(): number {
    return this.#points.changedRows - this.#savedAt;
  }

  #build(): void {
    const { index, settings } = this.#points;
    const { hnsw } = settings;
    this.#rowsAtStart = index.size;
    const options = { degree: degreeOf(hnsw), effort: effortOf(hnsw), signal: this.#closing.signal };
    const build = async () => {
      await index.buildGraph(options);
      this.#savedAt = Number.NEGATIVE_INFINITY;
    };
    this.#work(build, 'The graph could not be built, and is tried again with more points; until then searches scan');
  }

  #work(work: () => Promise<void>, failure: string): void {
    const { index } = this.#points;
    this.#building = work()
      .catch((error: unknown) => {
        if (this.#closing.signal.aborted) return;
        this.#buildFrom = Math.ceil(TRY_AGAIN * index.size);
        this.#warn(error, failure);
      })
      .finally(() => {
        this.#building = undefined;
        this.look();
      });
  }

  #save(): void {
    this.#saving ??= this.#saveNow().finally(() => {
      this.#saving = undefined;
    });
  }

  /** Resolves also where that fails: a restart builds the graph then. */
  async #saveNow(): Promise<void> {
    const { index, table, store } = this.#points;
    const savedAt = this.#points.changedRows;
    try {
      const toSave = await this.#inTurn(async () => {
        const saved = index.graphToSave();
        // Rows that are added or removed later are not in the saved graph.
        this.#savedAt = this.#points.changedRows;
        this.#savedTo = this.#points.nextNumber;
        const numbers: number[] = [];
        const slices = new TimeSlices();
        for (const slot of saved?.ids ?? []) {
          numbers.push(table.numberOf(slot));
          if (numbers.length % STRIDE === 0 && slices.isDue()) await slices.nextTurn();
        }
        return saved && { graph: saved.graph, numbers: Float64Array.from(numbers) };
      });
      if (toSave) await writeGraphFile(store.folder, toSave.graph, toSave.numbers);
    } catch (error) {
      // A save that failed is not tried again at once.
      this.#savedAt = savedAt;
      this.#warn(error, 'The graph could not be saved; a restart would build it anew');
    }
  }

  #warn(error: unknown, message: string): void {
    this.#logger.warn({ err: error, collection: this.#points.settings.name }, message);
  }
}

/** Most neighbours of a row, as simdex counts them: Qdrant has twice `m` on its lowest level. */
function degreeOf({ m }: GraphSettings): number {
  return Math.min(128, Math.max(8, 2 * m));
}

function effortOf({ efConstruct }: GraphSettings): number {
  return Math.min(2048, Math.max(16, efConstruct));
}
