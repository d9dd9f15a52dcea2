/**
 * `simdex index --what-if`: what indexing the same files would have taken with other threads and batches, and `--verify`,
 * which tries the best of them. Times are those of indexing alone, added up over the chunks of the files; reading and writing
 * go on beside it and stay as they are.
 */
import { stat } from 'node:fs/promises';
import { STANDARD_INPUT } from '../formats/node/pipe-source.js';
import type { IndexingPerformanceReport } from '../index.node.js';
import { formatCount, formatDuration, formatNumber } from '../reporting/format.js';
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
  /** null where there was nothing to index. */
  readonly best: PredictedSetting | null;
  /** The best one, tried; null without --verify. */
  readonly verifiedMs: number | null;
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

  summary(verifiedMs: number | null): WhatIfSummary {
    if (this.#chunks === 0) return { measuredMs: 0, predictions: [], best: null, verifiedMs };
    const predictions = this.#settings.map(({ threads, batchSize, predictedMs }): PredictedSetting => {
      return { threads, batchSize: batchSize ?? null, predictedMs };
    });
    const best = predictions.reduce((known, each) => (each.predictedMs < CLEARLY * known.predictedMs ? each : known));
    return { measuredMs: this.#measuredMs, predictions, best, verifiedMs };
  }
}

/** @throws {UsageError} for what cannot be read twice */
export async function checkReadTwice(files: readonly string[]): Promise<void> {
  for (const file of files) {
    // A file that is not there is told by whoever opens it.
    const found = await stat(file).catch(() => undefined);
    if (file === STANDARD_INPUT || (found && !found.isFile()))
      throw new UsageError(`--verify reads the files again, and ${file} is no regular file`);
  }
}

export function whatIfText({ measuredMs, predictions, best, verifiedMs }: WhatIfSummary): string {
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
  if (verifiedMs !== null) {
    const share = formatNumber((100 * best.predictedMs) / verifiedMs);
    lines.push(
      `Verified: ${best.threads} threads, batch size ${batches(best)}: predicted ${formatDuration(best.predictedMs)}, measured ${formatDuration(verifiedMs)} (${share} %)`,
    );
  }
  return `${lines.join('\n')}\n`;
}
