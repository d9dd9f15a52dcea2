/**
 * What a run gives: its vectors, batches and figures. The vectors are views on shared memory that lives as long as any of
 * them is reachable; `dispose` hands it back for the next run at once, which is much faster than fresh memory.
 */
import { disposeSymbol } from '../../base/dispose-symbol.js';
import { IndexingError } from '../../base/errors.js';
import type { ControlBlock } from '../../memory/control-block.js';
import { DONE } from '../../memory/control-layout.js';
import type { IndexingPerformanceReport } from '../../reporting/report.js';
import type { ComponentOrder } from '../../vectors/vector-source.js';
import type { RunRecords } from '../run-records.js';
import { type BatchResult, batchResult } from './batch-result.js';
import { IndexedVectors, type ResultBuffer } from './indexed-vectors.js';
import { listRejections, type Rejection } from './rejections.js';

/** What a result is made of. @internal */
export interface ResultInput {
  readonly records: RunRecords;
  /** Input position of every rank; undefined where they are the same. */
  readonly positions: Uint32Array | undefined;
  readonly order: ComponentOrder;
  /** Gives the memory back. */
  readonly release: () => void;
}

/**
 * What a run gives. Its vectors live as long as any view on them is reachable; `dispose` hands the memory back for the next
 * run at once, which is much faster than fresh memory.
 */
export class IndexingResult {
  /** Vectors indexed, without rejected ones. */
  readonly indexedCount: number;
  /** Wall time of the run, copying in included. */
  readonly totalTimeMs: number;
  /** The indexed vectors, by input position. */
  readonly vectors: IndexedVectors;
  /** Figures of the run; absent from the unmonitored `ParallelIndexer`. */
  readonly performanceReport?: IndexingPerformanceReport;
  readonly #control: ControlBlock;
  readonly #positions: Uint32Array | undefined;
  readonly #memory: ReleasableBuffer;
  #rejected: readonly Rejection[] | undefined;
  #batchResults: readonly BatchResult[] | undefined;

  /** @internal */
  constructor(input: ResultInput, performanceReport?: IndexingPerformanceReport) {
    const { records, positions, order } = input;
    this.#control = records.control;
    this.#positions = positions;
    this.#memory = new ReleasableBuffer(records.buffer, input.release);
    this.vectors = new IndexedVectors(this.#memory, records.layout, positions, order);
    this.indexedCount = countIndexed(records);
    this.totalTimeMs = records.totalTimeMs;
    if (performanceReport) this.performanceReport = performanceReport;
  }

  /** One entry for each batch, in processing order. */
  get batchResults(): readonly BatchResult[] {
    this.#memory.bytes;
    const control = this.#control;
    this.#batchResults ??= Array.from({ length: control.batchCount }, (_, index) =>
      batchResult(control, index, this.vectors, this.totalTimeMs),
    );
    return this.#batchResults;
  }

  /** The vectors left out with `onInvalid: 'skip'`, in input order. */
  get rejected(): readonly Rejection[] {
    const { bytes } = this.#memory;
    this.#rejected ??= listRejections(this.#control, bytes, this.#positions);
    return this.#rejected;
  }

  /**
   * Hands the memory back for the next run; twice is once. Afterwards every accessor of the vectors throws. The memory of
   * a matrix from `allocate` (`inPlace`, `into`) stays with that matrix.
   */
  dispose(): void {
    this.#memory.release();
  }

  /** `dispose()`, for `using`. */
  [disposeSymbol](): void {
    this.dispose();
  }
}

/** Vectors indexed in the batches that are done. */
export function countIndexed({ control }: RunRecords): number {
  let indexed = 0;
  for (let index = 0; index < control.batchCount; index++) {
    if (control.state(index) === DONE) indexed += control.batch(index).count - control.rejected(index);
  }
  return indexed;
}

class ReleasableBuffer implements ResultBuffer {
  #bytes: ArrayBufferLike | undefined;
  #release: (() => void) | undefined;

  constructor(bytes: ArrayBufferLike, release: () => void) {
    this.#bytes = bytes;
    this.#release = release;
  }

  get bytes(): ArrayBufferLike {
    if (!this.#bytes) throw new IndexingError('Disposed', 'the result was disposed; read or copy it before');
    return this.#bytes;
  }

  release(): void {
    this.#bytes = undefined;
    this.#release?.();
    this.#release = undefined;
  }
}
