import Benchmark from 'benchmark';
import { describe, expect, it } from 'vitest';
import { createContender } from '../../bench/suite/contender.js';
import { measureAlternating } from '../../bench/suite/rounds.js';
import type { Subject } from '../../bench/suite/subject.js';

/** Counts, and tells of every part that is run without having been restored. */
class WatchedSubject implements Subject {
  readonly vectorsPerPart = 10;
  readonly log: string[] = [];
  readonly violations: string[] = [];
  readonly #fresh: boolean[];
  readonly parts: number;
  readonly #isAsync: boolean;
  #running = false;
  runs = 0;
  restored = 0;

  constructor(parts: number, isAsync: boolean) {
    this.parts = parts;
    this.#isAsync = isAsync;
    this.#fresh = new Array<boolean>(parts).fill(false);
  }

  run(part: number): Promise<void> | undefined {
    this.runs++;
    this.log.push('run');
    if (!this.#fresh[part]) this.violations.push(`part ${part} was not restored`);
    this.#fresh[part] = false;
    if (!this.#isAsync) return undefined;
    this.#running = true;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.#running = false;
        resolve();
      }),
    );
  }

  restore(part: number): void {
    this.restored++;
    this.log.push('restore');
    if (this.#running) this.violations.push(`part ${part} was restored while the clock ran`);
    if (this.#fresh[part]) this.violations.push(`part ${part} was restored twice`);
    this.#fresh[part] = true;
  }

  output() {
    return { rows: new Float32Array(0), magnitudes: undefined };
  }

  dispose(): void {}
}

const LENGTH = { seconds: 0, minSamples: 5 };

describe('createContender', () => {
  it('runs every call on a restored part, and restores what was used between the samples', async () => {
    const subject = new WatchedSubject(3, false);
    const contender = createContender(Benchmark, subject, false);
    const samples = [...(await contender.measureRound(LENGTH)), ...(await contender.measureRound(LENGTH))];
    expect(subject.violations).toEqual([]);
    // Each sample is one call that tries the code and one that is timed.
    expect(subject.runs).toBe(2 * samples.length);
    expect(subject.restored).toBe(subject.parts + subject.runs);
    // Nothing is restored between those two: what is timed is calls alone.
    const sample = 'run run restore restore';
    expect(subject.log.join(' ')).toBe(['restore restore restore', ...samples.map(() => sample)].join(' '));
  });

  it('restores between asynchronous samples, never while one is under way', async () => {
    const subject = new WatchedSubject(1, true);
    const samples = await createContender(Benchmark, subject, true).measureRound(LENGTH);
    expect(samples.length).toBeGreaterThanOrEqual(LENGTH.minSamples);
    expect(subject.violations).toEqual([]);
    expect(subject.runs).toBe(samples.length);
    expect(subject.restored).toBe(subject.parts + subject.runs);
  });

  it('gives nanoseconds per vector of every sample', async () => {
    const samples = await createContender(Benchmark, new WatchedSubject(4, false), false).measureRound(LENGTH);
    expect(samples.length).toBeGreaterThanOrEqual(LENGTH.minSamples);
    expect(samples.every((ns) => Number.isFinite(ns) && ns > 0)).toBe(true);
  });

  it('rejects with what the code under test throws, synchronous or not', async () => {
    const failure = new Error('out of order');
    for (const isAsync of [false, true]) {
      const subject = new WatchedSubject(4, isAsync);
      subject.run = () => {
        throw failure;
      };
      await expect(createContender(Benchmark, subject, isAsync).measureRound(LENGTH)).rejects.toBe(failure);
    }
  });

  it('refuses to take a part again before it is restored', async () => {
    const contender = createContender(Benchmark, new WatchedSubject(1, false), false);
    await expect(contender.measureRound(LENGTH)).rejects.toThrow('took more parts than there are');
  });
});

describe('measureAlternating', () => {
  const plan = { rounds: 4, seconds: 0, minSamples: 1 };

  it('gives every contender a turn in every round, after one that does not count', async () => {
    const turns: string[] = [];
    const contenders = ['a', 'b', 'c'].map((name) => ({
      async measureRound() {
        turns.push(name);
        return [turns.length];
      },
    }));
    const samples = await measureAlternating(contenders, plan);
    expect(turns.slice(0, 3).join('')).toBe('abc');
    const rounds = Array.from({ length: plan.rounds }, (_, i) => turns.slice(3 + 3 * i, 6 + 3 * i));
    for (const round of rounds) expect(round.toSorted().join('')).toBe('abc');
    expect(new Set(rounds.map(([first]) => first)).size).toBeGreaterThan(1);
    expect(samples.map((own) => own.length)).toEqual([4, 4, 4]);
    expect(samples.flat(2).toSorted((x, y) => x - y)).toEqual(Array.from({ length: 12 }, (_, i) => i + 4));
  });

  it('stops between two turns with the reason of the signal', async () => {
    const controller = new AbortController();
    let turns = 0;
    const contender = {
      async measureRound() {
        if (++turns === 3) controller.abort('enough');
        return [1];
      },
    };
    await expect(measureAlternating([contender], plan, controller.signal)).rejects.toBe('enough');
    expect(turns).toBe(3);
  });
});
