/**
 * A report as a trace in Chrome's trace event format, which https://ui.perfetto.dev and chrome://tracing open. Each thread is
 * a track with a slice for each batch. The calling thread's track has the run and its copying. Queue depth and throughput are
 * counters. Times are microseconds after the start of the run, as the format wants them.
 */
import { throughputSpans } from './curves.js';
import type { IndexingPerformanceReportData } from './report-data.js';
import { performanceScore } from './score.js';

/** What the format calls an event; `ph` is its kind: X a slice, C a counter, M a name. */
interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'C' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  /** Duration; only slices have one. */
  readonly dur?: number;
  readonly cat?: string;
  readonly args: { readonly [name: string]: number | string };
}

/** One process; the calling thread's track comes first, thread `i` of the indexer is track `i + 1`. */
const PROCESS = 1;
const CALLING_THREAD = 0;

/** JSON text. */
export function reportToTrace(report: IndexingPerformanceReportData): string {
  const { totalVectors, vectorsPerSecond, batchSize, backend, recommendations } = report;
  const events = [...runSlices(report), ...batchSlices(report), ...queueCounter(report), ...throughputCounter(report)];
  events.sort((a, b) => a.ts - b.ts);
  return JSON.stringify({
    displayTimeUnit: 'ns',
    otherData: {
      totalVectors,
      vectorsPerSecond,
      batchSize,
      kernel: backend.kernel,
      score: performanceScore(report),
      recommendations,
    },
    traceEvents: [...trackNames(report.threadCount), ...events],
  });
}

function trackNames(threadCount: number): TraceEvent[] {
  const named = (name: string, tid: number, value: string): TraceEvent => ({
    name,
    ph: 'M',
    pid: PROCESS,
    tid,
    ts: 0,
    args: { name: value },
  });
  const sorted = (tid: number): TraceEvent => ({
    name: 'thread_sort_index',
    ph: 'M',
    pid: PROCESS,
    tid,
    ts: 0,
    args: { sort_index: tid },
  });
  const threads = Array.from({ length: threadCount }, (_, i) => [
    named('thread_name', i + 1, `Thread ${i}`),
    sorted(i + 1),
  ]);
  return [
    named('process_name', CALLING_THREAD, 'simdex'),
    named('thread_name', CALLING_THREAD, 'Calling thread'),
    sorted(CALLING_THREAD),
    ...threads.flat(),
  ];
}

function runSlices({ totalTimeMs, totalVectors, rejectedCount, copyIn }: IndexingPerformanceReportData): TraceEvent[] {
  const slices = slice('run', CALLING_THREAD, 0, totalTimeMs, { vectors: totalVectors, rejected: rejectedCount });
  if (!copyIn) return slices;
  // Inside of the run, or the tracks would not nest.
  const endMs = Math.min(copyIn.endedAtMs, totalTimeMs);
  return [...slices, ...slice('copying in', CALLING_THREAD, 0, endMs, { bytes: copyIn.bytes, busyMs: copyIn.busyMs })];
}

function batchSlices({ batches }: IndexingPerformanceReportData): TraceEvent[] {
  return batches.flatMap(({ threadId, claimedAtMs, endedAtMs, vectors, dims, rejected }, claim) =>
    slice('batch', threadId + 1, claimedAtMs, endedAtMs, { claim, vectors, dims, rejected }),
  );
}

function queueCounter({ queueDepth }: IndexingPerformanceReportData): TraceEvent[] {
  return (queueDepth?.samples ?? []).flatMap(({ atMs, depth }) => counter('queue depth', 'batches', atMs, depth));
}

function throughputCounter(report: IndexingPerformanceReportData): TraceEvent[] {
  const spans = throughputSpans(report);
  const samples = spans.flatMap(({ fromMs, vectorsPerSecond }) =>
    counter('throughput', 'vectors/s', fromMs, vectorsPerSecond),
  );
  // A counter holds its value until the next one.
  return spans.length === 0 ? [] : [...samples, ...counter('throughput', 'vectors/s', report.totalTimeMs, 0)];
}

/** None where a time is no number, as in a report read back from JSON that had none. */
function slice(name: string, tid: number, fromMs: number, toMs: number, args: TraceEvent['args']): TraceEvent[] {
  const ts = fromMs * 1000;
  const end = toMs * 1000;
  if (!Number.isFinite(ts) || !Number.isFinite(end)) return [];
  return [{ name, cat: 'simdex', ph: 'X', pid: PROCESS, tid, ts, dur: Math.max(0, end - ts), args }];
}

function counter(name: string, series: string, atMs: number, value: number): TraceEvent[] {
  const ts = atMs * 1000;
  if (!Number.isFinite(ts) || !Number.isFinite(value)) return [];
  return [{ name, ph: 'C', pid: PROCESS, tid: CALLING_THREAD, ts, args: { [series]: value } }];
}
