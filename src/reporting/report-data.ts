/**
 * The figures of one run as plain data, from which a report is made and to which it is written. Times in milliseconds,
 * ratios 0..1; lists by thread have one entry per thread, in order of thread id. A part that was switched off is
 * undefined.
 */
import type { HistogramSnapshot } from '../monitoring/exponential-histogram.js';
import type { TimeSummary } from '../monitoring/time-distribution.js';

/** What a thread did in a run. */
export interface ThreadPerformance {
  readonly threadId: number;
  /** Vectors indexed by this thread. */
  readonly operationsCompleted: number;
  /** Mean, least and greatest time of one vector; 0 when the thread indexed none. */
  readonly averageTimeMs: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** A batch size that was in use, and the throughput with it. */
export interface BatchSizeSample {
  readonly batchSize: number;
  readonly vectorsPerSecond: number;
}

/** Batches not yet claimed, `atMs` after the start of the run; of a long stream, their mean until the next sample. */
export interface QueueDepthSample {
  readonly atMs: number;
  readonly depth: number;
}

/** Batches not yet claimed, over the time of a run. */
export interface QueueDepth {
  readonly max: number;
  /** Mean over the time of the run, each depth weighted by how long it lasted. */
  readonly mean: number;
  /** In order of time. */
  readonly samples: readonly QueueDepthSample[];
}

/** A batch as it ran; times after the start of the run. */
export interface BatchSample {
  readonly threadId: number;
  /** Rows in it, rejected ones included. */
  readonly vectors: number;
  readonly dims: number;
  readonly rejected: number;
  readonly claimedAtMs: number;
  readonly endedAtMs: number;
}

/** Vectors indexed so far, `atMs` after the start of the run. */
export interface CompletedSample {
  readonly atMs: number;
  readonly vectors: number;
}

/** Rows that the calling thread copied into the run's memory. */
export interface CopyIn {
  readonly bytes: number;
  /** Time the calling thread spent on it, its turns for everybody else left out. */
  readonly busyMs: number;
  /** When the last row was in place, after the start of the run. */
  readonly endedAtMs: number;
}

/** What the memory of this machine gave, measured once in a process, on all threads of an indexer together. */
export interface MemoryRates {
  /** Bytes copied per millisecond, read and written ones counted. */
  readonly bytesPerMs: number;
  /** Bytes of fresh memory touched per millisecond. */
  readonly firstTouchBytesPerMs: number;
  /** What one thread alone copies, of what all copy together. */
  readonly oneThreadShare: number;
}

/** What a run found when it began, and used; of a stream, all its runs together. */
export interface RunConditions {
  /** Runs that the figures are of: 1, or the chunks of a stream. */
  readonly runs: number;
  /** Threads that were started for this run; 0 where they were there. */
  readonly startedThreads: number;
  /** Bytes of memory that this run was the first to touch; 0 with memory that was given back before, and in place. */
  readonly freshBytes: number;
  /** Threads that `'auto'` stands for here: those that processors are there for. */
  readonly availableThreads: number;
  /** Processor time of the whole process during the run; undefined where it cannot be told, as in pages. */
  readonly cpuMs: number | undefined;
  /** undefined until it was measured. */
  readonly memory: MemoryRates | undefined;
}

export const bottleneckNames = [
  'copying',
  'first touch',
  'memory bandwidth',
  'imbalance',
  'few vectors',
  'start-up',
  'processors',
] as const;

/** What held a run back. */
export interface Bottleneck {
  readonly name: (typeof bottleneckNames)[number];
  /** Of the run's time, 0..1. */
  readonly share: number;
  readonly lostMs: number;
  /** The figure that shows it, and what to change. */
  readonly recommendation: string;
}

export const optimizationNames = ['threads', 'batchSize'] as const;
export const optimizationMoments = ['during', 'between'] as const;
export const optimizationOutcomes = ['measuring', 'kept', 'taken back'] as const;

/** A change that the tuner made. */
export interface Optimization {
  readonly action: (typeof optimizationNames)[number];
  /** While a run lasted, or for the runs after one. */
  readonly when: (typeof optimizationMoments)[number];
  /** Threads, or most vectors in a batch. */
  readonly before: number;
  /** undefined for batches that the next run has yet to cut. */
  readonly after: number | undefined;
  /** Components per second after / before; undefined until it was measured. */
  readonly effect: number | undefined;
  readonly outcome: (typeof optimizationOutcomes)[number];
}

export const kernelNames = ['simd', 'scalar', 'javascript'] as const;

/** What a run ran on. */
export interface RunBackend {
  readonly kernel: (typeof kernelNames)[number];
  readonly threads: number;
  /** Whether threads and caller worked on one shared memory. */
  readonly shared: boolean;
}

/** The figures of a report. */
export interface IndexingPerformanceReportData {
  /** Vectors indexed; rejected ones are not among them. */
  readonly totalVectors: number;
  readonly totalTimeMs: number;
  readonly vectorsPerSecond: number;
  /** Most rows in a batch. */
  readonly batchSize: number;
  readonly threadCount: number;
  /** Shortest / longest thread time; 1 when the longest is too short to tell. */
  readonly threadEfficiency: number;
  /** Busy time of each thread. */
  readonly threadTimesMs: readonly number[];
  /** One row per thread; empty without `enablePerThreadMonitoring`. */
  readonly threadPerformance: readonly ThreadPerformance[];
  /** `totalTimeMs / totalVectors`. */
  readonly averageVectorTimeMs: number;
  readonly recommendations: readonly string[];
  /** Times of single vectors on their threads. */
  readonly indexTime: TimeSummary;
  /** The same times, in milliseconds. */
  readonly indexTimeHistogram: HistogramSnapshot;
  /** Magnitudes of indexed vectors, of at most some 2,048 of them, evenly spread; those beyond float32 left out. */
  readonly magnitudeHistogram: HistogramSnapshot;
  readonly rejectedCount: number;
  /** Vectors timed together, each being given the mean of its group. */
  readonly timingGroupSize: number;
  readonly backend: RunBackend;
  /** The batches that are done, in order of their claim; of a stream, those of evenly chosen chunks. */
  readonly batches: readonly BatchSample[];
  /** One point for each batch, in order of its end; of a long stream, evenly chosen ones. */
  readonly completed: readonly CompletedSample[];
  /** undefined where the calling thread copied nothing: in place, or from shared memory by the threads. */
  readonly copyIn: CopyIn | undefined;
  /** undefined where batches are not timed. */
  readonly conditions: RunConditions | undefined;
  /** What held the run back, the greatest first; each is in `recommendations` too. */
  readonly bottlenecks: readonly Bottleneck[];
  /** With `autoOptimization`: what the tuner changed, in this run and those before it, the last 100 changes in order. */
  readonly optimizations: readonly Optimization[] | undefined;
  /** With `batchSizeMonitoring`; in order of time. */
  readonly batchSizeHistory: readonly BatchSizeSample[] | undefined;
  /** With `queueDepthMonitoring`. */
  readonly queueDepth: QueueDepth | undefined;
  /** With `threadUtilizationMonitoring`: busy time / time of the run, of each thread. */
  readonly threadUtilization: readonly number[] | undefined;
}
