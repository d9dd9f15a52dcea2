/**
 * The conditions of a run: processor time, memory, threads. It asks for the processor time at the beginning of a run and at
 * its end, and not at all where batches are not timed.
 */

import type { Platform } from '../../engine/lanes/platform.js';
import type { RunConditions } from '../../reporting/report-data.js';
import { knownMemoryRates } from './memory-rates.js';

export class ConditionsWatch {
  readonly #cpuTimeMs: (() => number) | undefined;
  readonly #cpuAtStartMs: number;
  readonly #availableThreads: number;
  #startedThreads = 0;
  #freshBytes = 0;

  /** @param timed whether anybody will read it */
  constructor(platform: Platform, availableThreads: number, timed: boolean) {
    this.#cpuTimeMs = timed ? platform.cpuTimeMs : undefined;
    this.#cpuAtStartMs = this.#cpuTimeMs?.() ?? 0;
    this.#availableThreads = availableThreads;
  }

  threadsStarted(count: number): void {
    this.#startedThreads += count;
  }

  /** @param bytes that nobody touched before this run */
  memoryTouched(bytes: number): void {
    this.#freshBytes += bytes;
  }

  read(): RunConditions {
    return {
      runs: 1,
      startedThreads: this.#startedThreads,
      freshBytes: this.#freshBytes,
      availableThreads: this.#availableThreads,
      cpuMs: this.#cpuTimeMs && this.#cpuTimeMs() - this.#cpuAtStartMs,
      memory: knownMemoryRates(),
    };
  }
}
