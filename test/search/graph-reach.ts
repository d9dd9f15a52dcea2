/**
 * A walk over the lists of a saved graph, which shares no code with the index.
 */
import type { VectorIndex } from 'simdex';
import { expect, vi } from 'vitest';
import { graphIsUpToDate } from './graph-support.js';
import { positions } from './support.js';

const NONE = 0xffffffff;
/** One row of each 16 is in the graph above: which, a hash says (assembly/README.md). */
function rowBelow(upper: number): number {
  return 16 * upper + (Math.imul(upper, 2654435761) >>> 28);
}

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
export function reachedRows(bytes: Uint8Array<ArrayBuffer>): Set<number> {
  const tensors = savedTensors(bytes);
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

/** Positions of the rows of the index that are entry points of any graph of the first part. */
export function entryRows(bytes: Uint8Array<ArrayBuffer>): number[] {
  const tensors = savedTensors(bytes);
  const { words, shape } = tensors.get('graph.entries')!;
  const rows = new Set<number>();
  for (let level = 0; level < shape[0]!; level++) {
    for (const entry of words.slice(16 * level, 16 * (level + 1))) {
      if (entry === NONE) continue;
      let row = entry;
      for (let above = level; above > 0; above--) row = rowBelow(row);
      rows.add(tensors.get('graph.rows')!.words[row]!);
    }
  }
  return [...rows];
}

/** That every row can be reached. */
export function expectAllReached(index: VectorIndex): void {
  expect([...reachedRows(index.toBytes())].sort((a, b) => a - b)).toEqual(positions(index.size));
}

/** Lists are mended behind the caller's back, some time after rows went. */
export async function expectAllReachedSoon(index: VectorIndex): Promise<void> {
  await graphIsUpToDate(index);
  await vi.waitFor(() => expectAllReached(index), { timeout: 60_000, interval: 50 });
}
