/**
 * Building the graph of an index that is written, with its progress on standard error.
 */
import { availableThreads } from '../engine/lanes/node/available-threads.js';
import { countOf } from '../reporting/format.js';
import type { GraphFigures } from '../reporting/report-data.js';
import type { Outputs } from './outputs.js';
import { type Progress, startProgress } from './progress.js';

export interface GraphFlags {
  readonly threads: number | 'auto';
  readonly quiet?: true;
}

/** The figures of the graph; undefined where none is wanted. */
export async function buildGraph(
  outputs: Outputs,
  { threads, quiet }: GraphFlags,
  signal: AbortSignal,
): Promise<GraphFigures | undefined> {
  let progress: Progress | undefined;
  let done = 0;
  try {
    return await outputs.buildGraph({
      threads,
      signal,
      onProgress: (processed, total) => {
        progress ??= startProgress(
          total,
          countOf(threads === 'auto' ? availableThreads() : threads, 'thread'),
          quiet === true,
        );
        progress.advance(processed - done, total);
        done = processed;
      },
    });
  } finally {
    progress?.stop();
  }
}
