/**
 * The building of a graph as monitors see it while it lasts, and as its report tells it: the jobs of a build are one run. In pages this is a file
 * of its own with all it needs (rollup.config.mjs), so nothing here may read what another module has bound or counted.
 */
import { measureClockTickMs, nowMs } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import type { Platform } from '../../engine/lanes/platform.js';
import { completedOf, queueDepthsOf } from '../../indexing/measuring/measured-run.js';
import { StreamMeasurement } from '../../indexing/measuring/measured-stream.js';
import { ConditionsWatch } from '../../indexing/measuring/run-conditions.js';
import { BatchRecords } from '../../memory/batch.js';
import { isThere } from '../../memory/deaths.js';
import { ExponentialHistogram } from '../../monitoring/exponential-histogram.js';
import { type IndexingProgress, ProgressReader, type WatchedRun } from '../../monitoring/run-progress.js';
import { TimeDistribution } from '../../monitoring/time-distribution.js';
import { IndexingPerformanceReport } from '../../reporting/graph-report.js';
import { lossesOf } from '../../reporting/losses.js';
import type { GraphFigures } from '../../reporting/report-data.js';
import { type MeasuredRun, type ReportParts, summarizeRun } from '../../reporting/summarize-run.js';
import { MEANINGFUL_TICKS } from '../../reporting/thread-balance.js';
import type { Snapshot } from '../rows.js';
import type { DoneUnits } from './done-units.js';

/** Rows whose magnitudes are looked at, at most some more. */
const MAGNITUDE_SAMPLE = 1024;

const ALL_PARTS: ReportParts = {
  enablePerThreadMonitoring: true,
  batchSizeMonitoring: true,
  queueDepthMonitoring: true,
  threadUtilizationMonitoring: true,
};

export interface MeasuredBuildOptions {
  readonly core: EngineCore;
  readonly platform: Platform;
  /** Threads that take part at most. */
  readonly threads: number;
  readonly dims: number;
  /** Number of rows that no job has taken yet. */
  readonly waiting: () => number;
  /** Rows of the index. Their magnitudes are in the report. */
  readonly snapshot: Snapshot | undefined;
}

/** A job that is under way. */
interface Portion {
  readonly units: DoneUnits;
  readonly rows: number;
  readonly conditions: ConditionsWatch;
  readonly progress: ProgressReader;
}

export class MeasuredBuild implements WatchedRun<IndexingPerformanceReport> {
  readonly work: string;
  readonly #options: MeasuredBuildOptions;
  readonly #startedAtMs = nowMs();
  readonly #clockTickMs = measureClockTickMs();
  readonly #ended = new StreamMeasurement();
  readonly #rowsOfThreads: number[];
  readonly #busyMs: number[];
  #portion: Portion | undefined;
  #totalTimeMs: number | undefined;
  #groups = 0;

  constructor(options: MeasuredBuildOptions) {
    const { threads, dims } = options;
    this.#options = options;
    this.work = `graph ${dims}`;
    this.#rowsOfThreads = new Array<number>(threads).fill(0);
    this.#busyMs = new Array<number>(threads).fill(0);
  }

  /** Takes in that a job begins. */
  begin(units: DoneUnits, rows: number): void {
    const { threads, platform } = this.#options;
    const conditions = new ConditionsWatch(platform, platform.availableThreads(), true);
    const progress = new ProgressReader(new BatchRecords(units.control), rows, threads, units.startedAtMs);
    this.#portion = { units, rows, conditions, progress };
  }

  /** Takes in that the job has ended, well or not. */
  endPortion(): void {
    const portion = this.#portion;
    if (!portion) return;
    this.#portion = undefined;
    portion.units.takeIn();
    for (const { threadId, vectors, claimedAtMs, endedAtMs } of portion.units.batches) {
      this.#rowsOfThreads[threadId]! += vectors;
      this.#busyMs[threadId]! += endedAtMs - claimedAtMs;
      this.#groups++;
    }
    const portionMs = nowMs() - portion.units.startedAtMs;
    this.#ended.add(this.#measure(portion, portionMs), portion.units.startedAtMs - this.#startedAtMs);
  }

  /** Takes in that all rows are in. Rows that come later are no part of the run. */
  end(): void {
    this.#totalTimeMs = nowMs() - this.#startedAtMs;
  }

  timesResolved(): boolean {
    const busyMs = this.#busyMs.reduce((sum, each) => sum + each, 0);
    return this.#groups > 0 && busyMs / this.#groups >= MEANINGFUL_TICKS * this.#clockTickMs;
  }

  async takeIn(): Promise<void> {
    this.#portion?.units.takeIn();
  }

  progress(): IndexingProgress {
    const now = this.#portion?.progress.read();
    const elapsedMs = this.#totalTimeMs ?? nowMs() - this.#startedAtMs;
    const threads = this.#rowsOfThreads.map((rows, threadId) => {
      const thread = now?.threads[threadId];
      const portionMs = this.#portion ? nowMs() - this.#portion.units.startedAtMs : 0;
      const busyMs = this.#busyMs[threadId]! + (thread ? thread.utilization * portionMs : 0);
      return {
        threadId,
        processed: rows + (thread?.processed ?? 0),
        utilization: elapsedMs > 0 ? Math.min(1, busyMs / elapsedMs) : 0,
      };
    });
    const processed = threads.reduce((sum, thread) => sum + thread.processed, 0);
    const total = this.#totalTimeMs === undefined ? this.#total(processed, now) : processed;
    const perMs = elapsedMs > 0 ? processed / elapsedMs : 0;
    return {
      type: 'progress',
      processed,
      total,
      percent: total > 0 ? (100 * processed) / total : 100,
      vectorsPerSecond: 1000 * perMs,
      etaMs: processed === total ? 0 : (total - processed) / perMs,
      queueDepth: now?.queueDepth ?? 0,
      threads,
    };
  }

  /** Report on the jobs that have ended. Before the first has ended, on what it did so far. */
  report(graph?: GraphFigures): IndexingPerformanceReport {
    const totalTimeMs = this.#totalTimeMs ?? nowMs() - this.#startedAtMs;
    const run = this.#ended.summary(totalTimeMs) ?? this.#measure(this.#portion, totalTimeMs);
    const magnitudes = magnitudesOf(this.#options.snapshot);
    return new IndexingPerformanceReport({ ...summarizeRun({ ...run, magnitudes }, ALL_PARTS), graph });
  }

  #total(processed: number, now: IndexingProgress | undefined): number {
    const inPortion = now ? now.total - now.processed : 0;
    return processed + inPortion + this.#options.waiting();
  }

  /** A portion as a run of its own. */
  #measure(portion: Portion | undefined, totalTimeMs: number): MeasuredRun {
    const { core, threads: threadCount } = this.#options;
    const batches = portion ? portion.units.batches.toSorted((a, b) => a.claimedAtMs - b.claimedAtMs) : [];
    const threads = Array.from({ length: threadCount }, () => ({ busyMs: 0, indexTimes: new TimeDistribution() }));
    let batchSize = 0;
    for (const { threadId, vectors, claimedAtMs, endedAtMs } of batches) {
      const thread = threads[threadId]!;
      thread.busyMs += endedAtMs - claimedAtMs;
      thread.indexTimes.recordGroup(endedAtMs - claimedAtMs, vectors);
      batchSize = Math.max(batchSize, vectors);
    }
    const conditions = portion?.conditions.read();
    const rate = totalTimeMs > 0 ? batches.reduce((sum, { vectors }) => sum + vectors, 0) / (totalTimeMs / 1000) : 0;
    return {
      totalTimeMs,
      rejectedCount: 0,
      threads,
      batchSize,
      timingGroupSize: batchSize,
      clockTickMs: this.#clockTickMs,
      backend: core.backend ?? { kernel: 'javascript', threads: threadCount, shared: false },
      batchSizes: batches.length > 0 ? [{ batchSize, vectorsPerSecond: rate }] : [],
      batches,
      completed: completedOf(batches),
      magnitudes: new ExponentialHistogram(),
      copyIn: undefined,
      conditions,
      losses: conditions && lossesOf({ totalTimeMs, threads: threadCount, batches, copyIn: undefined, conditions }),
      optimizations: undefined,
      batchCount: batches.length,
      queueDepths: portion ? queueDepthsOf(batches, portion.units.control.unitCount, 0) : [],
    };
  }
}

/** Magnitudes of rows at even steps. */
function magnitudesOf(snapshot: Snapshot | undefined): ExponentialHistogram {
  const histogram = new ExponentialHistogram();
  if (!snapshot) return histogram;
  const { segments, counts, version, size } = snapshot;
  const step = Math.max(1, Math.floor(size / MAGNITUDE_SAMPLE));
  for (const [i, segment] of segments.entries()) {
    const magnitudes = segment.magnitudes(0, counts[i]!);
    for (let row = 0; row < counts[i]!; row += step) {
      if (isThere(segment.deaths, row, version)) histogram.record(magnitudes[row]!, 1);
    }
  }
  return histogram;
}

/** The report of a build that had no rows. */
export function reportOfNothing(core: EngineCore, platform: Platform, threads: number): IndexingPerformanceReport {
  const build = new MeasuredBuild({ core, platform, threads, dims: 0, waiting: () => 0, snapshot: undefined });
  build.end();
  return build.report();
}
