/**
 * The figures of one run as plain data, from which a report is made and to which it is written: the one place where a field is
 * written down. Its type, its JSON and its row in CSV follow from its line here.
 *
 * Times in milliseconds, ratios 0..1; lists by thread have one entry per thread, in order of thread id. A part that was
 * switched off is undefined.
 */
import { type HistogramSnapshot, highestBucket, lowestBucket } from '../monitoring/exponential-histogram.js';
import type { TimeSummary } from '../monitoring/time-distribution.js';
import {
  type CsvRow,
  count,
  csv,
  type Field,
  figure,
  listOf,
  objectOf,
  oneOf,
  optional,
  ratio,
  recordOf,
  text,
  trueOrFalse,
  type ValueOf,
  wholeNumber,
  withDefault,
  withRows,
} from './fields.js';

const ms = (field: Field<number>, metric: string) => csv(field, metric, 'milliseconds');
const ns = (metric: string) => csv(figure, metric, 'nanoseconds', { times: 1e6, decimals: 3 });
const counted = (metric: string) => csv(count, metric, 'count');
/** A list of figures, with a row for each. */
const rowEach = <T>(field: Field<T>, rows: (item: T, i: number) => readonly CsvRow[]) =>
  withRows(listOf(field), (items) => items.flatMap(rows));

const threadPerformance = objectOf({
  threadId: count,
  /** Vectors indexed by this thread. */
  operationsCompleted: count,
  /** Mean, least and greatest time of one vector; 0 when the thread indexed none. */
  averageTimeMs: figure,
  minTimeMs: figure,
  maxTimeMs: figure,
});
/** What a thread did in a run. */
export interface ThreadPerformance extends ValueOf<typeof threadPerformance> {}

const batchSizeSample = objectOf({ batchSize: count, vectorsPerSecond: figure });
/** A batch size that was in use, and the throughput with it. */
export interface BatchSizeSample extends ValueOf<typeof batchSizeSample> {}

const queueDepthSample = objectOf({ atMs: figure, depth: figure });
/** Batches not yet claimed, `atMs` after the start of the run; of a long stream, their mean until the next sample. */
export interface QueueDepthSample extends ValueOf<typeof queueDepthSample> {}

const queueDepth = objectOf({
  max: counted('queue_depth_max'),
  /** Mean over the time of the run, each depth weighted by how long it lasted. */
  mean: csv(figure, 'queue_depth_mean', 'count', { decimals: 3 }),
  /** In order of time. */
  samples: listOf<QueueDepthSample>(queueDepthSample),
});
/** Batches not yet claimed, over the time of a run. */
export interface QueueDepth extends ValueOf<typeof queueDepth> {}

const batchSample = objectOf({
  threadId: count,
  /** Rows in it, rejected ones included. */
  vectors: count,
  dims: count,
  rejected: count,
  claimedAtMs: figure,
  endedAtMs: figure,
});
/** A batch as it ran; times after the start of the run. */
export interface BatchSample extends ValueOf<typeof batchSample> {}

const completedSample = objectOf({ atMs: figure, vectors: count });
/** Vectors indexed so far, `atMs` after the start of the run. */
export interface CompletedSample extends ValueOf<typeof completedSample> {}

const copyIn = objectOf({
  bytes: csv(count, 'copy_in_bytes', 'bytes'),
  /** Time the calling thread spent on it, its turns for everybody else left out. */
  busyMs: ms(figure, 'copy_in_busy_time_ms'),
  /** When the last row was in place, after the start of the run. */
  endedAtMs: ms(figure, 'copy_in_ended_at_ms'),
});
/** Rows that the calling thread copied into the run's memory. */
export interface CopyIn extends ValueOf<typeof copyIn> {}

const memoryRates = objectOf({
  /** Bytes copied per millisecond, read and written ones counted. */
  bytesPerMs: figure,
  /** Bytes of fresh memory touched per millisecond. */
  firstTouchBytesPerMs: figure,
  /** What one thread alone copies, of what all copy together. */
  oneThreadShare: ratio,
});
/** What the memory of this machine gave, measured once in a process, on all threads of an indexer together. */
export interface MemoryRates extends ValueOf<typeof memoryRates> {}

const runConditions = objectOf({
  /** Runs that the figures are of: 1, or the chunks of a stream. */
  runs: count,
  /** Threads that were started for this run; 0 where they were there. */
  startedThreads: counted('started_threads'),
  /** Bytes of memory that this run was the first to touch; 0 with memory that was given back before, and in place. */
  freshBytes: csv(count, 'fresh_memory', 'bytes'),
  /** Threads that `'auto'` stands for here: those that processors are there for. */
  availableThreads: counted('available_threads'),
  /** Processor time of the whole process during the run; undefined where it cannot be told, as in pages. */
  cpuMs: optional(ms(figure, 'processor_time_ms')),
  /** undefined until it was measured. */
  memory: optional<MemoryRates>(memoryRates),
});
/** What a run found when it began, and used; of a stream, all its runs together. */
export interface RunConditions extends ValueOf<typeof runConditions> {}

export const bottleneckNames = [
  'copying',
  'first touch',
  'memory bandwidth',
  'imbalance',
  'few vectors',
  'start-up',
  'processors',
] as const;

const bottleneck = objectOf({
  name: oneOf(bottleneckNames),
  /** Lost share of the run's time, 0..1. */
  share: ratio,
  lostMs: figure,
  /** About what the change that `recommendation` names would gain; 0 where it spares threads, not time. */
  gainMs: withDefault(figure, 0),
  /** The figure that shows it, and what to change. */
  recommendation: text,
});
/** What held a run back. */
export interface Bottleneck extends ValueOf<typeof bottleneck> {}

export const optimizationNames = ['threads', 'batchSize'] as const;
export const optimizationMoments = ['during', 'between'] as const;
export const optimizationOutcomes = ['measuring', 'kept', 'taken back'] as const;

const optimization = objectOf({
  action: oneOf(optimizationNames),
  /** While a run lasted, or for the runs after one. */
  when: oneOf(optimizationMoments),
  /** Threads, or most vectors in a batch. */
  before: count,
  /** undefined for batches that the next run has yet to cut. */
  after: optional(count),
  /** Components per second after / before; undefined until it was measured. */
  effect: optional(figure),
  outcome: oneOf(optimizationOutcomes),
});
/** A change that the tuner made. */
export interface Optimization extends ValueOf<typeof optimization> {}

export const recallPoint = objectOf({
  /** Size of the candidate list. */
  effort: count,
  recall: ratio,
  queriesPerSecond: figure,
});
/** What searches through a graph found with an effort, and how many there were in a second, one after the other. */
export interface RecallPoint extends ValueOf<typeof recallPoint> {}

const graphFigures = objectOf({
  rows: counted('graph_rows'),
  /** Most neighbours of a row. */
  degree: counted('graph_degree'),
  /** Candidates that a row's neighbours were chosen from. */
  effort: counted('graph_effort'),
  bytes: csv(count, 'graph_memory', 'bytes'),
  /** Building and measuring it. */
  buildMs: ms(figure, 'graph_build_time_ms'),
  /** Hits of each search of the curve. */
  k: count,
  /** Effort ascending. */
  curve: rowEach<RecallPoint>(recallPoint, recallRows),
  /** The same of searches that scan all rows. */
  exactQueriesPerSecond: csv(figure, 'graph_exact_throughput', 'queries_per_second', { decimals: 2 }),
});
/** The graph that was built over the rows. */
export interface GraphFigures extends ValueOf<typeof graphFigures> {}

const kernelNames = ['simd', 'scalar', 'javascript'] as const;

const runBackend = objectOf({
  kernel: oneOf(kernelNames),
  threads: count,
  /** Whether threads and caller worked on one shared memory. */
  shared: trueOrFalse,
});
/** What a run ran on. */
export interface RunBackend extends ValueOf<typeof runBackend> {}
export const backend: Field<RunBackend> = runBackend;

export const orderNames = ['sorted', 'original'] as const;

export const runSubject = objectOf({
  /** What was read: names of files, as they were given. */
  input: optional(text),
  /** Rejected ones included. */
  rows: count,
  /** Components of a row; undefined where rows differ. */
  dims: optional(count),
  order: oneOf(orderNames),
  /** The processor. */
  machine: optional(text),
  /** Threads that the machine's processors run at a time. */
  cores: optional(count),
  /** Versions by name: `{ simdex: '0.1.0', Node: '20.20.2' }`. */
  versions: recordOf(text),
  /** When it began, ISO 8601. */
  date: text,
});
/** What a report is about. */
export interface RunSubject extends ValueOf<typeof runSubject> {}

export const phaseNames = [
  'waiting',
  'starting',
  'reading',
  'copying',
  'indexing',
  'writing',
  'graph',
  'report',
  'rest',
] as const;

const phase = objectOf({ name: oneOf(phaseNames), ms: figure });
/** A part of the time from start to end, and how much it took. */
export interface Phase extends ValueOf<typeof phase> {}

const timeSummary: Field<TimeSummary> = objectOf({
  count,
  meanMs: ns('index_time_mean_ns'),
  p50Ms: ns('index_time_p50_ns'),
  p95Ms: ns('index_time_p95_ns'),
  p99Ms: ns('index_time_p99_ns'),
  minMs: ns('index_time_min_ns'),
  maxMs: ns('index_time_max_ns'),
  stdDevMs: ns('index_time_std_dev_ns'),
});

export const histogram: Field<HistogramSnapshot> = objectOf({
  zeros: count,
  buckets: listOf(objectOf({ bucket: wholeNumber(lowestBucket, highestBucket), count })),
});

/** Rows of a thread in nanoseconds: in milliseconds, which come first, they round to zero. */
function threadRows({ threadId, averageTimeMs, minTimeMs, maxTimeMs }: ThreadPerformance): CsvRow[] {
  const row = (name: string, value: number) => {
    return { metric: `thread_${threadId}_${name}_ns`, value: value * 1e6, unit: 'nanoseconds', decimals: 3 };
  };
  return [row('avg_time', averageTimeMs), row('min_time', minTimeMs), row('max_time', maxTimeMs)];
}

function bottleneckRows({ name, share, lostMs, gainMs }: Bottleneck): CsvRow[] {
  const metric = `bottleneck_${name.replace(/\W/g, '_')}`;
  return [
    { metric: `${metric}_share`, value: share, unit: 'ratio', decimals: 3 },
    { metric: `${metric}_time_ms`, value: lostMs, unit: 'milliseconds' },
    { metric: `${metric}_gain_ms`, value: gainMs, unit: 'milliseconds' },
  ];
}

function optimizationRows({ action, before, after, effect }: Optimization, i: number): CsvRow[] {
  const metric = `optimization_${i}_${action === 'threads' ? 'threads' : 'batch_size'}`;
  return [
    { metric: `${metric}_before`, value: before, unit: 'count' },
    ...(after === undefined ? [] : [{ metric: `${metric}_after`, value: after, unit: 'count' }]),
    ...(effect === undefined ? [] : [{ metric: `${metric}_effect`, value: effect, unit: 'ratio', decimals: 3 }]),
  ];
}

function recallRows({ effort, recall, queriesPerSecond }: RecallPoint): CsvRow[] {
  return [
    { metric: `graph_effort_${effort}_recall`, value: recall, unit: 'ratio', decimals: 4 },
    { metric: `graph_effort_${effort}_throughput`, value: queriesPerSecond, unit: 'queries_per_second', decimals: 2 },
  ];
}

/** The fields of a report. */
export const reportFields = {
  /** Vectors indexed; rejected ones are not among them. */
  totalVectors: count,
  /** From the call until the result. */
  totalTimeMs: ms(figure, 'total_time_ms'),
  /** The part of it before the run began, while others had the threads; rates and rules leave it out. */
  waitedMs: withDefault(ms(figure, 'waited_ms'), 0),
  /** `totalVectors / (totalTimeMs - waitedMs)`. */
  vectorsPerSecond: figure,
  /** Most rows in a batch. */
  batchSize: count,
  threadCount: counted('thread_count'),
  /** Shortest / longest thread time; 1 when the longest is too short to tell. */
  threadEfficiency: ratio,
  /** Busy time of each thread. */
  threadTimesMs: rowEach(figure, (value, i) => [{ metric: `thread_${i}_busy_time_ms`, value, unit: 'milliseconds' }]),
  /** One row per thread; empty without `enablePerThreadMonitoring`. */
  threadPerformance: rowEach<ThreadPerformance>(threadPerformance, threadRows),
  /** `(totalTimeMs - waitedMs) / totalVectors`. */
  averageVectorTimeMs: ns('average_vector_time_ns'),
  recommendations: listOf(text),
  /** Times of single vectors on their threads. */
  indexTime: timeSummary,
  /** The same times, in milliseconds. */
  indexTimeHistogram: histogram,
  /** Magnitudes of indexed vectors, of at most some 2,048 of them, evenly spread; those beyond float32 left out. */
  magnitudeHistogram: histogram,
  rejectedCount: counted('rejected_vectors'),
  /** Vectors timed together, each being given the mean of its group. */
  timingGroupSize: counted('timing_group_size'),
  backend,
  /** The batches that are done, in order of their claim; of a stream, those of evenly chosen chunks. */
  batches: withRows(listOf<BatchSample>(batchSample), ({ length }) => [
    { metric: 'batches_kept', value: length, unit: 'count' },
  ]),
  /** One point for each batch, in order of its end; of a long stream, evenly chosen ones. */
  completed: listOf<CompletedSample>(completedSample),
  /** undefined where the calling thread copied nothing: in place, or from shared memory by the threads. */
  copyIn: optional<CopyIn>(copyIn),
  /** undefined where batches are not timed. */
  conditions: optional<RunConditions>(runConditions),
  /** What held the run back, the greatest first; each is in `recommendations` too. */
  bottlenecks: rowEach<Bottleneck>(bottleneck, bottleneckRows),
  /** What the report is about; undefined where nobody told. */
  subject: optional<RunSubject>(runSubject),
  /**
   * Where the time went from start to end: of a run they add up to `totalTimeMs`, of a command to its whole time, until the
   * report was made. undefined where batches are not timed, and of a stream unless its caller told.
   */
  phases: optional(
    rowEach<Phase>(phase, ({ name, ms }) => [{ metric: `phase_${name}_ms`, value: ms, unit: 'milliseconds' }]),
  ),
  /** With `autoOptimization`: what the tuner changed, in this run and those before it, the last 100 changes in order. */
  optimizations: optional(rowEach<Optimization>(optimization, optimizationRows)),
  /** With `batchSizeMonitoring`; in order of time. */
  batchSizeHistory: optional(
    rowEach<BatchSizeSample>(batchSizeSample, ({ batchSize, vectorsPerSecond }, i) => [
      { metric: `batch_size_${i}`, value: batchSize, unit: 'count' },
      { metric: `batch_size_${i}_throughput`, value: vectorsPerSecond, unit: 'vectors_per_second', decimals: 2 },
    ]),
  ),
  /** With `queueDepthMonitoring`. */
  queueDepth: optional<QueueDepth>(queueDepth),
  /** With `threadUtilizationMonitoring`: busy time / time of the run, of each thread. */
  threadUtilization: optional(
    rowEach(ratio, (value, i) => [{ metric: `thread_${i}_utilization`, value, unit: 'ratio', decimals: 3 }]),
  ),
  /** undefined where no graph was built. */
  graph: optional<GraphFigures>(graphFigures),
};

export const reportField = objectOf(reportFields);
/** The figures of a report. */
export interface IndexingPerformanceReportData extends ValueOf<typeof reportField> {}
