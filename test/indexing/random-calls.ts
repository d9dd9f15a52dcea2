/**
 * Random calls to an indexer, several at a time, and what may become of each.
 */
import {
  IndexingError,
  type IndexingResult,
  type IndexOptions,
  type MonitoredParallelIndexer,
  type VectorSource,
} from 'simdex';
import { differencesFrom, type ReferenceCode, referenceOf } from './reference.js';
import { inSharedMemory, randomMatrix } from './support.js';

type Random = () => number;

export interface RandomCall {
  readonly kind: Kind;
  readonly rows: readonly Float32Array[];
  readonly source: VectorSource;
  readonly options: IndexOptions;
  /** Turns of the event loop before it is aborted; undefined where it is not. */
  readonly abortAfter: number | undefined;
  readonly controller: AbortController;
  readonly reason: Error;
  /** Gives back what was allocated for it. */
  free(): void;
}

const KINDS = ['together', 'ordinary', 'shared', 'ragged', 'inPlace', 'into'] as const;
type Kind = (typeof KINDS)[number];

const NUMBERS = randomMatrix(1, 20_000, 77).data;

export const below = (random: Random, bound: number) => Math.floor(random() * bound);

/** A call large enough that threads do it. */
export function randomCall(indexer: MonitoredParallelIndexer, random: Random): RandomCall {
  const kind = KINDS[below(random, KINDS.length)]!;
  const count = 50 * indexer.indexer.threadCount + below(random, 300);
  const dims = 1 + below(random, 12);
  const rows = Array.from({ length: count }, () => randomRow(random, kind === 'ragged' ? 1 + below(random, 12) : dims));
  if (random() < 0.15) rows[below(random, count)]!.fill(0);
  if (random() < 0.1) rows[below(random, count)]![0] = Number.NaN;
  const matrix = () => ({ data: Float32Array.from(rows.flatMap((row) => [...row])), dims });
  const controller = new AbortController();
  const options: IndexOptions = {
    order: random() < 0.5 ? 'sorted' : 'original',
    onInvalid: random() < 0.5 ? 'skip' : 'throw',
    signal: controller.signal,
    // Those of one kind without it are done together.
    ...(kind === 'together' ? {} : { batchSize: 5 + below(random, 100) }),
  };
  const common = {
    kind,
    rows,
    controller,
    abortAfter: random() < 0.2 ? below(random, 12) : undefined,
    reason: new Error('stopped by its caller'),
    free: () => undefined,
  };
  if (kind === 'shared') return { ...common, source: inSharedMemory(matrix(), below(random, 5)), options };
  if (kind !== 'inPlace' && kind !== 'into') return { ...common, source: rows, options };
  const allocated = indexer.allocate(count, dims);
  const free = () => allocated.dispose();
  if (kind === 'into') return { ...common, source: rows, options: { ...options, into: allocated }, free };
  allocated.data.set(matrix().data);
  return { ...common, source: allocated, options: { ...options, inPlace: true }, free };
}

function randomRow(random: Random, dims: number): Float32Array {
  const at = below(random, NUMBERS.length - dims);
  return NUMBERS.slice(at, at + dims);
}

/** What is wrong with a result; empty when all is right. */
export function faultsOfResult({ rows, options }: RandomCall, result: IndexingResult): string[] {
  const faults = differencesFrom(rows, result).slice(0, 3);
  const invalid = invalidRows(rows);
  if (options.onInvalid === 'throw' && invalid.length > 0)
    faults.push(`resolved with invalid row ${invalid[0]!.index}`);
  if (JSON.stringify(result.rejected) !== JSON.stringify(invalid)) faults.push('rejected differs');
  const processed = result.batchResults.reduce((sum, { processedCount }) => sum + processedCount, 0);
  const indexed = rows.length - invalid.length;
  if (result.indexedCount !== indexed) faults.push(`indexed ${result.indexedCount} of ${indexed}`);
  if (processed !== indexed) faults.push(`batches have ${processed} of ${indexed}`);
  return faults;
}

/**
 * What is wrong with a rejection; empty when it is the call's own.
 *
 * @param deaths threads that died meanwhile
 */
export function faultsOfRejection(
  { kind, rows, options, controller, reason }: RandomCall,
  error: unknown,
  deaths: number,
) {
  if (error === reason) return controller.signal.aborted ? [] : ['rejected with the reason of an abort that was not'];
  if (!(error instanceof IndexingError)) return [`rejected with ${String(error)}`];
  if (error.code === 'ThreadPanic') {
    const isTold = kind === 'inPlace' && error.rows !== undefined;
    return deaths >= (isTold ? 1 : 2) ? [] : [`${error.message} after ${deaths} deaths`];
  }
  const [lowest] = invalidRows(rows);
  const isOwn = options.onInvalid === 'throw' && lowest?.code === error.code && lowest.index === error.vectorIndex;
  return isOwn ? [] : [`rejected with ${error.message}`];
}

function invalidRows(rows: readonly Float32Array[]): { index: number; code: ReferenceCode }[] {
  return rows.flatMap((row, index) => {
    const code = referenceOf(row);
    return typeof code === 'string' ? [{ index, code }] : [];
  });
}
