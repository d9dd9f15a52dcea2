/**
 * Where the time of a command went: it measures what the command waited for, moment by moment.
 */
import { phasesOf, type Span } from '../reporting/phases.js';
import type { Phase } from '../reporting/report-data.js';

export class PhaseClock {
  readonly #clock: () => number;
  readonly #startedAtMs: number;
  readonly #spans: Span[] = [];

  /** Begins to measure: the command starts now. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#startedAtMs = clock();
  }

  async during<T>(name: Span['name'], work: () => T | Promise<T>): Promise<T> {
    const fromMs = this.#now();
    try {
      return await work();
    } finally {
      this.#spans.push({ name, fromMs, toMs: this.#now() });
    }
  }

  /** Passes chunks on. The time until each is there counts as reading. */
  async *reading<T>(chunks: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      while (true) {
        const next = await this.during('reading', () => iterator.next());
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  /**
   * The phases until now. Reading and indexing go on at the same time: while a chunk is read, the command waits for that;
   * where the reader waits, for indexing.
   *
   * @param copyingMs the part of indexing in which rows were copied in
   */
  phases(copyingMs: number): Phase[] {
    const precedence = ['starting', 'report', 'graph', 'writing', 'reading', 'indexing'] as const;
    return phasesOf(this.#spans, this.#now(), precedence).flatMap((phase): Phase[] => {
      if (phase.name !== 'indexing' || copyingMs === 0) return [phase];
      const copying = Math.min(phase.ms, copyingMs);
      return [
        { name: 'copying', ms: copying },
        { name: 'indexing', ms: phase.ms - copying },
      ];
    });
  }

  #now(): number {
    return this.#clock() - this.#startedAtMs;
  }
}
