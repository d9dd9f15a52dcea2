/**
 * Rows on their way from the store into an index: copied to shared memory, from which threads take them, the next ones while those before are
 * taken in. Two memories take turns.
 */
import { TimeSlices } from '../../base/time-slices.js';
import type { VectorMatrix } from '../../vectors/vector-matrix.js';

export interface BlockToStage {
  /** Rows, at most. */
  readonly count: number;
  /** Copies its rows, at once; gives how many they are. */
  copyInto(target: Float32Array): number;
}

/** Some milliseconds of copying. */
const STAGED_BYTES = 2 ** 24;

/** Chunks, each good until the one after the next is asked for. */
export async function* stagedRows(
  blocks: Iterable<BlockToStage>,
  dims: number,
): AsyncGenerator<VectorMatrix, undefined> {
  const chunks = copiedRows(blocks, dims);
  try {
    let next = chunks.next();
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = chunks.next();
      // Heard of when it is asked for.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    await chunks.return(undefined);
  }
}

async function* copiedRows(blocks: Iterable<BlockToStage>, dims: number): AsyncGenerator<VectorMatrix, undefined> {
  const least = Math.max(1, Math.floor(STAGED_BYTES / (4 * dims)));
  const slices = new TimeSlices();
  let memory: Float32Array = new Float32Array();
  let other: Float32Array = new Float32Array();
  let filled = 0;
  for (const { count, copyInto } of blocks) {
    if (filled > 0 && dims * (filled + count) > memory.length) {
      yield { data: memory.subarray(0, filled * dims), dims };
      [memory, other, filled] = [other, memory, 0];
      // Whoever has the chunk begins with it now.
      await slices.nextTurn();
    }
    if (memory.length < dims * count) {
      memory = new Float32Array(new SharedArrayBuffer(4 * dims * Math.max(least, count)));
    }
    filled += copyInto(memory.subarray(filled * dims));
    if (slices.isDue()) await slices.nextTurn();
  }
  if (filled > 0) yield { data: memory.subarray(0, filled * dims), dims };
}
