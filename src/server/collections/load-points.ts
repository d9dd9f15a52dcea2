/**
 * Reads the rows of a collection from its store into memory, and its graph from the file beside it.
 */
import { messageOf } from '../../base/errors.js';
import type { Engine } from '../../engine/engine.js';
import { VectorIndex } from '../../search/vector-index.js';
import type { VectorMatrix } from '../../vectors/vector-matrix.js';
import { decodeBlock } from '../store/block.js';
import type { CollectionStore } from '../store/collection-store.js';
import { type GraphFile, openGraphFile } from '../store/graph-file.js';
import type { CollectionWatch } from './collection-watch.js';
import type { ServerLogger } from './graph-keeper.js';
import { PointTable } from './point-table.js';
import { Points } from './points.js';
import { isDead, RowMap } from './row-map.js';
import { METRICS } from './settings.js';

/** Rows of the graph are missing: it is to be built anew. */
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
  const table = new PointTable();
  const rows = new RowMap();
  /** Rows that the graph has, and that are no points any more. */
  const gone: number[] = [];
  let nextNumber = Number(store.meta('nextNumber') ?? 0);
  const numbersOfGraph = graph?.numbers ?? new Float64Array();
  let met = 0;
  async function* chunks(): AsyncGenerator<VectorMatrix> {
    for (const { first, bytes } of store.blocks()) {
      const { numbers, ids, dims, vectors } = decodeBlock(bytes);
      const dead = store.dead(first);
      rows.append(numbers, bytes.length, dead);
      nextNumber = Math.max(nextNumber, numbers.at(-1)! + 1);
      let kept = 0;
      for (const [row, id] of ids.entries()) {
        const number = numbers[row]!;
        const isInGraph = met < numbersOfGraph.length && numbersOfGraph[met] === number;
        if (isInGraph) met++;
        const isPoint = !isDead(dead, row);
        if (isPoint && !isInGraph && met < numbersOfGraph.length) throw new OtherRows();
        // Slots are given in this order, from 0 on, as the index gives its ids.
        if (isPoint) table.put(id, number);
        else if (isInGraph) gone.push(table.skip());
        else continue;
        if (row > kept) vectors.copyWithin(kept * dims, row * dims, (row + 1) * dims);
        kept++;
      }
      if (kept > 0) yield { data: vectors.subarray(0, kept * dims), dims };
    }
    if (met < numbersOfGraph.length) throw new OtherRows();
  }
  const { size: dims, distance } = settings;
  const options = { dims, metric: METRICS[distance], engine };
  const index = graph
    ? await VectorIndex.buildWithGraph<number>(chunks(), options, graph)
    : await VectorIndex.build<number>(chunks(), options);
  await index.remove(gone);
  table.release(gone);
  const points = new Points(store, settings, watch, { index, table, rows, nextNumber });
  for (const [field, type] of Object.entries(settings.payloadIndexes)) points.payloadIndexes.add(field, type);
  return points;
}
