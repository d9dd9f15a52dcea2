/**
 * What the memory of this machine gives: the best rate of three ways to pass over a set of vectors of 128 dims, which are
 * beyond the caches and little work.
 *
 *   copy     one thread copies them with TypedArray.set: bytes read and written
 *   read     magnitudes, on one thread and on all: bytes read
 *   update   normalising in place, on one thread and on all: bytes read and written
 *
 * Rates are gigabytes (10⁹ bytes) per second, the best of many passes over parts of the set or all of it.
 */
import type { DataSet } from './data-set.js';
import type { Subject } from './subject.js';

export interface Bandwidth {
  /** Bytes of the set. */
  readonly bytes: number;
  readonly copyGBps: number;
  readonly readGBps: number;
  readonly updateGBps: number;
  /** The largest of them: what shares are of. */
  readonly memoryGBps: number;
}

export const BANDWIDTH_DIMS = 128;

/** Subjects over one set of `BANDWIDTH_DIMS`: of the operation magnitude, and of normalize. */
export interface BandwidthSubjects {
  readonly read: readonly Subject[];
  readonly update: readonly Subject[];
}

export class BandwidthProbe {
  readonly #set: DataSet;
  readonly #read: readonly RatedSubject[];
  readonly #update: readonly RatedSubject[];
  #copyGBps = 0;

  constructor(set: DataSet, { read, update }: BandwidthSubjects) {
    this.#set = set;
    this.#read = read.map((subject) => ({ subject, bytesPerVector: 4 * BANDWIDTH_DIMS, bestGBps: 0 }));
    this.#update = update.map((subject) => ({ subject, bytesPerVector: 8 * BANDWIDTH_DIMS, bestGBps: 0 }));
  }

  /** The best of all passes so far. */
  get bandwidth(): Bandwidth {
    const best = (rated: readonly RatedSubject[]) => Math.max(...rated.map(({ bestGBps }) => bestGBps));
    const rates = { copyGBps: this.#copyGBps, readGBps: best(this.#read), updateGBps: best(this.#update) };
    const { components, parts } = this.#set;
    return { bytes: components.byteLength * parts, ...rates, memoryGBps: Math.max(...Object.values(rates)) };
  }

  async measure(passes: number): Promise<void> {
    for (let pass = 0; pass < passes; pass++) {
      this.#copy();
      for (const rated of [...this.#read, ...this.#update]) await runAllParts(rated);
    }
  }

  dispose(): void {
    for (const { subject } of [...this.#read, ...this.#update]) subject.dispose();
  }

  #copy(): void {
    const { components, parts } = this.#set;
    const source = new Float32Array(components.length * parts).fill(0.5);
    const target = new Float32Array(source.length).fill(0);
    for (let part = 0; part < parts; part++) {
      const first = part * components.length;
      const from = source.subarray(first, first + components.length);
      const start = performance.now();
      target.set(from, first);
      this.#copyGBps = Math.max(this.#copyGBps, rate(2 * components.byteLength, performance.now() - start));
    }
  }
}

interface RatedSubject {
  readonly subject: Subject;
  readonly bytesPerVector: number;
  bestGBps: number;
}

async function runAllParts(rated: RatedSubject): Promise<void> {
  const { subject, bytesPerVector } = rated;
  for (let part = 0; part < subject.parts; part++) subject.restore(part);
  for (let part = 0; part < subject.parts; part++) {
    const start = performance.now();
    await subject.run(part);
    rated.bestGBps = Math.max(rated.bestGBps, rate(bytesPerVector * subject.vectorsPerPart, performance.now() - start));
  }
}

/** A clock that did not tick says nothing. */
function rate(bytes: number, ms: number): number {
  return ms > 0 ? bytes / (ms * 1e6) : 0;
}
