/**
 * Work that is done step by step: at once where it is little, else in slices with turns of the event loop between them.
 */
import type { TimeSlices } from '../base/time.js';

/** Gives back the thread after every step, each of which takes a small fraction of a millisecond. */
export type Steps<T> = Generator<void, T>;

export function doNow<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

export async function doInSlices<T>(steps: Steps<T>, slices: TimeSlices): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (slices.isDue()) await slices.nextTurn();
  }
}
