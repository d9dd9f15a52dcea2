/**
 * Which blocks of the store are written anew: those of which half the rows are dead, and small ones that follow each other. Blocks grow by a
 * factor each time, so a row is written anew a few times only.
 */
import type { RowMap } from './row-map.js';

/** Blocks of one size that follow each other are put together from so many on. */
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

/** Blocks of one level differ by a factor of at most `TOGETHER`. */
function levelOf(bytes: number): number {
  return Math.max(0, Math.ceil(Math.log(bytes / SMALLEST) / Math.log(TOGETHER)));
}
