/**
 * Tells the worker module workers/faulty.mjs when to fail, through words it shares with this thread.
 */
import { setEnvironmentData } from 'node:worker_threads';

export const faultyWorker = new URL('./workers/faulty.mjs', import.meta.url);

const words = new Int32Array(new SharedArrayBuffer(64));
setEnvironmentData('simdex test fault', words.buffer as unknown as SharedArrayBuffer);

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

export function failNowhere(): void {
  arm('none', 0, 0, 0, 0);
}

/** How often it failed since it was told, given the `times` it was told. */
export function failures(times: number): number {
  return times - Math.max(0, Atomics.load(words, 2));
}

function arm(fault: Fault, batch: number, times: number, perMille: number, seed: number): void {
  [MODES[fault], batch, times, perMille, seed].forEach((word, i) => {
    Atomics.store(words, i, word);
  });
}
