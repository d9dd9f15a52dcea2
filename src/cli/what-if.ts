/**
 * `simdex index --what-if`: how long indexing the same files would have taken with other threads and batches. `--verify` tries
 * the best of them. Times are those of indexing alone, added up over the chunks of the files. Reading and writing go on at the
 * same time and do not change.
 */
import { stat } from 'node:fs/promises';
import { STANDARD_INPUT } from '../formats/node/pipe-source.js';
import { type IndexingPerformanceReport, MonitoredParallelIndexer } from '../index.node.js';
import { formatCount, formatDuration, formatNumber, formatPercent } from '../reporting/format.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import { UsageError } from './exit.js';

export interface PredictedSetting {
  readonly threads: number;
  /** Rows of a batch; null for batches cut as they were. */
  readonly batchSize: number | null;
  readonly predictedMs: number;
}

export interface WhatIfSummary {
  /** Indexing as it was done. */
  readonly measuredMs: number;
  readonly predictions: readonly PredictedSetting[];
  /** Prediction of the best setting; null where there was nothing to index. */
  readonly best: PredictedSetting | null;
  /** Measurement of the best setting; null without --verify. */
  readonly verifiedMs: number | null;
  /** How far predictions were off on this machine, at most: 0.05 for 5 %; null where none was tried. */
  readonly error: number | null;
}

const BATCH_SIZES = [64, 256, 1024, 4096];
/** A prediction that is better by less is not better: then fewer threads, and batches as they were. */
const CLEARLY = 0.99;

export class WhatIfTable {
  readonly #settings: { readonly threads: number; readonly batchSize: number | undefined; predictedMs: number }[];
  #measuredMs = 0;
  #chunks = 0;

  /**
   * @param threads that index now
   * @param availableThreads that processors are there for
   */
  constructor(threads: number, availableThreads: number) {
    const counts = new Set([threads, availableThreads]);
    for (let count = 1; count < availableThreads; count *= 2) counts.add(count);
    this.#settings = [...counts]
      .sort((a, b) => a - b)
      .flatMap((count) =>
        [undefined, ...BATCH_SIZES].map((batchSize) => ({ threads: count, batchSize, predictedMs: 0 })),
      );
  }

  /** Adds the run of a chunk. */
  add(report: IndexingPerformanceReport): void {
    if (!report.predict()) return;
    this.#chunks++;
    this.#measuredMs += report.totalTimeMs;
    for (const setting of this.#settings) {
      const { threads, batchSize } = setting;
      setting.predictedMs += report.predict({ threads, batchSize })?.totalTimeMs ?? 0;
    }
  }

  /** @param error from `predictionError` */
  summary(verifiedMs: number | null, error: number | null): WhatIfSummary {
    if (this.#chunks === 0) return { measuredMs: 0, predictions: [], best: null, verifiedMs, error };
    const predictions = this.#settings.map(({ threads, batchSize, predictedMs }): PredictedSetting => {
      return { threads, batchSize: batchSize ?? null, predictedMs };
    });
    const best = predictions.reduce((known, each) => (each.predictedMs < CLEARLY * known.predictedMs ? each : known));
    return { measuredMs: this.#measuredMs, predictions, best, verifiedMs, error };
  }
}

/** Rows that predictions are tried on have at most so many bytes; each setting has so many tries, of which the fastest counts. */
const TRIED_BYTES = 2 ** 23;
const TRIES = 3;

/**
 * How far predictions are off here and now: one run of random rows, what it predicts for fewer threads (or more, of one) and
 * for other batches, and the same rows indexed so. The greatest share by which a prediction was off.
 */
export async function predictionError(threads: number, shape: { count: number; dims: number; order: ComponentOrder }) {
  const dims = Math.min(shape.dims, TRIED_BYTES / 4);
  const count = Math.max(1, Math.min(shape.count, Math.floor(TRIED_BYTES / (4 * dims))));
  const rows = randomRows(count * dims);
  const fastestOf = async (threadCount: number, batchSize?: number) => {
    await using indexer = new MonitoredParallelIndexer(threadCount);
    await indexer.ready();
    const matrix = indexer.allocate(count, dims);
    const reports: IndexingPerformanceReport[] = [];
    for (let i = 0; i < TRIES; i++) {
      matrix.data.set(rows);
      const options = { order: shape.order, inPlace: true, batchSize };
      reports.push((await indexer.indexVectorsMonitored(matrix, options)).performanceReport!);
    }
    return reports.reduce((a, b) => (b.totalTimeMs < a.totalTimeMs ? b : a));
  };
  const base = await fastestOf(threads);
  const otherThreads = threads > 1 ? Math.ceil(threads / 2) : 2;
  const tried = [
    { predicted: base.predict({ threads: otherThreads }), measured: await fastestOf(otherThreads) },
    { predicted: base.predict({ batchSize: TRIED_BATCH_SIZE }), measured: await fastestOf(threads, TRIED_BATCH_SIZE) },
  ];
  return tried.reduce((most, { predicted, measured }) => {
    if (!predicted || measured.totalTimeMs === 0) return most;
    return Math.max(most, Math.abs(predicted.totalTimeMs / measured.totalTimeMs - 1));
  }, 0);
}

const TRIED_BATCH_SIZE = 256;

/** In [0.5, 1.5): no row is zeros. */
function randomRows(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 0.5 + state / 2 ** 32;
  });
}

/** @throws {UsageError} for what cannot be read twice */
export async function checkReadTwice(files: readonly string[]): Promise<void> {
  for (const file of files) {
    // The reader of a missing file reports it.
    const found = await stat(file).catch(() => undefined);
    if (file === STANDARD_INPUT || (found && !found.isFile()))
      throw new UsageError(`--verify reads the files again, and ${file} is no regular file`);
  }
}

export function whatIfText({ measuredMs, predictions, best, verifiedMs, error }: WhatIfSummary): string {
  if (!best) return '\nWhat if: nothing was indexed, so nothing can be predicted\n';
  const batches = ({ batchSize }: PredictedSetting) => (batchSize === null ? 'as it was' : formatCount(batchSize));
  const rows = predictions.map((each) => {
    const cells = [
      String(each.threads).padStart(7),
      batches(each).padStart(10),
      formatDuration(each.predictedMs).padStart(10),
    ];
    return `  ${cells.join('  ')}${each === best ? '  best' : ''}`;
  });
  const lines = [
    '',
    `What if (indexing alone took ${formatDuration(measuredMs)}):`,
    `  ${['threads', 'batch size', ' predicted'].join('  ')}`,
    ...rows,
  ];
  if (error !== null) {
    lines.push(
      `Such predictions were off by up to ${formatPercent(error)} on this machine, when they were tried just now.`,
    );
  }
  if (verifiedMs !== null) {
    const share = formatNumber((100 * best.predictedMs) / verifiedMs);
    lines.push(
      `Verified: ${best.threads} threads, batch size ${batches(best)}: predicted ${formatDuration(best.predictedMs)}, measured ${formatDuration(verifiedMs)} (${share} %)`,
    );
  }
  return `${lines.join('\n')}\n`;
}
