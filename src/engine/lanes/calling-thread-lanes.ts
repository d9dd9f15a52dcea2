/**
 * Does the units of jobs on the calling thread, where there are no workers, or none that can do a job. It works in slices, with turns of
 * the event loop between them.
 */
import { TimeSlices } from '../../base/time.js';
import type { Job } from '../job.js';
import { warmUp } from '../worker/warm-up.js';
import type { Lanes } from './lanes.js';

/** @param shared whether memories are shared ones, though nobody shares them */
export function callingThreadLanes(shared: boolean): Lanes {
  return {
    threads: 1,
    shared: false,
    searches: true,
    pool: undefined,
    async warmUp(kernel) {
      warmUp(kernel, shared);
    },
    workOn: workOnHere,
    dispose: async () => undefined,
  };
}

/** Does units of a job on the calling thread until none is left whose input is in place, or another job waits. */
export async function workOnHere(job: Job): Promise<void> {
  const { control } = job;
  const work = job.open(0);
  const slices = new TimeSlices();
  for (let unit = control.claimNow(0); unit >= 0; unit = control.claimNow(0)) {
    for (const _ of work.slices(unit)) {
      if (slices.isDue()) await slices.nextTurn();
      if (!control.isMine(unit, 0)) break;
    }
    if (slices.isDue()) await slices.nextTurn();
    if (control.isAskedToYield) return;
  }
  // The rows of the next units are being copied in.
  if (control.findOpen() >= 0) await slices.nextTurn();
}
