/**
 * Reads the rows of a collection from its store into memory.
 */
import type { Engine } from '../../engine/engine.js';
import { VectorIndex } from '../../search/vector-index.js';
import type { VectorMatrix } from '../../vectors/vector-matrix.js';
import { decodeBlock } from '../store/block.js';
import type { CollectionStore } from '../store/collection-store.js';
import type { CollectionWatch } from './collection-watch.js';
import { PointTable } from './point-table.js';
import { Points } from './points.js';
import { isDead, RowMap } from './row-map.js';
import { METRICS } from './settings.js';

export async function loadPoints(store: CollectionStore, engine: Engine, watch: CollectionWatch): Promise<Points> {
  const { settings } = store;
  const table = new PointTable();
  const rows = new RowMap();
  let nextNumber = Number(store.meta('nextNumber') ?? 0);
  async function* chunks(): AsyncGenerator<VectorMatrix> {
    for (const { first, bytes } of store.blocks()) {
      const { numbers, ids, dims, vectors } = decodeBlock(bytes);
      const dead = store.dead(first);
      rows.append(numbers, bytes.length, dead);
      nextNumber = Math.max(nextNumber, numbers.at(-1)! + 1);
      let live = 0;
      for (const [row, id] of ids.entries()) {
        if (isDead(dead, row)) continue;
        // Slots are given in this order, from 0 on, as the index gives its ids.
        table.put(id, numbers[row]!);
        if (row > live) vectors.copyWithin(live * dims, row * dims, (row + 1) * dims);
        live++;
      }
      if (live > 0) yield { data: vectors.subarray(0, live * dims), dims };
    }
  }
  const { size: dims, distance } = settings;
  const index = await VectorIndex.build<number>(chunks(), { dims, metric: METRICS[distance], engine });
  const points = new Points(store, settings, watch, { index, table, rows, nextNumber });
  for (const [field, type] of Object.entries(settings.payloadIndexes)) points.payloadIndexes.add(field, type);
  return points;
}
