/**
 * The rows of a file as matrices of one length each, for consumers that take no other rows. No matrix can hold a row without
 * components. Such a row becomes a row of NaN of its neighbours' length. An indexer rejects it, and the other rows keep their
 * numbers.
 */
import type { VectorId } from '../vectors/vector-id.js';
import type { IdentifiedMatrix, RowChunk } from './row-chunk.js';
import { DEFAULT_CHUNK_BYTES } from './row-chunks.js';

export class MatrixCutter {
  /** Components of the last row that had some. */
  #dims: number | undefined;
  /** Rows without components before the first that has some. */
  #waiting: Run[] = [];

  /** The matrices of the next chunk, in order. Where the length of rows changes a new one begins. */
  cut(chunk: RowChunk): IdentifiedMatrix[] {
    if ('data' in chunk) {
      this.#dims = chunk.dims;
      return [...this.#flush(), chunk];
    }
    const matrices: IdentifiedMatrix[] = [];
    for (const run of runsOf(chunk.rows, chunk.ids)) {
      if (run.data) {
        this.#dims = run.data.length / run.count;
        matrices.push(...this.#flush(), { data: run.data, dims: this.#dims, ids: run.ids });
      } else {
        this.#waiting.push(run);
        if (this.#dims !== undefined) matrices.push(...this.#flush());
      }
    }
    return matrices;
  }

  /** The matrices that remain when there are no more chunks. */
  end(): IdentifiedMatrix[] {
    return [...this.#flush()];
  }

  *#flush(): Generator<IdentifiedMatrix> {
    const dims = this.#dims ?? 1;
    const most = Math.max(1, Math.floor(DEFAULT_CHUNK_BYTES / (4 * dims)));
    for (const { count, ids } of this.#waiting.splice(0)) {
      for (let first = 0; first < count; first += most) {
        const rows = Math.min(most, count - first);
        yield { data: new Float32Array(rows * dims).fill(Number.NaN), dims, ids: ids?.slice(first, first + rows) };
      }
    }
  }
}

/** Consecutive rows of one length. */
interface Run {
  readonly count: number;
  readonly ids: readonly VectorId[] | undefined;
  /** undefined where the rows have no components. */
  readonly data: Float32Array | undefined;
}

function* runsOf(rows: readonly Float32Array[], ids: readonly VectorId[] | undefined): Generator<Run> {
  for (let at = 0; at < rows.length; ) {
    const { buffer, byteOffset, length } = rows[at]!;
    let end = at + 1;
    while (end < rows.length && rows[end]!.length === length) end++;
    // The rows of a chunk lie one after the other.
    const data = length === 0 ? undefined : new Float32Array(buffer, byteOffset, (end - at) * length);
    yield { count: end - at, ids: ids?.slice(at, end), data };
    at = end;
  }
}
