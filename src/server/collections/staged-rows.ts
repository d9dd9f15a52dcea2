/**
 * Rows on their way from the store into an index: copied to shared memory, from which threads take them, the next ones while those before are
 * taken in. Three memories take turns: one is taken in, one is full or being filled, one takes the block that does not fit into that.
 */
import { oneAhead } from '../../base/one-ahead.js';
import { TimeSlices } from '../../base/time.js';
import type { VectorMatrix } from '../../vectors/vector-source.js';

/** A block of rows. It must be copied before the next one is asked for, and before anything else runs. */
export interface BlockToStage {
  /** Most rows of the block. */
  readonly count: number;
  /** Copies its rows; gives how many they are. */
  copyInto(target: Float32Array): number;
}

/** Every chunk is a job, whose messages cost the threads more than copying some megabytes. */
const STAGED_BYTES = 2 ** 26;

/** Chunks, each good until the one after the next is asked for. */
export function stagedRows(blocks: Iterable<BlockToStage>, dims: number): AsyncGenerator<VectorMatrix, undefined> {
  return oneAhead(copiedRows(blocks, dims));
}

async function* copiedRows(blocks: Iterable<BlockToStage>, dims: number): AsyncGenerator<VectorMatrix, undefined> {
  const least = Math.max(1, Math.floor(STAGED_BYTES / (4 * dims)));
  const slices = new TimeSlices();
  const memories: Float32Array[] = [NONE, NONE, NONE];
  const copy = ({ count, copyInto }: BlockToStage, place: 0 | 1, filled: number): number => {
    if (memories[place]!.length < dims * (filled + count)) {
      memories[place] = new Float32Array(new SharedArrayBuffer(4 * dims * Math.max(least, count)));
    }
    return copyInto(memories[place]!.subarray(filled * dims));
  };
  let filled = 0;
  for (const block of blocks) {
    if (filled > 0 && dims * (filled + block.count) > memories[0]!.length) {
      const first = copy(block, 1, 0);
      yield { data: memories[0]!.subarray(0, filled * dims), dims };
      memories.push(memories.shift()!);
      filled = first;
      // The receiver of the chunk begins with it now.
      await slices.nextTurn();
    } else {
      filled += copy(block, 0, filled);
      if (slices.isDue()) await slices.nextTurn();
    }
  }
  if (filled > 0) yield { data: memories[0]!.subarray(0, filled * dims), dims };
}

const NONE = new Float32Array();
