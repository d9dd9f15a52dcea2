/**
 * Tells the worker module workers/faulty.mjs when to fail, through words it shares with this thread.
 */
import { setEnvironmentData } from 'node:worker_threads';

export const faultyWorker = new URL('./workers/faulty.mjs', import.meta.url);

const words = new Int32Array(new SharedArrayBuffer(64));
setEnvironmentData('simdex test fault', words.buffer);

const RELEASED = 5;

const MODES = {
  none: 0,
  'process.exit': 1,
  throw: 2,
  'uncaught error': 3,
  'foreign message': 4,
  'stack overflow': 5,
  'exit at start': 6,
  'throw at start': 7,
  slow: 8,
  held: 9,
} as const;
export type Fault = keyof typeof MODES;

/** Fails `times` times at `batch`. */
export function failAtBatch(fault: Fault, batch: number, times = 1): void {
  arm(fault, batch, times, 0, 0);
}

/** Fails `times` times at most, with `perMille` odds at every batch. */
export function failAtRandom(fault: Fault, perMille: number, seed: number, times = 1e9): void {
  arm(fault, -1, times, perMille, seed);
}

/** Also lets go what is held. */
export function failNowhere(): void {
  arm('none', 0, 0, 0, 0);
  release();
}

/** Resolves when a batch is held, of which there is to be one. */
export async function held(): Promise<void> {
  while (failures(1) === 0) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets the thread go on that is held. */
export function release(): void {
  Atomics.store(words, RELEASED, 1);
  Atomics.notify(words, RELEASED);
}

/** How often it failed since it was told, given the `times` it was told. */
export function failures(times: number): number {
  return times - Math.max(0, Atomics.load(words, 2));
}

function arm(fault: Fault, batch: number, times: number, perMille: number, seed: number): void {
  Atomics.store(words, RELEASED, 0);
  [MODES[fault], batch, times, perMille, seed].forEach((word, i) => {
    Atomics.store(words, i, word);
  });
}
