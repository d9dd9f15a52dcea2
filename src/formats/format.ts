/**
 * What a file format is to the rest of simdex: something that reads rows out of a `ByteSource` and, where it can be written
 * sensibly, turns matrices into bytes. Nothing here or in a format's own file opens anything, so formats run in browsers as
 * they do in Node.
 *
 * Invariants: offsets and lengths are bytes; rows are counted from 0 and lines from 1; every binary format is
 * little-endian, as is every platform that runs WebAssembly in V8, SpiderMonkey or JavaScriptCore, so float32 bytes and
 * Float32Array memory are the same thing.
 */
import type { RowRange } from '../base/errors.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import type { RowChunk } from './row-chunk.js';
import type { ChunkMemories, ReadRowsInto } from './row-chunks.js';

/** Bytes at known positions: a file, a Blob, or a buffer in memory; or a pipe, whose bytes come in order. */
export interface ByteSource {
  /** What errors call it: the path, for a file. */
  readonly name: string;
  /** `Infinity` for a pipe, whose end only reading tells. */
  readonly byteLength: number;
  /**
   * Differs once the bytes were changed: the ETag, or the time of the last change (ISO 8601 of a file). undefined where nobody tells, as of
   * a pipe.
   */
  readonly version?: string | undefined;
  /** Whether it is read from front to back, each read where the last one ended or behind it: a pipe, or what is deflated. */
  readonly isForwardOnly?: boolean | undefined;
  /** Fills all of `target` from `byteOffset` on. Rejects with `MalformedFile` where the source ends before. */
  readInto(target: Uint8Array, byteOffset: number): Promise<void>;
  /** For a pipe: fills as much of `target` as there is, less than all of it only at the end. */
  readonly readUpTo?: ((target: Uint8Array, byteOffset: number) => Promise<number>) | undefined;
  /** For a file of the system: the same without waiting, for libraries that cannot wait. */
  readonly readUpToNow?: ((target: Uint8Array, byteOffset: number) => number) | undefined;
  /** For a file of the system: rejects with `FileAccess` where it was changed since it was opened. Not where another one took its name. */
  readonly requireUnchanged?: (() => Promise<void>) | undefined;
}

export interface RowOptions {
  /** Components of each row, for formats that do not say; where the file says, both must agree. */
  readonly dims?: number | undefined;
  /** Rows of each matrix but the last. Default: about 8 MiB of float32, at least 1 row. */
  readonly chunkVectors?: number | undefined;
  /**
   * What holds the vectors: a dataset (`.h5`, with the groups it is in: `model/embeddings`), an array (`.npz`), a tensor
   * (`.safetensors`), a column (`.parquet`, `.arrow`, `.csv`) or a key (`.jsonl`). Default: what is called `vectors` or `vector`, or
   * the only one there is.
   */
  readonly column?: string | undefined;
  /**
   * Whether the first line of a `.csv` file has names. Default: it has where all fields are words, or count 0, 1, 2 and so on.
   */
  readonly header?: boolean | undefined;
}

/** A source whose header has been read and found right. */
export interface VectorRows {
  /** Components of every row; `'ragged'` where rows are known to differ, undefined where only reading them tells. */
  readonly dims: number | 'ragged' | undefined;
  /** Rows in the whole source; undefined where only reading them tells. */
  readonly count: number | undefined;
  /** Number type of the components in the file, for example `float16`. */
  readonly dtype: string;
  /** Makes a reader of rows at any place, which reads by one call at a time; for formats that have rows of one length there. */
  readonly createReader?: () => ReadRowsInto;
  /** Whether `chunks` takes `rows`: where they lie is known, so what is before them is not decoded. `count` is known then. */
  readonly takesRows?: boolean;
  /**
   * All rows from the first, or only `rows` where the format takes them, in chunks whose memory comes from `memories`: fresh by
   * default.
   */
  chunks(memories?: ChunkMemories, rows?: RowRange): AsyncIterable<RowChunk>;
}

/**
 * What is being written: rows of `dims` components, one number per row (a column of magnitudes), or an index: rows with
 * their magnitudes and ids, for `VectorIndex` to load.
 */
export type RowShape =
  | { readonly kind: 'vectors'; readonly dims: number }
  | { readonly kind: 'column' }
  | {
      readonly kind: 'index';
      readonly dims: number;
      readonly metric: 'cosine' | 'dot' | 'euclidean';
      readonly order: ComponentOrder;
      /** Writes the rows, which are of length 1, in less than float32; undefined where they are float32. */
      readonly compact?: CompactRows | undefined;
    };

/** What makes less of rows than float32. */
export interface CompactRows {
  readonly precision: 'float16' | 'int8';
  /** A piece is valid until the next one is asked for. */
  encode(data: Float32Array): Iterable<Uint8Array>;
  /** Scales of the int8 rows that were encoded last: each row is multiplied by its own. */
  readonly scales: Float32Array;
}

/** Some rows to write: `data` is Float32Array, count × dims, row-major; a column has dims 1. */
export interface RowsToWrite {
  readonly data: Float32Array;
  readonly dims: number;
  readonly count: number;
  /** Components of each row, instead of `dims`, in formats whose rows may differ in length. */
  readonly lengths?: readonly number[] | undefined;
  readonly ids?: readonly VectorId[] | undefined;
  /** One for each row; only an index has them. */
  readonly magnitudes?: Float32Array | undefined;
}

export interface VectorEncoder {
  /** The bytes before the first row; equally many for every count. */
  header(count: number): Uint8Array;
  /** The bytes of some rows. A piece is valid until the next one is asked for. */
  encode(rows: RowsToWrite): Iterable<Uint8Array>;
  /** Columns behind the last row, in the order of the file, for formats that have them: bytes of the rows just encoded. */
  readonly columns?: readonly ((rows: RowsToWrite) => Uint8Array)[];
}

export interface FormatWriter {
  /** What the header holds that must be known beforehand or written afterwards. */
  readonly headerHolds: 'nothing' | 'count' | 'all sizes';
  /** Whether one file may have rows of different lengths. */
  readonly ragged: boolean;
  /** Throws `InvalidConfiguration` for a shape that the format cannot hold. */
  createEncoder(shape: RowShape, file: string): VectorEncoder;
}

export interface Format {
  /** Whether `open` takes the option `column`. */
  readonly hasColumns?: boolean;
  /** Whether `open` takes the option `header`. */
  readonly hasHeader?: boolean;
  /** Whether it can be read front to back, so that a pipe will do. */
  readonly readsPipes?: boolean;
  /** Reads and checks the header. Rejects with `MalformedFile` for what is not a file of this format,
   * and with `InvalidConfiguration` for options that do not fit it. */
  open(source: ByteSource, options: RowOptions): Promise<VectorRows>;
  /** Undefined for formats that are only read. */
  readonly writer?: FormatWriter;
}

/** The largest number of components of a row that any format may claim: what an int32 holds. */
export const MAX_DIMS = 2 ** 31 - 1;

/** Bytes decoded or encoded at a time where file bytes are not memory bytes: half of it reads a third slower. */
export const STAGING_BYTES = 2 ** 21;
