/**
 * How fast memory is on all threads together: every thread touches fresh memory of its own, then copies one half of it to
 * the other, again and again, and at last the first thread does so alone. What the control block has beside the units:
 *
 *   words    int32 × 4            per step: threads that have come to it
 *   figures  float64 × 3 each     bytes per millisecond of first touch, of copying together, of copying alone
 *
 * A thread that waits too long for the others gives up, and its figures stay 0.
 */
import { UnitControl } from '../../memory/unit-control.js';
import type { UnitWork } from './unit-work.js';

export interface MemoryProbeTask {
  readonly type: 'measure-memory';
  readonly control: ArrayBufferLike;
  readonly thread: number;
  readonly threads: number;
  /** Bytes that this thread touches. */
  readonly bytes: number;
}

export const WORDS_BYTES = 16;
export const FIGURES_BYTES = 24;

/** Time that copying takes, each time. */
const COPY_MS = 4;
/** Threads may still be at something else. */
const WAIT_MS = 100;

/** The work of measuring: each thread has one unit. */
export function measureMemory(task: MemoryProbeTask): UnitWork {
  const control = new UnitControl(task.control);
  return {
    *slices(unit) {
      measure(task, control);
      yield;
      control.recordDone(unit, task.thread);
    },
  };
}

function measure({ thread, threads, bytes }: MemoryProbeTask, { buffer, extra }: UnitControl): void {
  const arrived = new Int32Array(buffer, extra, WORDS_BYTES / 4);
  const own = new Float64Array(buffer, extra + WORDS_BYTES + FIGURES_BYTES * thread, 3);
  const memory = new Uint8Array(new SharedArrayBuffer(bytes));
  if (!meet(arrived, 0, threads)) return;
  const startedAtMs = performance.now();
  memory.fill(1);
  const touchMs = performance.now() - startedAtMs;
  if (!meet(arrived, 1, threads)) return;
  const together = copyFor(memory);
  if (!meet(arrived, 2, threads)) return;
  own.set([touchMs > 0 ? bytes / touchMs : 0, together, thread === 0 ? copyFor(memory) : 0]);
}

/** Waits until all threads have come to a step; false when some do not come. */
function meet(arrived: Int32Array, step: number, threads: number): boolean {
  // Pairs with the loads of the others below; whoever comes last wakes them.
  if (Atomics.add(arrived, step, 1) + 1 === threads) {
    Atomics.notify(arrived, step);
    return true;
  }
  const until = performance.now() + WAIT_MS;
  for (;;) {
    const come = Atomics.load(arrived, step);
    if (come >= threads) return true;
    if (performance.now() >= until) return false;
    Atomics.wait(arrived, step, come, 1);
  }
}

/** Bytes read and written per millisecond. */
function copyFor(memory: Uint8Array): number {
  const half = memory.length / 2;
  const startedAtMs = performance.now();
  let passes = 0;
  let elapsedMs = 0;
  while (elapsedMs < COPY_MS) {
    memory.copyWithin(passes % 2 === 0 ? half : 0, passes % 2 === 0 ? 0 : half, passes % 2 === 0 ? half : 2 * half);
    passes++;
    elapsedMs = performance.now() - startedAtMs;
  }
  return (passes * memory.length) / elapsedMs;
}
