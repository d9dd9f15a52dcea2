/**
 * Tells the worker module workers/dying.mjs when its threads are to die, through words it shares with this thread.
 */
import { setEnvironmentData } from 'node:worker_threads';

export const dyingWorker = new URL('./workers/dying.mjs', import.meta.url);

const words = new Int32Array(new SharedArrayBuffer(64));
setEnvironmentData('simdex test death', words.buffer);

export const MOMENTS = [
  'at the start of a task',
  'before a claim',
  'after a claim',
  'in a unit',
  'before the end of a unit',
  'after the end of a unit',
  'while it waits for rows',
  'when it is asked to yield',
  'at the end of a task',
] as const;
export type Moment = (typeof MOMENTS)[number];
/** How a thread dies: it exits, or the task throws. */
export const WAYS = ['exit', 'throw'] as const;
export type Way = (typeof WAYS)[number];

export interface Death {
  readonly moment: Moment;
  readonly way?: Way;
  /** Threads that die. Default 1. */
  readonly times?: number;
  /** Moments of that kind that pass before the first death. Default 0. */
  readonly skip?: number;
  /** Only at this unit; by default at any. */
  readonly unit?: number;
  /** Every unit takes so much longer. Default 0. */
  readonly holdMs?: number;
}

export function dieAt({ moment, way = 'exit', times = 1, skip = 0, unit = -1, holdMs = 0 }: Death): void {
  arm([1 + MOMENTS.indexOf(moment), skip, times, unit, WAYS.indexOf(way), 0, 0, 0, holdMs]);
}

/** Dies at any moment, with `per10000` odds at each, `times` times at most. */
export function dieAtRandom(per10000: number, seed: number, way: Way, times: number): void {
  arm([1 + MOMENTS.length, 0, times, -1, WAYS.indexOf(way), per10000, seed, 0, 0]);
}

export function dieNowhere(): void {
  arm([0, 0, 0, -1, 0, 0, 0, 0, 0]);
}

let armedTimes = 0;

/** Threads that died since it was told. */
export function deaths(): number {
  return armedTimes - Math.max(0, Atomics.load(words, 2));
}

function arm(values: readonly number[]): void {
  armedTimes = values[2]!;
  // The moment last: what belongs to it is there then.
  for (let i = values.length - 1; i >= 0; i--) Atomics.store(words, i, values[i]!);
}
