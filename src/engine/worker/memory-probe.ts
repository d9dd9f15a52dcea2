/**
 * How fast memory is on all threads together: every thread touches fresh memory of its own, then copies one half of it to
 * the other, again and again, and at last the first thread does so alone. What the control block has beside the units:
 *
 *   words    int32 × 4            per step: threads that have come to it
 *   figures  float64 × 3 each     bytes per millisecond of first touch, of copying together, of copying alone
 *
 * A thread that waits too long for the others gives up, and its figures stay 0. Memory is touched and copied in pieces, and the rate is
 * the median over the pieces. When a thread has no processor for a while, few pieces are slow: the median hardly changes, the mean would.
 */
import { UnitControl } from '../../memory/control-block.js';
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

/** Time that each copying takes, in milliseconds. */
const COPY_MS = 6;
/** A piece is at least as long, so that no clock is too coarse for it, and short beside the turns that a system gives. */
const PIECE_MS = 0.25;
const STEP_BYTES = 2 ** 18;
/** Time for which threads that are still at other work are waited for, in milliseconds. */
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
  const touched = touch(memory);
  if (!meet(arrived, 1, threads)) return;
  const together = copyFor(memory);
  if (!meet(arrived, 2, threads)) return;
  own.set([touched, together, thread === 0 ? copyFor(memory) : 0]);
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

/** Bytes written for the first time per millisecond. */
function touch(memory: Uint8Array): number {
  const rates = new PieceRates();
  for (let at = 0; at < memory.length; at += STEP_BYTES) {
    memory.fill(1, at, Math.min(at + STEP_BYTES, memory.length));
    rates.moved(Math.min(STEP_BYTES, memory.length - at));
  }
  return rates.median();
}

/** Bytes read and written per millisecond. */
function copyFor(memory: Uint8Array): number {
  const half = memory.length / 2;
  const step = Math.min(STEP_BYTES, half);
  const until = performance.now() + COPY_MS;
  const rates = new PieceRates();
  for (let at = 0, turn = 0; rates.atMs < until; ) {
    const [from, to] = turn % 2 === 0 ? [at, half + at] : [half + at, at];
    memory.copyWithin(to, from, from + step);
    rates.moved(2 * step);
    at += step;
    if (at + step <= half) continue;
    at = 0;
    turn++;
  }
  return rates.median();
}

class PieceRates {
  readonly #rates: number[] = [];
  #bytes = 0;
  #startedAtMs = performance.now();
  atMs = this.#startedAtMs;

  moved(bytes: number): void {
    this.#bytes += bytes;
    this.atMs = performance.now();
    const elapsedMs = this.atMs - this.#startedAtMs;
    if (elapsedMs < PIECE_MS) return;
    this.#rates.push(this.#bytes / elapsedMs);
    this.#bytes = 0;
    this.#startedAtMs = this.atMs;
  }

  median(): number {
    // A piece that was too short to be one is better than nothing.
    if (this.#rates.length === 0 && this.atMs > this.#startedAtMs) return this.#bytes / (this.atMs - this.#startedAtMs);
    return this.#rates.sort((a, b) => a - b)[this.#rates.length >> 1] ?? 0;
  }
}
