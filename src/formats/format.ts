/**
 * What a file format is to the rest of simdex: something that reads matrices out of a `ByteSource` and turns matrices
 * into bytes. Nothing here or in a format's own file opens anything, so formats run in browsers as they do in Node.
 *
 * Invariants: offsets and lengths are bytes; rows are counted from 0; every format is little-endian, as is every platform
 * that runs WebAssembly in V8, SpiderMonkey or JavaScriptCore, so float32 bytes and Float32Array memory are the same thing.
 */
import type { VectorMatrix } from '../vectors/vector-matrix.js';
import type { ChunkMemories } from './row-chunks.js';

/** Bytes at known positions: a file, or a buffer in memory. */
export interface ByteSource {
  /** What errors call it: the path, for a file. */
  readonly name: string;
  readonly byteLength: number;
  /** Fills all of `target` from `byteOffset` on. Rejects with `InvalidConfiguration` where the source ends before. */
  readInto(target: Uint8Array, byteOffset: number): Promise<void>;
}

export interface RowOptions {
  /** Components of each row, for formats that do not say; where the file says, both must agree. */
  readonly dims?: number | undefined;
  /** Rows of each matrix but the last. Default: about 8 MiB of float32, at least 1 row. */
  readonly chunkVectors?: number | undefined;
}

/** A source whose header has been read and found right. */
export interface VectorRows {
  readonly dims: number;
  /** Rows in the whole source. */
  readonly count: number;
  /** All rows from the first, in matrices whose memory comes from `memories`: fresh by default. */
  chunks(memories?: ChunkMemories): AsyncIterable<VectorMatrix>;
}

/** What is being written: rows of `dims` components, or one number per row (a column of magnitudes). */
export type RowShape = { readonly kind: 'vectors'; readonly dims: number } | { readonly kind: 'column' };

export interface VectorEncoder {
  /** The bytes before the first row; equally many for every count. */
  header(count: number): Uint8Array;
  /** The bytes of some rows (Float32Array, rows × dims). A piece is valid until the next one is asked for. */
  encode(data: Float32Array): Iterable<Uint8Array>;
}

export interface Format {
  /** Whether the header holds the count of rows, which must then be known beforehand or written afterwards. */
  readonly countInHeader: boolean;
  /** Reads and checks the header. Rejects with `InvalidConfiguration` for what is not a file of this format. */
  open(source: ByteSource, options: RowOptions): Promise<VectorRows>;
  /** Throws `InvalidConfiguration` for a shape that the format cannot hold. */
  createEncoder(shape: RowShape, file: string): VectorEncoder;
}

/** The largest number of components of a row that any format may claim: what an int32 holds. */
export const MAX_DIMS = 2 ** 31 - 1;

/** Bytes decoded or encoded at a time where file bytes are not memory bytes: half of it reads a third slower. */
export const STAGING_BYTES = 2 ** 21;
