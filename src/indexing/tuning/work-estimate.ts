/**
 * How long a vector takes, for each number of components and operation: first by a formula, then as measured; and how little work makes a call
 * a small one. Times are nanoseconds per vector on one thread.
 *
 * Where batches are timed, their times are used. Of other runs only the whole time is known. It includes copying in, start-up
 * and waiting, so it is an upper bound: a lower one is believed at once, and a higher one step by step.
 */
import type { KernelBackend } from '../../kernel/instantiate.js';
import type { KernelOperation } from '../../kernel/kernel-exports.js';
import type { BatchRecords } from '../../memory/batch.js';
import { DONE } from '../../memory/control-block.js';
import type { RowGroup } from '../../vectors/source-rows.js';

/** How much slower the other backends are than SIMD, before anything is measured. */
const SLOWDOWN: Record<KernelBackend, number> = { simd: 1, scalar: 6, javascript: 25 };

/** Weight of a new measurement; the rest stays with what was known. */
const NEW_WEIGHT = 0.5;

/** An untimed run raises what is known by this factor at most. */
const MOST_RISE = 1.25;
/** A shorter untimed run mostly measures its start and end. It only puts the estimates in doubt. */
const LEAST_UNTIMED_MS = 2;
/** A doubted estimate falls by this part of its distance to what the model says. */
const DOUBT = 0.1;
/** Nothing is learnt from runs predicted to be shorter: delays of small runs would raise an estimate that nothing lowers. */
const LEAST_PREDICTED_MS = 1;

/** Nothing is learnt from a small call that is shorter: most of it is copying. */
const LEAST_SMALL_MS = 0.02;

/** Distinct dims remembered; ragged input may have tens of thousands. */
const MAX_LEARNT = 4096;

/** A call with fewer vectors per thread is small, if they are little work. */
const SMALL_PER_THREAD = 50;
const SMALL_NS = 250_000;

/** Figures of a run that has ended: its batches, threads, and milliseconds from start to end. */
interface FinishedRun {
  readonly control: BatchRecords;
  readonly threads: number;
  readonly totalTimeMs: number;
}

export class WorkEstimate {
  readonly #slowdown: number;
  /** Nanoseconds per vector, by operation, then dims. */
  readonly #learnt = new Map<KernelOperation, Map<number, number>>();

  constructor(backend: KernelBackend) {
    this.#slowdown = SLOWDOWN[backend];
  }

  nsPerVector(dims: number, operation: KernelOperation): number {
    return this.#learnt.get(operation)?.get(dims) ?? this.#slowdown * model(dims, operation);
  }

  /** Nanoseconds that all rows of `groups` take on one thread. */
  totalNs(groups: readonly RowGroup[], operation: KernelOperation): number {
    return groups.reduce((sum, { dims, count }) => sum + count * this.nsPerVector(dims, operation), 0);
  }

  /** Takes in what a finished run took. */
  learnFrom(run: FinishedRun, operation: KernelOperation): void {
    if (run.control.timed) this.#learnFromBatches(run.control, operation);
    else if (run.totalTimeMs >= LEAST_UNTIMED_MS) this.#learnFromWhole(run, operation);
    else this.#doubt(run.control, operation);
  }

  /**
   * A run without times that is so short tells nothing but that its rows may be less work than was thought: an estimate that is too high
   * would send small calls to the threads for ever.
   */
  #doubt(control: BatchRecords, operation: KernelOperation): void {
    for (let index = 0; index < control.batchCount; index++) {
      const { dims } = control.batch(index);
      const least = this.#slowdown * model(dims, operation);
      const known = this.nsPerVector(dims, operation);
      if (known > least) this.#remember(dims, operation, known - DOUBT * (known - least));
    }
  }

  /** Takes in what a small call took on the calling thread, which may have been held up meanwhile. */
  learnFromSmall(dims: number, operation: KernelOperation, count: number, elapsedMs: number): void {
    // A shorter call mostly measures copying, not work.
    if (elapsedMs < LEAST_SMALL_MS) return;
    const known = this.nsPerVector(dims, operation);
    this.#learn(dims, operation, count, Math.min(1e6 * elapsedMs, MOST_RISE * known * count));
  }

  #learnFromWhole({ control, threads, totalTimeMs }: FinishedRun, operation: KernelOperation): void {
    const counts = new Map<number, number>();
    for (let index = 0; index < control.batchCount; index++) {
      const { dims, count } = control.batch(index);
      if (control.state(index) === DONE) counts.set(dims, (counts.get(dims) ?? 0) + count);
    }
    const groups = [...counts].map(([dims, count]) => ({ dims, count }));
    const predicted = this.totalNs(groups, operation);
    const atWork = Math.min(threads, control.batchCount);
    if (predicted < 1e6 * LEAST_PREDICTED_MS * atWork) return;
    const taken = 1e6 * totalTimeMs * atWork;
    const change = Math.min(MOST_RISE, taken / predicted);
    for (const { dims } of groups) this.#remember(dims, operation, change * this.nsPerVector(dims, operation));
  }

  #learnFromBatches(control: BatchRecords, operation: KernelOperation): void {
    const measured = new Map<number, { count: number; ms: number }>();
    for (let index = 0; index < control.batchCount; index++) {
      if (control.state(index) !== DONE) continue;
      const { dims, count } = control.batch(index);
      const known = measured.get(dims) ?? { count: 0, ms: 0 };
      const ms = control.endedAtMs(index) - control.claimedAtMs(index);
      measured.set(dims, { count: known.count + count, ms: known.ms + ms });
    }
    for (const [dims, { count, ms }] of measured) this.#learn(dims, operation, count, ms * 1e6);
  }

  #learn(dims: number, operation: KernelOperation, count: number, ns: number): void {
    if (count === 0 || ns <= 0) return;
    const known = this.#learnt.get(operation)?.get(dims);
    const measured = ns / count;
    this.#remember(dims, operation, known === undefined ? measured : known + NEW_WEIGHT * (measured - known));
  }

  #remember(dims: number, operation: KernelOperation, ns: number): void {
    const byDims = this.#learnt.get(operation) ?? new Map<number, number>();
    this.#learnt.set(operation, byDims);
    if (!byDims.has(dims) && byDims.size >= MAX_LEARNT) byDims.clear();
    byDims.set(dims, ns);
  }
}

/**
 * A merge network on `n` values has levels in proportion to log₂²(n), each over all of them; without sorting, the row is
 * read and written once. The factors fit the SIMD kernel on a 3 to 4 GHz core, to about a factor of two.
 */
function model(dims: number, operation: KernelOperation): number {
  const normalise = 10 + 0.2 * dims;
  const sorts = operation === 'process' || operation === 'sort';
  return sorts ? normalise + 0.025 * dims * Math.log2(dims + 1) ** 2 : normalise;
}

/** Whether so few vectors may be done at once, by their work, which is looked at then. */
export function isSmall(count: number, threads: number): boolean {
  return count < SMALL_PER_THREAD * threads;
}

/** @param predictedNs nanoseconds that the vectors take on one thread */
export function isLittleWork(predictedNs: number): boolean {
  return predictedNs <= SMALL_NS;
}
