/**
 * Brings vectors to the rows that were reserved for them. The calling thread copies them, or the threads do where the vectors
 * lie in shared memory. Then the threads turn them into what the index keeps.
 */
import { TimeSlices } from '../base/time.js';
import type { EngineCore } from '../engine/engine-core.js';
import type { RowSettling } from '../engine/worker/rows-task.js';
import type { IncomingVectors } from './incoming.js';
import type { RowRoom } from './rows.js';
import { type RowsScope, settleArrivingRows } from './rows-job.js';

/** Rejects with `ThreadPanic`, and with `signal.reason`. What is wrong with a vector is told by `incoming.check`. */
export async function bringVectors(
  core: EngineCore,
  scope: RowsScope,
  settling: RowSettling,
  incoming: IncomingVectors,
  rooms: readonly RowRoom[],
  signal: AbortSignal,
): Promise<void> {
  const source = core.sharesMemory ? incoming.shared : undefined;
  if (source) {
    await settleArrivingRows(core, scope, { rooms, settling, source, bring: undefined, bringAgain: undefined }, signal);
    return;
  }
  const bring = async (inPlace: (rows: number) => void) => {
    const slices = new TimeSlices(signal);
    for (const copied of incoming.copyInto(rooms)) {
      inPlace(copied);
      if (slices.isDue()) await slices.nextTurn();
    }
  };
  // A thread that died may have changed the rows it had, and they are no more what they were.
  const bringAgain = (room: number, first: number, count: number) => {
    const before = rooms.slice(0, room).reduce((sum, each) => sum + each.count, 0);
    const { segment, first: firstRow } = rooms[room]!;
    incoming.copy(segment.rows(firstRow + first, count), before + first, count);
  };
  await settleArrivingRows(core, scope, { rooms, settling, source, bring, bringAgain }, signal);
}
