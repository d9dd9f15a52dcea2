/**
 * Results of a stream of chunks. While one result is consumed, the next chunk is indexed and the one after it is read. So a
 * slow consumer slows the reader.
 *
 * No more than three chunks are in memory. Chunk n + 2 is asked for when chunk n has been indexed and the result before it has
 * been given back, so a source may fill two memories in turn.
 */

import { detailOf, IndexingError, invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { linkSignals, unlessStopped } from '../base/signals.js';
import { nowMs } from '../base/time.js';
import { IndexingPerformanceReport } from '../reporting/report.js';
import { type MeasuredRun, type ReportParts, summarizeRun } from '../reporting/summarize-run.js';
import { reusableChunks } from '../vectors/reusable-chunks.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { AllocatedMatrix } from './allocations.js';
import type { MeasuredRecords } from './measuring/measured-run.js';
import { StreamMeasurement } from './measuring/measured-stream.js';
import { checkIndexOptions, type IndexOptions } from './options.js';
import type { IndexingResult } from './result/indexing-result.js';

/**
 * The options of every run of a stream. With `inPlace` every chunk is a matrix from `allocate` and the stream's own from then
 * on: the step after its result hands its memory back, for the chunk that is allocated next.
 */
export type StreamOptions = Omit<IndexOptions, 'into' | 'onProgress'>;

/** A run and what it measured. @internal */
export interface IndexedChunk {
  readonly result: IndexingResult;
  /** Worked out when it is first asked for. */
  measured(): MeasuredRecords;
}

const STREAM_OPTIONS = new Set(['order', 'onInvalid', 'batchSize', 'signal', 'inPlace', 'restore']);

type Chunks = AsyncIterable<VectorSource> | Iterable<VectorSource>;
type IndexChunk = (chunk: VectorSource, options: IndexOptions) => Promise<IndexedChunk>;

/**
 * Iterate over it once. A result is valid until the next step of the iteration unless copied; positions are those in its
 * chunk. Leaving the iteration early stops the run under way, waits for a read under way and closes the source.
 *
 * The iteration throws what the source throws and what a run rejects with, whose `vectorIndex` then counts from the start of
 * the stream. When it is aborted the next step throws `signal.reason`, and waits for no read; the same when the indexer is
 * disposed.
 */
export class IndexingStream implements AsyncIterable<IndexingResult> {
  readonly #chunks: Chunks;
  readonly #options: StreamOptions;
  readonly #parts: ReportParts;
  readonly #closing: readonly AbortSignal[];
  readonly #index: IndexChunk;
  readonly #measurement = new StreamMeasurement();
  #startedAtMs: number | undefined;
  #endedAtMs: number | undefined;

  /** @internal */
  constructor(
    chunks: Chunks,
    options: StreamOptions,
    parts: ReportParts,
    closing: readonly AbortSignal[],
    index: IndexChunk,
  ) {
    refuseUnknown('options', options, STREAM_OPTIONS);
    checkIndexOptions(options);
    if (!isIterable(chunks))
      throw invalidConfiguration('chunks', 'iterable, one source of vectors after another', chunks);
    this.#chunks = chunks;
    this.#options = options;
    this.#parts = parts;
    this.#closing = closing;
    this.#index = index;
  }

  /**
   * Figures of all chunks whose results were given so far. The time is that of the stream, reading and consuming included.
   *
   * @throws {IndexingError} `InvalidConfiguration` before the first chunk was indexed.
   */
  get performanceReport(): IndexingPerformanceReport {
    return new IndexingPerformanceReport(summarizeRun(this.measured(), this.#parts));
  }

  /** What the report is made of. @internal */
  measured(): MeasuredRun {
    const elapsedMs = (this.#endedAtMs ?? nowMs()) - (this.#startedAtMs ?? nowMs());
    const run = this.#measurement.summary(elapsedMs);
    if (!run)
      throw new IndexingError('InvalidConfiguration', 'a stream has no report before its first chunk is indexed');
    return run;
  }

  /** One result per chunk, in order. */
  async *[Symbol.asyncIterator](): AsyncGenerator<IndexingResult, void, undefined> {
    if (this.#startedAtMs !== undefined) {
      throw new IndexingError('InvalidConfiguration', 'a stream can be iterated over once; call indexStream again');
    }
    this.#startedAtMs = nowMs();
    const { inPlace } = this.#options;
    const ends = [...this.#closing, this.#options.signal];
    for (const end of ends) end?.throwIfAborted();
    const reader = new ChunkReader(this.#chunks);
    const reusable = reusableChunks(this.#chunks);
    const leaving = new AbortController();
    const { signal, unlink: unlinkEnds } = linkSignals(...ends);
    const { signal: stop, unlink } = linkSignals(leaving.signal, signal);
    let position = 0;
    let run: Promise<IndexedChunk> | undefined;
    const handBack = (chunk: VectorSource) => {
      if (inPlace && 'dispose' in chunk) (chunk as AllocatedMatrix).dispose();
    };
    const indexAndReadOn = ({ done, value }: IteratorResult<VectorSource>) => {
      if (done || stop.aborted) return undefined;
      run = awaitedLater(this.#index(value, { ...this.#options, signal: stop }).catch(rebase(position)));
      return { chunk: value, run, reading: reader.read() };
    };
    let failed = true;
    let underWay: ReturnType<typeof indexAndReadOn>;
    try {
      const first = await unlessStopped(reader.read(), signal);
      // A stream without chunks is a run without vectors: it has a report too.
      if (first.done) {
        const { order, onInvalid } = this.#options;
        this.#measurement.add((await this.#index([], { order, onInvalid, signal: stop })).measured(), 0);
      }
      underWay = indexAndReadOn(first);
      while (underWay) {
        const chunk = await underWay.run;
        const { result } = chunk;
        // Its rows were copied: the source may fill that memory again.
        if (!inPlace && 'dims' in underWay.chunk) reusable?.reuse(underWay.chunk);
        run = undefined;
        position += result.vectors.length;
        const measured = chunk.measured();
        this.#measurement.add(measured, measured.startedAtMs - this.#startedAtMs);
        const next = awaitedLater(underWay.reading.then(indexAndReadOn));
        yield result;
        signal.throwIfAborted();
        result.dispose();
        handBack(underWay.chunk);
        underWay = await unlessStopped(next, signal);
      }
      failed = false;
    } finally {
      this.#endedAtMs = nowMs();
      leaving.abort();
      await run?.then(({ result }) => result.dispose()).catch(() => undefined);
      if (underWay) handBack(underWay.chunk);
      unlink();
      unlinkEnds();
      await reader.close({ wait: !signal.aborted, quiet: failed });
    }
  }
}

/** Asks for one chunk at a time, and tells the source when no more are wanted. */
class ChunkReader {
  readonly #chunks: AsyncIterator<VectorSource> | Iterator<VectorSource>;
  #ended = false;
  #reading = false;

  constructor(chunks: Chunks) {
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  read(): Promise<IteratorResult<VectorSource>> {
    return awaitedLater(this.#read());
  }

  /**
   * As `for await` does: nothing, once the source has ended or thrown.
   *
   * @param wait for a read under way, which may take for ever
   * @param quiet whether there is a failure already, that one here must not hide
   */
  async close({ wait, quiet }: { readonly wait: boolean; readonly quiet: boolean }): Promise<void> {
    if (this.#ended) return;
    const closing = awaitedLater((async () => this.#chunks.return?.())());
    if (this.#reading && !wait) return;
    await closing.catch((error) => {
      if (!quiet) throw error;
    });
  }

  async #read(): Promise<IteratorResult<VectorSource>> {
    this.#reading = true;
    try {
      const step = await this.#chunks.next();
      this.#ended = step.done === true;
      return step;
    } catch (error) {
      this.#ended = true;
      throw error;
    } finally {
      this.#reading = false;
    }
  }
}

function isIterable(chunks: unknown): chunks is Chunks {
  if (typeof chunks !== 'object' || chunks === null) return false;
  return Symbol.asyncIterator in chunks || Symbol.iterator in chunks;
}

/** Until it is awaited, its rejection must not count as unhandled. */
function awaitedLater<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

/** Counts the vector at fault from the start of the stream. */
function rebase(position: number): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof IndexingError) || error.vectorIndex === undefined) throw error;
    const vectorIndex = position + error.vectorIndex;
    const where = `vector ${vectorIndex} of the stream`;
    // The error of a malformed vector names the component, so its words are kept.
    const detail = error.code === 'InvalidConfiguration' ? `${where}; in its chunk, ${detailOf(error)}` : where;
    throw new IndexingError(error.code, detail, { vectorIndex, cause: error });
  };
}
