/**
 * A subject measured by the package `benchmark` in short rounds. A sample is one call on one part, by its clock; parts are
 * restored between samples, where that clock does not run.
 *
 * Before each timed call of a synchronous benchmark that package makes one to see whether it throws; that call takes a part
 * too, and warms the code up.
 */
import type Benchmark from 'benchmark';
import type { Subject } from './subject.js';

/** Takes part in alternating rounds. */
export interface Contender {
  /** Nanoseconds per vector of each sample of one short round. */
  measureRound(length: RoundLength): Promise<readonly number[]>;
}

/** A round ends when it has lasted that long and has that many samples. */
export interface RoundLength {
  readonly seconds: number;
  readonly minSamples: number;
}

/** @param isAsync whether `run` of the subject gives promises */
export function createContender(BenchmarkClass: typeof Benchmark, subject: Subject, isAsync: boolean): Contender {
  const parts = new PartRing(subject);
  return {
    async measureRound({ seconds, minSamples }) {
      const options = {
        // One call per sample: it must not start from what the one before it left.
        initCount: 1,
        minTime: Number.MIN_VALUE,
        maxTime: seconds,
        minSamples,
        delay: 0,
        onCycle: () => parts.restoreUsed(),
      };
      const sample = isAsync
        ? await runDeferred(BenchmarkClass, options, async () => subject.run(parts.take()))
        : runSync(BenchmarkClass, options, () => subject.run(parts.take()));
      return sample.map((elapsedSeconds) => (elapsedSeconds * 1e9) / subject.vectorsPerPart);
    },
  };
}

function runSync(BenchmarkClass: typeof Benchmark, options: Benchmark.Options, call: () => void): readonly number[] {
  const benchmark = new BenchmarkClass({ ...options, fn: call }).run();
  // It keeps what the call threw, as whatever that is.
  if (benchmark.error) throw benchmark.error;
  return benchmark.stats.sample;
}

function runDeferred(
  BenchmarkClass: typeof Benchmark,
  options: Benchmark.Options,
  call: () => Promise<void>,
): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const benchmark = new BenchmarkClass({
      ...options,
      defer: true,
      fn: (deferred: Benchmark.Deferred) => {
        call().then(
          () => deferred.resolve(),
          (error) => {
            reject(error);
            benchmark.abort();
          },
        );
      },
      onComplete: () => resolve(benchmark.stats.sample),
    });
    benchmark.run({ async: true });
  });
}

/** The parts of a subject in turn. */
class PartRing {
  readonly #subject: Subject;
  #next = 0;
  #used = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
    for (let part = 0; part < subject.parts; part++) subject.restore(part);
  }

  /** A part with its vectors as they were at first. */
  take(): number {
    if (this.#used === this.#subject.parts) {
      throw new Error('a sample took more parts than there are: the clock is too coarse for parts of this size');
    }
    const part = this.#next;
    this.#next = (part + 1) % this.#subject.parts;
    this.#used++;
    return part;
  }

  restoreUsed(): void {
    const { parts } = this.#subject;
    for (; this.#used > 0; this.#used--) this.#subject.restore((this.#next + parts - this.#used) % parts);
  }
}
