/**
 * Which blocks of the store are written anew: those of which half the rows are dead, and small ones that follow each other. Blocks grow by a
 * factor each time, so a row is written anew a few times only.
 */
import { type Block, BlockEncoder, decodeBlock, idOfRow, namesOf, numberOfRow } from '../store/block.js';
import type { CollectionStore } from '../store/collection-store.js';
import type { PointId } from './point-id.js';
import { isDead, type RowMap } from './row-map.js';

/** Least number of consecutive blocks of one size that are put together. */
const TOGETHER = 8;
/** Blocks from this size on stay as they are, in bytes. */
const LARGE = 2 ** 22;
const SMALLEST = 2 ** 13;
const MOST_DEAD = 0.5;

/** Blocks from `at` on that are to become one. */
export interface Compaction {
  readonly at: number;
  readonly count: number;
}

export function compactionOf({ blocks }: RowMap): Compaction | undefined {
  const last = blocks.length - 1;
  if (last < 0) return undefined;
  const level = levelOf(blocks[last]!.bytes);
  let at = last;
  let bytes = blocks[last]!.bytes;
  while (at > 0 && levelOf(blocks[at - 1]!.bytes) <= level && bytes < LARGE) bytes += blocks[--at]!.bytes;
  if (last - at + 1 >= TOGETHER && level < levelOf(LARGE)) return { at, count: last - at + 1 };
  const dead = blocks.findIndex(({ count, deadCount }) => deadCount > MOST_DEAD * count || deadCount === count);
  return dead === -1 ? undefined : { at: dead, count: 1 };
}

/** Puts blocks together, without their dead rows. Resolves with the number from which on rows are gone. */
export async function compactBlocks(
  { at, count }: Compaction,
  rows: RowMap,
  store: CollectionStore,
  dims: number,
): Promise<number> {
  const replaced = rows.blocks.slice(at, at + count);
  const kept = replaced
    .filter((block) => block.deadCount < block.count)
    .map(({ first, dead }) => ({ block: decodeBlock(store.block(first)!), dead }));
  const numbers: number[] = [];
  const ids: PointId[] = [];
  for (const { block, dead } of kept) {
    for (const row of alive(block, dead)) {
      numbers.push(numberOfRow(block, row));
      ids.push(idOfRow(block, row));
    }
  }
  const names = namesOf(Float64Array.from(numbers), ids);
  const encoded = ids.length > 0 ? new BlockEncoder().encode(names, dims) : undefined;
  let row = 0;
  for (const { block, dead } of kept) {
    for (const from of alive(block, dead)) {
      encoded!.vectors.set(block.vectors.subarray(from * dims, (from + 1) * dims), row++ * dims);
    }
  }
  await store.commit({
    // The new block may have the number of one that is removed.
    removedBlocks: replaced.map(({ first }) => first),
    blocks: encoded ? [[numbers[0]!, encoded.bytes]] : [],
  });
  rows.replace(at, count, names, encoded?.bytes.length ?? 0);
  return replaced.find(({ deadCount }) => deadCount > 0)?.first ?? Number.POSITIVE_INFINITY;
}

function* alive({ count }: Block, dead: Uint8Array | undefined): Generator<number, undefined> {
  for (let row = 0; row < count; row++) if (!isDead(dead, row)) yield row;
}

/** Blocks of one level differ by a factor of at most `TOGETHER`. */
function levelOf(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log(bytes / SMALLEST) / Math.log(TOGETHER)));
}
