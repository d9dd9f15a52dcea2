/**
 * The samples of a report as series to draw, over time and over magnitude. Times in milliseconds after the start of the run.
 */
import { type HistogramSnapshot, lowerBoundOf } from '../monitoring/exponential-histogram.js';
import type { BatchSample, IndexingPerformanceReportData } from './report-data.js';

/** A stretch of time and the throughput in it. */
export interface ThroughputSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly vectorsPerSecond: number;
}

/** Spans a throughput curve has at most: more would show the noise of single batches. */
const MOST_SPANS = 60;

/**
 * Throughput in equal spans of the run, which together hold every vector exactly once. A batch counts evenly over the time
 * it took. Of a stream whose batches are not all kept, the vectors between two samples count evenly between them.
 */
export function throughputSpans(report: IndexingPerformanceReportData): readonly ThroughputSpan[] {
  const { totalTimeMs, completed } = report;
  const work = hasAllBatches(report) ? workOfBatches(report.batches) : workBetween(completed);
  const samples = hasAllBatches(report) ? work.length : work.length / 4;
  if (!(totalTimeMs > 0) || !Number.isFinite(totalTimeMs) || work.length === 0) return [];
  const vectors = new Float64Array(Math.min(MOST_SPANS, Math.max(1, Math.floor(samples))));
  const widthMs = totalTimeMs / vectors.length;
  for (const item of work) spread(vectors, item, widthMs);
  return Array.from(vectors, (count, i) => ({
    fromMs: i * widthMs,
    toMs: (i + 1) * widthMs,
    vectorsPerSecond: (1000 * count) / widthMs,
  }));
}

/** Whether the batches are those of the whole run; of a long stream they are not. */
export function hasAllBatches({ batches, totalVectors }: IndexingPerformanceReportData): boolean {
  return batches.reduce((sum, { vectors, rejected }) => sum + vectors - rejected, 0) === totalVectors;
}

interface Work {
  readonly fromMs: number;
  readonly toMs: number;
  readonly vectors: number;
}

function workOfBatches(batches: readonly BatchSample[]): Work[] {
  return batches.map(({ claimedAtMs, endedAtMs, vectors, rejected }) => ({
    fromMs: claimedAtMs,
    toMs: endedAtMs,
    vectors: vectors - rejected,
  }));
}

function workBetween(completed: IndexingPerformanceReportData['completed']): Work[] {
  return completed.map(({ atMs, vectors }, i) => {
    const before = completed[i - 1] ?? { atMs: 0, vectors: 0 };
    return { fromMs: before.atMs, toMs: atMs, vectors: vectors - before.vectors };
  });
}

/** Gives each span its share of the work; what lies beyond the last span, by a rounding, counts there. */
function spread(spans: Float64Array, { fromMs, toMs, vectors }: Work, widthMs: number): void {
  const last = spans.length - 1;
  const spanOf = (ms: number) => Math.min(last, Math.max(0, Math.floor(ms / widthMs)));
  const first = spanOf(fromMs);
  const end = spanOf(toMs);
  const lasted = toMs - fromMs;
  if (first === end || !(lasted > 0)) {
    spans[end]! += vectors;
    return;
  }
  let given = 0;
  for (let i = first; i < end; i++) {
    const share = (vectors * ((i + 1) * widthMs - Math.max(fromMs, i * widthMs))) / lasted;
    spans[i]! += share;
    given += share;
  }
  spans[end]! += vectors - given;
}

/** Values above `from` up to and with `to`, and how many. */
export interface DistributionBar {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/**
 * The buckets of a histogram joined to at most `mostBars` bars of equal width on a logarithmic axis, empty ones among them
 * included; none for a histogram of zeros or of nothing.
 *
 * @param range buckets that the bars must hold, so that several histograms get the same bars
 */
export function distributionBars(
  { buckets }: HistogramSnapshot,
  mostBars: number,
  range: BucketRange | undefined = bucketRange([buckets]),
): readonly DistributionBar[] {
  if (!range) return [];
  let width = 1;
  while (Math.floor(range.last / width) - Math.floor(range.first / width) >= mostBars) width *= 2;
  const first = Math.floor(range.first / width);
  const counts = new Float64Array(Math.floor(range.last / width) - first + 1);
  for (const { bucket, count } of buckets) counts[Math.floor(bucket / width) - first]! += count;
  return Array.from(counts, (count, i) => ({
    from: boundOf((first + i) * width),
    to: boundOf((first + i + 1) * width),
    count,
  }));
}

/** Joined buckets may reach beyond what a float can hold. */
function boundOf(bucket: number): number {
  return Math.min(Number.MAX_VALUE, Math.max(Number.MIN_VALUE, lowerBoundOf(bucket)));
}

export interface BucketRange {
  readonly first: number;
  readonly last: number;
}

/** The lowest and the highest bucket of several histograms. */
export function bucketRange(histograms: readonly HistogramSnapshot['buckets'][]): BucketRange | undefined {
  let range: BucketRange | undefined;
  for (const { bucket } of histograms.flat()) {
    range = { first: Math.min(range?.first ?? bucket, bucket), last: Math.max(range?.last ?? bucket, bucket) };
  }
  return range;
}

/** Batches that one thread did one after another. */
export interface BusyStretch {
  readonly threadId: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly batches: number;
  /** Rows, rejected ones included. */
  readonly vectors: number;
}

/**
 * The batches as stretches of work, in order of their claims. Batches of a thread that are less than `gapMs` apart are one
 * stretch; with `gapMs` of undefined each is its own.
 */
export function busyStretches(batches: readonly BatchSample[], gapMs: number | undefined): readonly BusyStretch[] {
  const stretches: { -readonly [Field in keyof BusyStretch]: BusyStretch[Field] }[] = [];
  const current = new Map<number, (typeof stretches)[number]>();
  for (const { threadId, claimedAtMs, endedAtMs, vectors } of batches) {
    const before = current.get(threadId);
    if (before && gapMs !== undefined && claimedAtMs - before.toMs < gapMs) {
      before.toMs = Math.max(before.toMs, endedAtMs);
      before.batches++;
      before.vectors += vectors;
    } else {
      const stretch = { threadId, fromMs: claimedAtMs, toMs: endedAtMs, batches: 1, vectors };
      stretches.push(stretch);
      current.set(threadId, stretch);
    }
  }
  return stretches;
}

/**
 * At most some `most` points of a curve in order of `x`: all where there are no more, else of each of `most / 4` equal parts
 * of the axis the first, the last, the lowest and the highest, so that no peak is lost.
 */
export function thinCurve<P extends { readonly x: number; readonly y: number }>(points: readonly P[], most: number) {
  if (points.length <= most) return points;
  const from = points[0]!.x;
  const width = (points.at(-1)!.x - from) / Math.floor(most / 4) || 1;
  const kept: P[] = [];
  let part: P[] = [];
  const keepPart = () => {
    const lowest = part.reduce((a, b) => (b.y < a.y ? b : a));
    const highest = part.reduce((a, b) => (b.y > a.y ? b : a));
    const chosen = new Set([part[0]!, lowest, highest, part.at(-1)!]);
    kept.push(...part.filter((point) => chosen.has(point)));
    part = [];
  };
  for (const point of points) {
    const first = part[0];
    if (first && Math.floor((point.x - from) / width) !== Math.floor((first.x - from) / width)) keepPart();
    part.push(point);
  }
  keepPart();
  return kept;
}
