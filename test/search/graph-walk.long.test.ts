/**
 * Every row of a graph can be reached from an entry point: a walk over the lists of saved indexes, which shares no code with the index.
 */
import type { VectorIndex } from 'simdex';
import { afterEach, expect, test, vi } from 'vitest';
import { failAtRandom, failNowhere, failures, faultyWorker } from '../indexing/fault.js';
import { isWhole } from '../length.js';
import { clusteredRows, graphIsUpToDate } from './graph-support.js';
import { build, load, positions } from './support.js';

const NONE = 0xffffffff;
/** One row of each 16 is in the graph above: which, a hash says (assembly/README.md). */
function rowBelow(upper: number): number {
  return 16 * upper + (Math.imul(upper, 2654435761) >>> 28);
}

afterEach(failNowhere);

interface SavedTensor {
  readonly shape: readonly number[];
  readonly words: Uint32Array;
}

function savedTensors(bytes: Uint8Array<ArrayBuffer>): Map<string, SavedTensor> {
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
  const tensors = new Map<string, SavedTensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries<Record<string, unknown>>(header)) {
    if (dtype !== 'U32') continue;
    const [begin, end] = data_offsets as number[];
    const words = new Uint32Array(bytes.slice(8 + headerLength + begin!, 8 + headerLength + end!).buffer);
    tensors.set(name, { shape: shape as number[], words });
  }
  return tensors;
}

/** Positions of the rows of the index that a walk from the entry points reaches; lists that are not sound fail. */
function reachedRows(index: VectorIndex): Set<number> {
  const tensors = savedTensors(index.toBytes());
  const reached = new Set<number>();
  for (let part = 0; ; part++) {
    const prefix = part === 0 ? 'graph.' : `graph.${part}.`;
    const rows = tensors.get(`${prefix}rows`);
    if (!rows) return reached;
    const entries = tensors.get(`${prefix}entries`)!;
    let from: number[] = [];
    for (let level = entries.shape[0]! - 1; level >= 0; level--) {
      const lists = tensors.get(level === 0 ? `${prefix}neighbours` : `${prefix}level${level}`)!;
      const [count, width] = lists.shape as [number, number];
      const seen = new Set<number>();
      const waiting = [...from.map(rowBelow), ...entries.words.slice(16 * level, 16 * (level + 1))];
      for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
        if (row === NONE || seen.has(row)) continue;
        seen.add(row);
        const length = lists.words[row * width]!;
        const neighbours = lists.words.slice(row * width + 1, row * width + 1 + length);
        const isSound =
          row < count && length < width && new Set(neighbours).size === length && !neighbours.includes(row);
        if (!isSound) expect.fail(`level ${level}, row ${row} of ${count}: ${length} neighbours ${neighbours}`);
        waiting.push(...neighbours);
      }
      from = [...seen];
    }
    for (const row of from) if (rows.words[row] !== NONE) reached.add(rows.words[row]!);
  }
}

function expectAllReached(index: VectorIndex): void {
  expect([...reachedRows(index)].sort((a, b) => a - b)).toEqual(positions(index.size));
}

/** Lists are mended behind the caller's back, some time after rows went. */
async function expectAllReachedSoon(index: VectorIndex): Promise<void> {
  await graphIsUpToDate(index);
  await vi.waitFor(() => expectAllReached(index), { timeout: 60_000, interval: 50 });
}

const rows = clusteredRows(3000, 20, 40);
const shape = { degree: 12, effort: 48 };

test('after a build, of one part and of several', async () => {
  expectAllReached(await build(rows, { graph: shape }));
  expectAllReached(await build(rows, { graph: { degree: 128, effort: 32 }, metric: 'dot' }, 2 ** 21));
  expectAllReached(await build(rows.slice(0, 1), { graph: shape }));
});

test('of equal rows', async () => {
  const equal = Array.from({ length: 2000 }, () => rows[0]!);
  expectAllReached(await build(equal, { graph: shape }));
});

test('after rows came and went, and after a load', async () => {
  const index = await build(rows.slice(0, 2000), { graph: shape });
  await index.add(rows.slice(2000));
  await expectAllReachedSoon(index);
  await index.remove(positions(1200));
  await expectAllReachedSoon(index);
  const loaded = await load(index.toBytes());
  await loaded.add(rows.slice(0, 300), { ids: positions(300) });
  await expectAllReachedSoon(loaded);
});

test('where threads died while rows were put in and lists were mended', async () => {
  let deaths = 0;
  for (let seed = 1; seed <= (isWhole ? 3 : 1); seed++) {
    const index = await build(rows.slice(0, 2000), { graph: shape, worker: faultyWorker });
    failAtRandom('process.exit', 30, seed, 6);
    await index.remove(positions(900));
    await index.add(rows.slice(2000));
    await graphIsUpToDate(index);
    deaths += failures(6);
    failNowhere();
    await expectAllReachedSoon(index);
  }
  expect(deaths).toBeGreaterThan(0);
});
