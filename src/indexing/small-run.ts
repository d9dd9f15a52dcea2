/**
 * Which runs are done at once, on the calling thread: few vectors that are little work. Pure.
 */

/** Below this many vectors per thread, a run that is little work is not worth sharing. */
const SMALL_RUN_PER_THREAD = 50;
const SMALL_RUN_NS = 2e6;
/** What handing a run over to a single thread takes. Shorter work is done faster here, and there is nobody to share it. */
const HAND_OVER_NS = 1e5;
/** More vectors than that take longer, however short they are. */
const HAND_OVER_COUNT = 1000;

/** Whether so few vectors may be done here, by their work, which is looked at then. */
export function isSmall(count: number, threads: number): boolean {
  return count < (threads === 1 ? HAND_OVER_COUNT : SMALL_RUN_PER_THREAD * threads);
}

/** @param predictedNs nanoseconds that the vectors of a small run take on one thread */
export function isLittleWork(count: number, threads: number, predictedNs: number): boolean {
  return predictedNs <= (count < SMALL_RUN_PER_THREAD * threads ? SMALL_RUN_NS : HAND_OVER_NS);
}
