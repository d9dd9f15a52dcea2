/**
 * Fills a new index with vectors, as they come.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { unlessStopped } from '../base/signals.js';
import { countVectors } from '../vectors/source-rows.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { RowSink } from './changes.js';
import { checkIdCount } from './ids.js';
import type { IndexCore } from './index-core.js';
import type { BuildOptions } from './options.js';
import type { RowRoom } from './rows.js';

/** Vectors are brought in by portions, after each of which the caller is told. */
const PORTION_BYTES = 2 ** 27;
const PORTION_ROWS = 2 ** 18;

function isStream(vectors: VectorSource | AsyncIterable<VectorSource>): vectors is AsyncIterable<VectorSource> {
  return typeof vectors === 'object' && vectors !== null && Symbol.asyncIterator in vectors;
}

/** How many vectors there will be; undefined where the source does not tell. Throws where there are more or fewer ids than that. */
export function countAll(
  vectors: VectorSource | AsyncIterable<VectorSource>,
  { ids }: Pick<BuildOptions, 'ids'>,
): number | undefined {
  if (isStream(vectors)) return undefined;
  const total = countVectors(vectors);
  if (ids !== undefined && ids.length !== total) {
    throw invalidConfiguration('ids.length', `${total}, the number of vectors`, ids.length);
  }
  return total;
}

/**
 * @param options.expected rows of a stream, about: they get a segment together
 * @param sink where the rows go instead of the index
 * @returns the rooms of the rows
 */
export async function fillWithVectors(
  core: IndexCore,
  vectors: VectorSource | AsyncIterable<VectorSource>,
  {
    ids,
    onProgress,
    expected = 0,
  }: Pick<BuildOptions, 'ids' | 'onProgress'> & { readonly expected?: number | undefined },
  signal: AbortSignal,
  sink?: RowSink,
): Promise<readonly RowRoom[]> {
  const total = isStream(vectors) ? undefined : countVectors(vectors);
  const filling = core.changes.fill(signal, sink);
  const addAll = async (chunk: VectorSource) => {
    const count = countVectors(chunk);
    for (const [first, last] of portions(chunk, count)) {
      const toCome = total === undefined ? Math.max(last - first, expected - filling.count) : total - first;
      await filling.add(first === 0 && last === count ? chunk : slice(chunk, first, last), toCome);
      onProgress?.({ processed: filling.count, total });
    }
  };
  try {
    if (!isStream(vectors)) {
      await addAll(vectors);
      await filling.finish({ ids, replacing: false });
      return filling.rooms;
    }
    const fromChunks: VectorId[] = [];
    for await (const chunk of unlessAborted(vectors, signal)) {
      if (ids === undefined) takeIds(chunk, fromChunks, filling.count);
      await addAll(chunk);
    }
    await filling.finish({ ids: ids ?? (fromChunks.length > 0 ? fromChunks : undefined), replacing: false });
    return filling.rooms;
  } finally {
    filling.end();
  }
}

/** Takes the ids of a chunk, as those of `readVectors` have them. All chunks of a stream have ids, or none has. */
function takeIds(chunk: VectorSource, ids: VectorId[], before: number): void {
  const count = countVectors(chunk);
  if (count === 0) return;
  const own = (chunk as { readonly ids?: ArrayLike<VectorId> }).ids;
  if (before > 0 && (own === undefined) === ids.length > 0) {
    const [first, others] = own ? ['no ids', 'ids'] : ['ids', 'no ids'];
    const detail = `ids must be in all chunks or in none: the first ${before} vectors have ${first}, the next ones ${others}`;
    throw new IndexingError('InvalidConfiguration', detail);
  }
  if (own === undefined) return;
  checkIdCount(own, count);
  for (let i = 0; i < count; i++) ids.push(own[i]!);
}

/** First and last row of each portion, half-open. */
function* portions(vectors: VectorSource, count: number): Generator<[number, number]> {
  const dims = 'dims' in vectors ? vectors.dims : (vectors[0]?.length ?? 1);
  const most = Math.max(1, Math.min(PORTION_ROWS, Math.floor(PORTION_BYTES / (4 * Math.max(1, dims)))));
  for (let first = 0; first < count; first += most) yield [first, Math.min(first + most, count)];
}

function slice(vectors: VectorSource, first: number, last: number): VectorSource {
  if (!('dims' in vectors)) return vectors.slice(first, last);
  const { data, dims } = vectors;
  return { data: data.subarray(first * dims, last * dims), dims };
}

/** The chunks of a source; when `signal` is aborted, whoever waits for the next one waits no longer. */
async function* unlessAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await unlessStopped(Promise.resolve(iterator.next()), signal);
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    // A source that fails has ended.
    ended ||= !signal.aborted;
    throw error;
  } finally {
    // A source that waits for something may take its time to end, or fail to: nobody waits for that.
    if (!ended) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
