/**
 * How long a vector takes, per number of components and operation: a formula until it was measured, then what was measured.
 * Times are nanoseconds per vector on one thread.
 */
import type { KernelBackend } from '../kernel/instantiate.js';
import type { KernelOperation } from '../kernel/kernel-exports.js';
import { type ControlBlock, DONE } from '../memory/control-block.js';
import type { RowGroup } from '../vectors/source-rows.js';

/** How much slower the other backends are than SIMD, before anything is measured. */
const SLOWDOWN: Record<KernelBackend, number> = { simd: 1, scalar: 6, javascript: 25 };

/** Weight of a new measurement; the rest stays with what was known. */
const NEW_WEIGHT = 0.5;

/** Distinct dims remembered; ragged input may have tens of thousands. */
const MAX_LEARNT = 4096;

export class WorkEstimate {
  readonly #slowdown: number;
  readonly #learnt = new Map<string, number>();

  constructor(backend: KernelBackend) {
    this.#slowdown = SLOWDOWN[backend];
  }

  nsPerVector(dims: number, operation: KernelOperation): number {
    return this.#learnt.get(`${operation} ${dims}`) ?? this.#slowdown * model(dims, operation);
  }

  /** Nanoseconds that all rows of `groups` take on one thread. */
  totalNs(groups: readonly RowGroup[], operation: KernelOperation): number {
    return groups.reduce((sum, { dims, count }) => sum + count * this.nsPerVector(dims, operation), 0);
  }

  /** Takes in what the batches of a finished run took. */
  learnFrom(control: ControlBlock, operation: KernelOperation): void {
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
    const key = `${operation} ${dims}`;
    const known = this.#learnt.get(key);
    const measured = ns / count;
    if (known === undefined && this.#learnt.size >= MAX_LEARNT) this.#learnt.clear();
    this.#learnt.set(key, known === undefined ? measured : known + NEW_WEIGHT * (measured - known));
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
