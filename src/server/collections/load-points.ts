/**
 * Reads the rows of a collection from its store into memory, and its graph from the file beside it.
 */
import { messageOf } from '../../base/errors.js';
import type { Engine } from '../../engine/engine.js';
import { VectorIndex } from '../../search/vector-index.js';
import { type Block, decodeBlock, idOfRow, numberOfRow } from '../store/block.js';
import type { CollectionStore } from '../store/collection-store.js';
import { type GraphFile, openGraphFile } from '../store/graph-file.js';
import type { CollectionWatch } from './collection-watch.js';
import type { ServerLogger } from './graph-keeper.js';
import { PointTable } from './point-table.js';
import { Points } from './points.js';
import { isDead, RowMap } from './row-map.js';
import { METRICS } from './settings.js';
import { type BlockToStage, stagedRows } from './staged-rows.js';

/** Rows of the graph are missing, so it must be built anew. */
class OtherRows extends Error {}

export async function loadPoints(
  store: CollectionStore,
  engine: Engine,
  logger: ServerLogger,
  watch: CollectionWatch,
): Promise<Points> {
  const { settings } = store;
  const graph = await graphOf(store, logger);
  try {
    if (!graph || settings.hnsw.m === 0) return await load(store, engine, watch);
    return await load(store, engine, watch, graph);
  } catch (error) {
    if (!(error instanceof OtherRows)) throw error;
    logger.info({ collection: settings.name }, 'The graph is of other rows; it is built anew');
    return await load(store, engine, watch);
  } finally {
    await graph?.close();
  }
}

async function graphOf(store: CollectionStore, logger: ServerLogger): Promise<GraphFile | undefined> {
  const { name, size, distance } = store.settings;
  try {
    return await openGraphFile(store.folder, { dims: size, metric: METRICS[distance] });
  } catch (error) {
    logger.warn({ collection: name }, `The graph cannot be read, and is built anew: ${messageOf(error)}`);
    return undefined;
  }
}

/** Rejects with `OtherRows`. */
async function load(
  store: CollectionStore,
  engine: Engine,
  watch: CollectionWatch,
  graph?: GraphFile,
): Promise<Points> {
  const { settings } = store;
  const reading = new StoreReading(store, graph?.numbers ?? new Float64Array());
  const { size: dims, distance } = settings;
  const options = { dims, metric: METRICS[distance], engine };
  const chunks = stagedRows(reading.blocks(), dims);
  const expected = store.meta('points') as number | undefined;
  const index = await VectorIndex.buildStored<number>(chunks, options, { expected, graph });
  const { table, rows, gone, nextNumber } = reading;
  await index.remove(gone);
  table.release(gone);
  const points = new Points(store, settings, watch, { index, table, rows, nextNumber });
  for (const [field, type] of Object.entries(settings.payloadIndexes)) points.payloadIndexes.add(field, type);
  return points;
}

/** Goes through the blocks of a store: names the rows that are points, or are in the graph, in the order in which they are given out. */
class StoreReading {
  readonly table = new PointTable();
  readonly rows = new RowMap();
  /** Slots of rows that the graph has, and that are no points any more. */
  readonly gone: number[] = [];
  nextNumber: number;
  readonly #store: CollectionStore;
  /** Numbers of the graph's rows, ascending. */
  readonly #ofGraph: Float64Array;
  /** How many of the graph's rows were met so far. */
  #met = 0;

  constructor(store: CollectionStore, ofGraph: Float64Array) {
    this.#store = store;
    this.#ofGraph = ofGraph;
    this.nextNumber = Number(store.meta('nextNumber') ?? 0);
  }

  /** Blocks of rows whose slots are 0, 1 and so on, as the index gives its ids. */
  *blocks(): Generator<BlockToStage, undefined> {
    for (const first of this.#store.blockNumbers()) {
      const dead = this.#store.dead(first);
      const bytes = this.#store.blockNow(first);
      const block = decodeBlock(bytes);
      this.rows.append(block, bytes.length, dead);
      this.nextNumber = Math.max(this.nextNumber, numberOfRow(block, block.count - 1) + 1);
      yield { count: block.count, copyInto: (target) => this.#copy(block, dead, target) };
    }
    if (this.#met < this.#ofGraph.length) throw new OtherRows();
  }

  /** Names and copies the rows that are kept; gives how many they are. */
  #copy(block: Block, dead: Uint8Array | undefined, target: Float32Array): number {
    const { vectors, dims, count } = block;
    if (!dead && this.#nameAtOnce(block)) {
      target.set(vectors);
      return count;
    }
    let kept = 0;
    for (let row = 0; row < count; row++) {
      if (!this.#name(block, row, !isDead(dead, row))) continue;
      target.set(vectors.subarray(row * dims, (row + 1) * dims), dims * kept++);
    }
    return kept;
  }

  /** Names a block of points whose ids and numbers follow each other, as those of imports do: whether it is such a block. */
  #nameAtOnce({ count, ids, numbers }: Block): boolean {
    if (!('first' in ids && 'first' in numbers) || ids.first <= this.table.lastNumber) return false;
    const left = this.#ofGraph.length - this.#met;
    if (left > 0) {
      const isInGraph = left >= count && this.#ofGraph[this.#met + count - 1] === numbers.first + count - 1;
      if (!isInGraph || this.#ofGraph[this.#met] !== numbers.first) return false;
      this.#met += count;
    }
    this.table.nameAll(this.table.reserve(count), count, ids.first, numbers.first);
    return true;
  }

  /** Gives a row a slot, if it is a point or in the graph: whether it is. */
  #name(block: Block, row: number, isPoint: boolean): boolean {
    const number = numberOfRow(block, row);
    const isInGraph = this.#met < this.#ofGraph.length && this.#ofGraph[this.#met] === number;
    if (isInGraph) this.#met++;
    if (isPoint && !isInGraph && this.#met < this.#ofGraph.length) throw new OtherRows();
    if (isPoint) this.table.put(idOfRow(block, row), number);
    else if (isInGraph) this.gone.push(this.table.skip());
    return isPoint || isInGraph;
  }
}
