/**
 * The conditions of a run: processor time, memory, threads. It asks for the processor time at the beginning of a run and at its end, and not at
 * all where batches are not timed.
 *
 * How fast this machine's memory is, for one thread and for all, is measured at most once in a process. That takes some 50 ms of all threads and
 * 64 MiB, so it is done only on request, or after a run that took far longer.
 */
import type { EngineCore } from '../../engine/engine-core.js';
import type { Job } from '../../engine/job.js';
import type { Platform } from '../../engine/lanes/platform.js';
import { FIGURES_BYTES, measureMemory, WORDS_BYTES } from '../../engine/worker/memory-probe.js';
import { UNIT_WORDS } from '../../memory/control-block.js';
import { JobControl } from '../../memory/job-control.js';
import type { MemoryRates, RunConditions } from '../../reporting/report-data.js';

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

/** Bytes that all threads touch together: beyond the caches of most machines. */
export const PROBE_BYTES = 64 * 2 ** 20;
/** Least bytes that a thread touches. With fewer, the clock and the caches are measured. */
const LEAST_BYTES = 2 ** 20;

const MEASURING_MS = 50;

let known: MemoryRates | undefined;

/** Rates of this machine's memory; undefined until they are measured. */
export function knownMemoryRates(): MemoryRates | undefined {
  return known;
}

/** Has all threads measure at once; what was known before is given again. undefined where a thread did not come. */
export async function measureMemoryRates(core: EngineCore): Promise<MemoryRates | undefined> {
  if (known) return known;
  const { threads } = core;
  const control = JobControl.create(new Uint32Array(UNIT_WORDS * threads), {
    threads,
    reserve: true,
    extraBytes: WORDS_BYTES + FIGURES_BYTES * threads,
    shared: true,
  });
  const bytes = 2 * Math.floor(Math.max(LEAST_BYTES, PROBE_BYTES / threads) / 2);
  const task = (thread: number) =>
    ({ type: 'measure-memory', control: control.buffer, thread, threads, bytes }) as const;
  const job: Job = {
    what: 'indexing',
    control,
    calls: 1,
    searches: false,
    threads,
    task,
    open: (thread) => measureMemory(task(thread)),
    // Its figures stay 0.
    fail: () => undefined,
  };
  await core.execute(() => job, MEASURING_MS);
  known = ratesOf(new Float64Array(control.buffer, control.extra + WORDS_BYTES, 3 * threads));
  return known;
}

/** @param figures first touch, copying together and copying alone of each thread, bytes per millisecond; 0 for unknown */
function ratesOf(figures: Float64Array): MemoryRates | undefined {
  const threads = Array.from({ length: figures.length / 3 }, (_, i) => figures.subarray(3 * i, 3 * i + 3));
  const bytesPerMs = threads.reduce((sum, [, together]) => sum + together!, 0);
  const touch = threads.reduce((sum, [touched]) => sum + touched!, 0) / threads.length;
  const alone = threads[0]?.[2] ?? 0;
  if (threads.some(([touched, together]) => !(touched! > 0 && together! > 0)) || alone <= 0) return undefined;
  return { bytesPerMs, firstTouchBytesPerMs: touch, oneThreadShare: Math.min(1, alone / bytesPerMs) };
}
