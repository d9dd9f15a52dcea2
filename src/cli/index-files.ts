/**
 * One indexing of files, whole or of some rows: what `simdex index` does, and a worker of many machines for a shard. Every output appears
 * whole, or not at all.
 */
import { IndexingPerformanceReport, type MonitoredParallelIndexer } from '../index.node.js';
import type { IndexingStream, StreamOptions } from '../indexing/indexing-stream.js';
import { MagnitudeSample } from '../parts/magnitude-sample.js';
import { type PartStatistics, statisticsOf } from '../parts/part-statistics.js';
import type { RunSubject } from '../reporting/report-data.js';
import { buildGraph } from './build-graph.js';
import { InputFiles, type InputOptions } from './input-files.js';
import { checkDims, type OutputFlags, Outputs } from './outputs.js';
import type { PartFacts } from './part-output.js';
import type { PhaseClock } from './phase-clock.js';
import type { Progress } from './progress.js';
import { describeInput, type IndexSummary, summarize } from './summary.js';

/** Settings of `simdex index`: input, treatment of the rows, and output. */
export interface IndexSettings extends InputOptions, OutputFlags {
  readonly onInvalid: 'throw' | 'skip';
  readonly batchSize?: number;
  /** Threads that build the graph. */
  readonly threads: number | 'auto';
  readonly quiet?: true;
}

/** What a run of the command works with and reports to. */
export interface IndexContext {
  readonly version: string;
  readonly indexer: MonitoredParallelIndexer;
  readonly clock: PhaseClock;
  readonly signal: AbortSignal;
  /** Whether the memory's speed is measured first, for a report that says what held the run back. */
  readonly measuresMemory: boolean;
  /** @param count undefined where only reading tells */
  startProgress(count: number | undefined): Progress;
  /** Looks at the files before any row is read. */
  look?(inputs: InputFiles): void;
  /** Called with the report of every chunk. */
  takeReport?(report: IndexingPerformanceReport): void;
}

export interface Indexed {
  readonly summary: IndexSummary;
  readonly report: IndexingPerformanceReport;
}

/** Indexes files. Rejects with `signal.reason` when it is interrupted. */
export async function indexFiles(
  files: readonly string[],
  settings: IndexSettings,
  { version, indexer, clock, signal, measuresMemory, startProgress, look, takeReport }: IndexContext,
): Promise<Indexed> {
  const date = new Date().toISOString();
  // Threads that are still starting leave their share of the first rows to the others, and the figures would show that.
  const ready = indexer.ready();
  // If a file cannot be opened, that error is reported, not this one.
  ready.catch(() => undefined);
  await using inputs = await InputFiles.open(files, settings);
  look?.(inputs);
  checkDims(settings, inputs);
  await using outputs = await Outputs.create(settings, inputs);
  await clock.during('starting', () => ready);
  const { order, onInvalid, batchSize } = settings;
  if (measuresMemory) await clock.during('starting', () => indexer.indexer.measureMemory());
  const stream = streamOf(inputs, indexer, { order, onInvalid, batchSize, signal }, clock);
  const magnitudes = new MagnitudeSample();
  let row = inputs.firstRow;
  const progress = startProgress(inputs.count);
  try {
    await clock.during('indexing', async () => {
      for await (const result of stream) {
        magnitudes.add(result.vectors.magnitudes, row);
        row += result.vectors.length;
        await clock.during('writing', () => outputs.write(result, inputs.takeNotes()));
        progress.advance(result.vectors.length, inputs.estimatedCount);
        if (result.performanceReport) takeReport?.(result.performanceReport);
      }
    });
  } catch (error) {
    throw inputs.locate(error);
  } finally {
    progress.stop();
  }
  signal.throwIfAborted();
  const subject = describeInput(inputs, order, version, date);
  const graph = settings.graph && (await clock.during('graph', () => buildGraph(outputs, settings, signal)));
  const draft = new IndexingPerformanceReport({
    ...stream.performanceReport,
    magnitudeHistogram: magnitudes.all.snapshot(),
    subject,
    graph,
  });
  await clock.during('report', () => outputs.tryReports(draft));
  const phases = clock.phases(draft.copyIn?.busyMs ?? 0);
  const report = new IndexingPerformanceReport({ ...draft, phases });
  const statistics = statisticsOf(stream.measured(), magnitudes);
  await outputs.finish(report, settings.rows && partFacts(inputs, settings, subject, statistics));
  return { summary: summarize(inputs, report, order, outputs.paths), report };
}

/** What the manifest of a part says. */
function partFacts(
  inputs: InputFiles,
  { order, onInvalid, format, dims, column, header }: IndexSettings,
  subject: RunSubject,
  statistics: PartStatistics,
): PartFacts {
  const { firstRow: first, rowsRead, total } = inputs;
  const rows = { first, last: first + rowsRead, total };
  const options = { order, onInvalid, format, dims, column, header };
  return { source: inputs.sources, rows, options, subject, statistics };
}

/** In place where the files can be read again: the rows of a thread that died are not lost then, and none are copied. */
export function streamOf(
  inputs: InputFiles,
  indexer: MonitoredParallelIndexer,
  options: StreamOptions,
  clock: PhaseClock,
): IndexingStream {
  if (!inputs.areReadable) return indexer.indexStream(clock.reading(inputs.chunks()), options);
  const matrices = inputs.matrices((count, dims) => indexer.allocate(count, dims));
  return indexer.indexStream(clock.reading(matrices), {
    ...options,
    inPlace: true,
    restore: (rows, matrix) => inputs.restore(rows, matrix),
  });
}
