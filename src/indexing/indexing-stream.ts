/**
 * Results of a stream of chunks. While one result is being consumed, the next chunk is indexed and the one after it read;
 * a slow consumer slows the reader. No more than three chunks are in memory.
 */
import { nowMs } from '../clock.js';
import { IndexingError } from '../errors.js';
import { linkSignals } from '../linked-signal.js';
import { IndexingPerformanceReport } from '../reporting/report.js';
import { type ReportParts, summarizeRun } from '../reporting/summarize-run.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { IndexingResult } from './indexing-result.js';
import type { MeasuredRecords } from './measured-run.js';
import { StreamMeasurement } from './measured-stream.js';
import type { IndexOptions } from './options.js';

export type StreamOptions = Omit<IndexOptions, 'inPlace' | 'into' | 'onProgress'>;

/** A run and what it measured. @internal */
export interface IndexedChunk {
  readonly result: IndexingResult;
  readonly measured: MeasuredRecords;
}

type IndexChunk = (chunk: VectorSource, options: IndexOptions) => Promise<IndexedChunk>;

/**
 * Iterate over it once. A result is valid until the next step of the iteration unless copied; positions are those in its
 * chunk. Leaving the iteration early stops the run under way and closes the source.
 *
 * The iteration throws what a run rejects with; `vectorIndex` then counts from the start of the stream.
 */
export class IndexingStream implements AsyncIterable<IndexingResult> {
  readonly #chunks: AsyncIterable<VectorSource> | Iterable<VectorSource>;
  readonly #options: StreamOptions;
  readonly #parts: ReportParts;
  readonly #index: IndexChunk;
  readonly #measurement = new StreamMeasurement();
  #startedAtMs: number | undefined;
  #endedAtMs: number | undefined;

  /** @internal */
  constructor(
    chunks: AsyncIterable<VectorSource> | Iterable<VectorSource>,
    options: StreamOptions,
    parts: ReportParts,
    index: IndexChunk,
  ) {
    this.#chunks = chunks;
    this.#options = options;
    this.#parts = parts;
    this.#index = index;
  }

  /**
   * Figures of all chunks indexed so far. The time is that of the stream, reading and consuming included.
   *
   * @throws {IndexingError} `InvalidConfiguration` before the first chunk was indexed.
   */
  get performanceReport(): IndexingPerformanceReport {
    const elapsedMs = (this.#endedAtMs ?? nowMs()) - (this.#startedAtMs ?? nowMs());
    const run = this.#measurement.summary(elapsedMs);
    if (!run)
      throw new IndexingError('InvalidConfiguration', 'a stream has no report before its first chunk is indexed');
    return new IndexingPerformanceReport(summarizeRun(run, this.#parts));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<IndexingResult, void, undefined> {
    if (this.#startedAtMs !== undefined) {
      throw new IndexingError('InvalidConfiguration', 'a stream can be iterated over once; call indexStream again');
    }
    this.#startedAtMs = nowMs();
    const leaving = new AbortController();
    const { signal, unlink } = linkSignals(leaving.signal, this.#options.signal);
    const source = iterate(this.#chunks);
    let indexing: Promise<IndexedChunk> | undefined;
    try {
      let position = 0;
      const indexNext = ({ done, value }: IteratorResult<VectorSource>) => {
        if (done) return undefined;
        const run = this.#index(value, { ...this.#options, signal }).catch(rebase(position));
        // It is awaited one step later; until then a rejection must not count as unhandled.
        run.catch(() => undefined);
        return run;
      };
      // A stream without chunks is a run without vectors: it has a report too.
      const first = await source.next();
      if (first.done) this.#measurement.add((await this.#index([], { ...this.#options, signal })).measured, 0);
      indexing = indexNext(first);
      while (indexing) {
        const reading = Promise.resolve(source.next());
        reading.catch(() => undefined);
        const { result, measured } = await indexing;
        position += result.vectors.length;
        this.#measurement.add(measured, measured.startedAtMs - this.#startedAtMs);
        indexing = indexNext(await reading);
        yield result;
        result.dispose();
      }
    } finally {
      this.#endedAtMs = nowMs();
      leaving.abort();
      await indexing?.catch(() => undefined);
      unlink();
      await source.return?.();
    }
  }
}

function iterate(chunks: AsyncIterable<VectorSource> | Iterable<VectorSource>) {
  return Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
}

/** Counts the vector at fault from the start of the stream. */
function rebase(position: number): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof IndexingError) || error.vectorIndex === undefined) throw error;
    const vectorIndex = position + error.vectorIndex;
    throw new IndexingError(error.code, `vector ${vectorIndex} of the stream`, { vectorIndex, cause: error });
  };
}
