/**
 * The matrices that callers got from `allocate`: which memory each lies in, so that a run can use it in place.
 */
import { disposeSymbol } from '../base/dispose-symbol.js';
import { IndexingError } from '../base/errors.js';
import type { MatrixMemory } from '../memory/create-memory.js';
import { layOutMatrix, type MatrixLayout, markMemory } from '../memory/matrix-memory.js';
import type { MemoryPool } from '../memory/memory-pool.js';
import type { SourceRows } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import { checkShape, type VectorMatrix } from '../vectors/vector-source.js';
import type { CheckedIndexOptions } from './options.js';

/** A matrix in a shared WebAssembly memory of its own. Fill `data`, then give it as a source, `inPlace` or `into`. */
export interface AllocatedMatrix extends VectorMatrix {
  /** Rows it has room for. */
  readonly count: number;
  /** Hands the memory back for the next run; `data` and its subarrays may show other data afterwards. */
  dispose(): void;
  /** `dispose()`, for `using`. */
  [disposeSymbol](): void;
}

/** A memory and where in it the rows, magnitudes and scratch of a run lie. */
export interface PlacedMemory {
  readonly memory: MatrixMemory;
  readonly layout: MatrixLayout;
}

/** When a call may write to the caller's memory. */
export interface MemoryTurn {
  /** Settles when no earlier call writes to it any more; undefined where none does. */
  readonly earlier: Promise<void> | undefined;
  /** The call writes to it until `settled`, which never rejects; undefined: it does not any more. The first word counts. */
  leave(settled: Promise<void> | undefined): void;
}

const NO_TURN: MemoryTurn = { earlier: undefined, leave: () => undefined };

export class Allocations {
  readonly #pool: MemoryPool;
  readonly #threads: number;
  readonly #placed = new WeakMap<ArrayBufferLike, PlacedMemory>();
  /** Memories that calls write to, and until when. */
  readonly #written = new WeakMap<MatrixMemory, Promise<void>>();

  constructor(pool: MemoryPool, threads: number) {
    this.#pool = pool;
    this.#threads = threads;
  }

  /** @throws {IndexingError} `InvalidConfiguration` for a count or dims that is none, `InsufficientMemory`. */
  allocate(count: number, dims: number): AllocatedMatrix {
    checkShape(count, dims);
    const layout = layOutMatrix([{ dims, count }], this.#threads);
    const memory = this.#pool.acquire(layout.byteLength);
    const { buffer } = memory;
    // The caller fills it anew, whatever a result left in it.
    markMemory(buffer, false);
    const placed = { memory, layout };
    this.#placed.set(buffer, placed);
    const dispose = () => {
      // The buffer may be another matrix's by now: given back, it is handed out again.
      if (this.#placed.get(buffer) !== placed) return;
      this.#placed.delete(buffer);
      this.#release(memory);
    };
    return { data: new Float32Array(buffer, 0, count * dims), dims, count, dispose, [disposeSymbol]: dispose };
  }

  /**
   * A call's turn on the caller's memory that it writes to, if it does: calls that write to the same memory do so one after
   * another. A matrix that is disposed meanwhile is given back only then.
   */
  turnFor(vectors: VectorSource, { inPlace, into }: Pick<CheckedIndexOptions, 'inPlace' | 'into'>): MemoryTurn {
    const matrix = inPlace ? (vectors as VectorMatrix) : into;
    const memory = matrix && this.#placed.get(matrix.data?.buffer)?.memory;
    if (!memory) return NO_TURN;
    const earlier = this.#written.get(memory);
    let leave: MemoryTurn['leave'] = () => undefined;
    const settled = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#written.set(memory, settled);
    settled.then(() => {
      if (this.#written.get(memory) === settled) this.#written.delete(memory);
    });
    return { earlier, leave };
  }

  #release(memory: MatrixMemory): void {
    const settled = this.#written.get(memory);
    if (settled) settled.then(() => this.#pool.release(memory));
    else this.#pool.release(memory);
  }

  /**
   * The caller's memory that a run's result goes to; undefined when the caller gave none.
   *
   * @throws {IndexingError} `InvalidConfiguration` when the matrix given is none of this indexer's, or does not fit.
   */
  targetOf(
    rows: SourceRows,
    vectors: VectorSource,
    { inPlace, into }: Pick<CheckedIndexOptions, 'inPlace' | 'into'>,
  ): PlacedMemory | undefined {
    if (inPlace) return this.#find(vectors as VectorMatrix, rows.count, 'inPlace');
    if (!into) return undefined;
    const target = this.#find(into, rows.count, 'into');
    if (rows.groups.length > 1) {
      throw new IndexingError('InvalidConfiguration', 'into needs vectors of one length; ragged ones fit no matrix');
    }
    // Vectors without components need no room; what is wrong with them is told as of any other source.
    const dims = rows.groups[0]?.dims || into.dims;
    if (dims !== into.dims || rows.count * dims > into.data.length) {
      const found = `into holds ${into.data.length / into.dims} × ${into.dims}`;
      throw new IndexingError('InvalidConfiguration', `into needs room for ${rows.count} × ${dims}, ${found}`);
    }
    if (rows.overlapsTarget) {
      throw new IndexingError('InvalidConfiguration', 'into is the memory of the source; ask for inPlace instead');
    }
    const { memory, layout } = target;
    return { memory, layout: { ...layout, groups: layout.groups.map((room) => ({ ...room, ...rows.groups[0] })) } };
  }

  /**
   * The memory of `matrix`, placed for its first `count` rows. A shorter matrix over the first rows of an allocated one
   * will do.
   *
   * @param option name of the option that asks for it, for the message
   * @throws {IndexingError} `InvalidConfiguration` when it is not from `allocate` of this indexer, was disposed, or
   *   has fewer than `count` rows.
   */
  #find(matrix: VectorMatrix, count: number, option: 'inPlace' | 'into'): PlacedMemory {
    const placed = this.#placed.get(matrix?.data?.buffer);
    const room = placed?.layout.groups[0];
    if (!placed || !room || matrix.data.byteOffset !== room.rows || matrix.dims !== room.dims) {
      const what = option === 'inPlace' ? 'a source' : 'a matrix';
      throw new IndexingError('InvalidConfiguration', `${option} needs ${what} from allocate of the same indexer`);
    }
    if (count > room.count) {
      // A view of the caller's own may reach into the magnitudes behind the rows.
      throw new IndexingError('InvalidConfiguration', `${option} has room for ${room.count} vectors, got ${count}`);
    }
    return { memory: placed.memory, layout: { ...placed.layout, groups: count > 0 ? [{ ...room, count }] : [] } };
  }
}
