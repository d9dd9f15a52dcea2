/**
 * The process of a worker: does the units that it is sent, by the code of `simdex index --rows` and `simdex merge`. It ends when its worker
 * does, however that ends; nothing half-written is left then.
 */
import { readFileSync } from 'node:fs';
import { IndexingError, type IndexingErrorCode } from '../base/errors.js';
import { removeUnfinishedFiles } from '../formats/node/atomic-file.js';
import type { VectorFormat } from '../formats/registry.js';
import { MonitoredParallelIndexer } from '../index.node.js';
import type { SourceFile } from '../parts/part-manifest.js';
import { refusalOfUrl } from '../queue/allowed-urls.js';
import type { FromUnitProcess, IndexUnit, MergeUnit, ToUnitProcess, Unit, UnitResult } from '../queue/unit-messages.js';
import { checkFlags } from './check-flags.js';
import { errorText } from './error-text.js';
import { UsageError } from './exit.js';
import { parseThreads } from './flag-values.js';
import { indexFiles } from './index-files.js';
import type { InputFiles } from './input-files.js';
import { mergeParts } from './merge-parts.js';
import { PhaseClock } from './phase-clock.js';
import type { Progress } from './progress.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const PROGRESS_MS = 100;
/** Codes of errors that would occur on every machine. Other errors may be due to what this machine lacks. */
const FINAL: ReadonlySet<IndexingErrorCode> = new Set([
  'EmptyVector',
  'ZeroMagnitude',
  'NonFinite',
  'InvalidConfiguration',
  'MalformedFile',
]);

const threads = parseThreads(process.argv[2] ?? 'auto');
/** Kept from unit to unit. Its threads start while no unit is there yet; what goes wrong then is told by the first unit. */
const indexer = new MonitoredParallelIndexer(threads);
indexer.ready().catch(() => undefined);
let underWay: AbortController | undefined;

// A terminal interrupts all processes at once. The worker says what becomes of this one.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
process.on('disconnect', () => {
  removeUnfinishedFiles();
  process.exit();
});
process.on('message', (message: ToUnitProcess) => {
  if (message.type === 'stop') underWay?.abort();
  else void serve(message);
});

async function serve(unit: Unit): Promise<void> {
  underWay = new AbortController();
  const { signal } = underWay;
  try {
    const result = await (unit.type === 'index' ? indexShard(unit, signal) : merge(unit, signal));
    tell({ type: 'done', result });
  } catch (error) {
    if (signal.aborted) return tell({ type: 'stopped' });
    const isOwn = error instanceof IndexingError;
    const isUsage = error instanceof UsageError;
    const code = isOwn ? error.code : isUsage ? 'InvalidConfiguration' : 'FileAccess';
    tell({ type: 'failed', code, sentence: errorText(error), isFinal: isUsage || (isOwn && FINAL.has(error.code)) });
  } finally {
    underWay = undefined;
  }
}

async function indexShard(unit: IndexUnit, signal: AbortSignal): Promise<UnitResult> {
  const { files, source, first, last, options, out, allowUrls } = unit;
  const { order, onInvalid, format, dims, column, header } = options;
  const settings = {
    // `checkFlags` refuses a name that is none.
    ...(format !== undefined && { format: format as VectorFormat }),
    ...(dims !== undefined && { dims }),
    ...(column !== undefined && { column }),
    ...(header !== undefined && { header }),
    rows: { first, last },
    http: { permits: (url: URL) => refusalOfUrl(url, allowUrls) === undefined },
    order,
    onInvalid,
    out,
    threads,
    quiet: true as const,
  };
  await checkFlags(files, settings);
  const { summary, report } = await indexFiles(files, settings, {
    version,
    indexer,
    clock: new PhaseClock(),
    signal,
    measuresMemory: false,
    startProgress: () => startTelling(),
    look: (inputs) => requireSame(inputs, source),
  });
  return { rows: summary.vectors, rejected: summary.rejected, totalTimeMs: report.totalTimeMs };
}

async function merge(unit: MergeUnit, signal: AbortSignal): Promise<UnitResult> {
  const { parts, out, rejected, report, graph, precision } = unit;
  const settings = {
    out,
    ...(rejected !== undefined && { rejected }),
    ...(report && { report }),
    ...(graph && { graph }),
    ...(precision && { precision }),
    threads,
    quiet: true as const,
  };
  const summary = await mergeParts(parts, settings, signal, () => startTelling());
  return { rows: summary.vectors, rejected: summary.rejected, totalTimeMs: summary.totalTimeMs };
}

/** Parts of files that differ make up no whole; that shows here before any work is done. */
function requireSame(inputs: InputFiles, source: readonly SourceFile[]): void {
  for (const [i, { file, byteLength, version: found }] of inputs.sources.entries()) {
    const planned = source[i]!;
    if (byteLength === planned.byteLength && found === planned.version) continue;
    const how = byteLength === planned.byteLength ? 'its time, or its ETag, is another' : `it has ${byteLength} bytes`;
    throw new IndexingError(
      'MalformedFile',
      `${file} is not the file that the run was planned for (${how}); it was changed, or this machine sees another one`,
    );
  }
}

/** Tells the worker how many rows are done, a few times a second. */
function startTelling(): Progress {
  let rows = 0;
  let toldAt = 0;
  return {
    advance(more) {
      rows += more;
      const now = performance.now();
      if (now - toldAt < PROGRESS_MS) return;
      toldAt = now;
      tell({ type: 'progress', rows });
    },
    stop: () => undefined,
  };
}

function tell(message: FromUnitProcess): void {
  // A worker that has just ended hears nothing; 'disconnect' ends this process.
  if (process.connected) process.send!(message, () => undefined);
}
