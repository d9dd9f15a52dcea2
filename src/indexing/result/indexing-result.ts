/**
 * The result of a call: its vectors, batches and figures. The vectors of a run that had the threads to itself are views on
 * shared memory, which `dispose` gives back. Those of a small call, and of calls that were done together, are ordinary arrays.
 */

import { disposeSymbol } from '../../base/dispose-symbol.js';
import { IndexingError } from '../../base/errors.js';
import { turnBeforeAnswer } from '../../base/time.js';
import type { MatrixLayout } from '../../memory/matrix-memory.js';
import { markMemory } from '../../memory/matrix-memory.js';
import type { IndexingPerformanceReport } from '../../reporting/report.js';
import type { ComponentOrder } from '../../vectors/vector-source.js';
import type { IndexingCall } from '../indexing-call.js';
import type { RunRecords } from '../run-records.js';
import { countIndexed, listRejections, type Rejection } from '../run-records.js';
import { SmallCall } from '../small-call.js';
import { type BatchResult, batchResult } from './batch-result.js';
import { IndexedVectors, type ResultBuffer } from './indexed-vectors.js';

/** What a result is made of: records that are there, or that are worked out when they are first asked for. @internal */
export interface ResultInput {
  readonly records: RunRecords;
  /** Input position of every rank; undefined where they are the same. */
  readonly positions: Uint32Array | undefined;
  readonly order: ComponentOrder;
  /** Gives the memory back; undefined for ordinary memory. */
  readonly release: (() => void) | undefined;
}

/** Works a report out. @internal */
export interface ReportMaker {
  report(source: ResultInput | SmallCall): IndexingPerformanceReport;
}

/**
 * What a run gives. Vectors of a run on threads are views on shared memory that lives as long as any of them is reachable;
 * `dispose` hands it back for the next run at once, which is much faster than fresh memory. Vectors of small calls, and of calls
 * that were done together, are ordinary arrays.
 */
export class IndexingResult {
  /** Vectors indexed, without rejected ones. */
  readonly indexedCount: number;
  /** Wall time from the call to the result, waiting and copying in included. */
  readonly totalTimeMs: number;
  readonly #source: ResultInput | SmallCall;
  #reporter: ReportMaker | undefined;
  #report: IndexingPerformanceReport | undefined;
  #memory: ReleasableBuffer | undefined;
  #vectors: IndexedVectors | undefined;
  #rejected: readonly Rejection[] | undefined;
  #batchResults: readonly BatchResult[] | undefined;

  /** @internal */
  constructor(source: ResultInput | SmallCall, reporter?: ReportMaker) {
    this.#source = source;
    this.#reporter = reporter;
    if (source instanceof SmallCall) {
      this.indexedCount = source.indexedCount;
      this.totalTimeMs = source.totalTimeMs;
      if (source.order === 'sorted') markMemory(source.buffer, true);
    } else {
      this.indexedCount = countIndexed(source.records);
      this.totalTimeMs = source.records.totalTimeMs;
      markMemory(source.records.buffer, source.order === 'sorted');
    }
  }

  /** The indexed vectors, by input position. */
  get vectors(): IndexedVectors {
    this.#vectors ??=
      this.#source instanceof SmallCall ? this.#smallVectors(this.#source) : this.#runVectors(this.#source);
    return this.#vectors;
  }

  /** Figures of the run, worked out when first asked for; undefined of the unmonitored `ParallelIndexer`. */
  get performanceReport(): IndexingPerformanceReport | undefined {
    if (this.#reporter) {
      this.#report = this.#reporter.report(this.#source);
      // What it is made from is not kept any longer.
      this.#reporter = undefined;
    }
    return this.#report;
  }

  /** One entry for each batch, in processing order. */
  get batchResults(): readonly BatchResult[] {
    this.#buffer.bytes;
    const { control } = this.#source.records;
    this.#batchResults ??= Array.from({ length: control.batchCount }, (_, index) =>
      batchResult(control, index, this.vectors, this.totalTimeMs),
    );
    return this.#batchResults;
  }

  /** The vectors left out with `onInvalid: 'skip'`, in input order. */
  get rejected(): readonly Rejection[] {
    const { bytes } = this.#buffer;
    this.#rejected ??= listRejections(this.#source.records.control, bytes, this.#source.positions);
    return this.#rejected;
  }

  /**
   * Hands the memory back for the next run; twice is once. Afterwards every accessor of the vectors throws. The memory of
   * a matrix from `allocate` (`inPlace`, `into`) stays with that matrix.
   */
  dispose(): void {
    this.#buffer.release();
  }

  /** `dispose()`, for `using`. */
  [disposeSymbol](): void {
    this.dispose();
  }

  get #buffer(): ReleasableBuffer {
    const source = this.#source;
    this.#memory ??=
      source instanceof SmallCall
        ? new ReleasableBuffer(source.buffer, undefined)
        : new ReleasableBuffer(source.records.buffer, source.release);
    return this.#memory;
  }

  #smallVectors(source: SmallCall): IndexedVectors {
    return new IndexedVectors(this.#buffer, source.layout, source.positions, source.order);
  }

  #runVectors({ records, positions, order }: ResultInput): IndexedVectors {
    return new IndexedVectors(this.#buffer, records.layout, positions, order);
  }
}

class ReleasableBuffer implements ResultBuffer {
  #bytes: ArrayBufferLike | undefined;
  #release: (() => void) | undefined;

  constructor(bytes: ArrayBufferLike, release: (() => void) | undefined) {
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

/**
 * The result of a run on threads. If the run was alone in its memory, its vectors are views on that memory. If it was done together with others,
 * its vectors are copied, so that a result which is kept does not keep the others' memory.
 */
export async function resultOfRun(records: RunRecords, call: IndexingCall): Promise<ResultInput> {
  const { source, options } = call;
  const release = call.job!.releaseOf(call);
  const input = { positions: source.order, order: options.order };
  if (call.job!.calls === 1) return { ...input, records, release };
  const turn = turnBeforeAnswer(performance.now());
  if (turn) await turn;
  const own = copyOut(records);
  release();
  return { ...input, records: own, release: undefined };
}

function copyOut(records: RunRecords): RunRecords {
  const { layout, control, buffer } = records;
  const { first, end } = layout;
  // Made from an array, it is not filled with zeros first.
  const copy = new Float32Array(new Float32Array(buffer, first, (end - first) / 4));
  return { ...records, control: control.from(first), layout: layoutFrom(layout, first), buffer: copy.buffer };
}

function layoutFrom(layout: MatrixLayout, base: number): MatrixLayout {
  const groups = layout.groups.map((group) => ({
    ...group,
    rows: group.rows - base,
    magnitudes: group.magnitudes - base,
  }));
  const end = layout.end - base;
  return { groups, first: 0, end, scratch: end, scratchStride: 0, byteLength: end };
}
