/**
 * Some consecutive rows of a file, as readers give them and writers take them.
 */
import type { VectorId } from '../vectors/vector-id.js';
import type { VectorMatrix } from '../vectors/vector-source.js';

/** Rows of one length, and what their file calls them. */
export interface IdentifiedMatrix extends VectorMatrix {
  /** One for each row; undefined for rows without ids. */
  readonly ids?: readonly VectorId[] | undefined;
}

/** Rows whose lengths differ: views on one memory, in order. A row may have no components. */
interface RaggedRows {
  readonly rows: readonly Float32Array[];
  readonly ids?: readonly VectorId[] | undefined;
}

/** Where a file has rows with ids and rows without, each chunk holds rows of one kind. */
export type RowChunk = IdentifiedMatrix | RaggedRows;

/** Number of rows. */
export function countOf(chunk: RowChunk): number {
  return 'rows' in chunk ? chunk.rows.length : chunk.data.length / chunk.dims;
}
