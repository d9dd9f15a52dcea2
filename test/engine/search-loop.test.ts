/**
 * What a thread reads of the rows: with an int8 copy, only the rows themselves that it does not rule out.
 */
import { describe, expect, test } from 'vitest';
import { OpenMemory, SearchLane } from '../../src/engine/worker/search-loop.js';
import { compileSearchKernel } from '../../src/kernel/search/compile-search-kernel.js';
import type { Metric } from '../../src/kernel/search/error-bound.js';
import { instantiateSearchKernel } from '../../src/kernel/search/instantiate-search-kernel.js';
import { SearchBoard } from '../../src/memory/search-board.js';
import { SegmentLayout } from '../../src/memory/segment-layout.js';
import { prepareQuery } from '../../src/search/queries.js';
import { rankHits } from '../../src/search/search-hits.js';
import { doNow } from '../../src/search/steps.js';
import { indexingKernel } from '../kernel/indexing-kernel.js';
import { positions, randomRows } from '../search/support.js';

const [COUNT, DIMS, K] = [4000, 192, 10];
/** By these a search has found its limit. */
const FIRST_ROWS = 1000;

describe.each(['cosine', 'dot', 'euclidean'] as const)('by %s', (metric) => {
  const rows = randomRows(COUNT, DIMS).map((row) => (metric === 'cosine' ? unit(row) : row));
  const [query] = randomRows(1, DIMS, 2);
  const keys = rows.map((row) => key(metric, row, query!));
  const best = positions(COUNT).sort((a, b) => keys[b]! - keys[a]!);
  // Whoever reads one of these takes it for the best there is.
  const decoys = best.slice(K * 20).filter((row) => row >= FIRST_ROWS);

  test('rows ruled out by their int8 copies are never read', async () => {
    expect(decoys.length).toBeGreaterThan(2500);
    expect(await search(metric, rows, query!, decoys, true)).toEqual(best.slice(0, K));
  });

  test('without a copy all are', async () => {
    const found = await search(metric, rows, query!, decoys, false);
    expect(found.every((row) => decoys.includes(row))).toBe(true);
  });
});

/** The hits in rows of which some are overwritten, with what the query finds best, once copies were made. */
async function search(
  metric: Metric,
  rows: readonly Float32Array[],
  query: Float32Array,
  overwritten: readonly number[],
  int8: boolean,
): Promise<number[]> {
  const layout = new SegmentLayout({ dims: DIMS, lanes: 1, form: 'float32', int8 }, COUNT);
  const pages = Math.ceil(layout.byteLength / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const floats = new Float32Array(memory.buffer);
  for (const [i, row] of rows.entries()) {
    floats.set(row, i * DIMS);
    floats[layout.magnitudes / 4 + i] = Math.sqrt(key('dot', row, row));
  }
  const { compiled: kernel } = await compileSearchKernel(await indexingKernel('simd'), true);
  const { codes, factors } = layout.int8 ?? {};
  if (codes !== undefined && factors !== undefined) {
    instantiateSearchKernel(kernel, memory).quantize(0, COUNT, DIMS, codes, factors);
  }
  const decoy = metric === 'cosine' ? unit(query) : metric === 'dot' ? query.map((x) => 100 * x) : query;
  for (const row of overwritten) floats.set(decoy, row * DIMS);

  const { magnitudes, deaths, form, int8: copy } = layout;
  const part = { key: 1, memory, firstSlot: 0, magnitudes, deaths, form, int8: copy, place: layout.place(0) };
  const group = { queryCount: 1, k: K, version: 1, rowCounts: [COUNT], accepted: undefined };
  const groups = [group];
  const words = new Float64Array(SearchBoard.byteLength(DIMS, groups, 1) / 8);
  const board = new SearchBoard(words.buffer, 0, DIMS, groups, 1);
  board.queries.set(prepareQuery(query, DIMS, metric).data);
  board.leastKeys.fill(Number.NEGATIVE_INFINITY);
  const pass = { searchKernel: kernel, metric, dims: DIMS, parts: [part], groups };
  const lane = new SearchLane(pass, board, 0, () => new OpenMemory(kernel, memory));
  for (let row = 0; row < COUNT; ) row += doNow(lane.scanSome(0, row, COUNT));
  return Array.from(doNow(rankHits(board, 1, 0)).slots);
}

function key(metric: Metric, row: Float32Array, query: Float32Array): number {
  return row.reduce((sum, x, j) => sum + (metric === 'euclidean' ? -((x - query[j]!) ** 2) : x * query[j]!), 0);
}

function unit(row: Float32Array): Float32Array {
  const length = Math.sqrt(key('dot', row, row));
  return row.map((x) => x / length);
}
