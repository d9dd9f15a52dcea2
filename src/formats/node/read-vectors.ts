/**
 * Vectors from files, in bounded memory: one chunk is read when it is asked for. Nothing is read ahead and nothing forbids
 * it: the caller may ask for the next chunk while working on this one.
 */
import { invalidConfiguration } from '../../errors.js';
import type { VectorMatrix } from '../../vectors/vector-matrix.js';
import type { RowOptions } from '../format.js';
import { formatOf, type VectorFormat } from '../registry.js';
import type { ChunkMemories } from '../row-chunks.js';
import { type FileSource, openFileSource } from './file-source.js';

export interface ReadVectorsOptions extends RowOptions {
  /** Default: by the file's extension. */
  readonly format?: VectorFormat | undefined;
}

/** An open file whose header has been checked. Whoever opened it closes it. */
export interface VectorFile {
  readonly file: string;
  readonly format: VectorFormat;
  /** Components of each row. */
  readonly dims: number;
  /** Rows in the file. */
  readonly count: number;
  /** Size of the file. */
  readonly byteLength: number;
  /** All rows from the first, as often as it is called. A chunk's memory is shared, fresh, and its receiver's. */
  chunks(memories?: ChunkMemories): AsyncIterable<VectorMatrix>;
  /** Waits for a read under way; chunks asked for later are refused. May be called again. */
  close(): Promise<void>;
}

/**
 * Opens a file of vectors and checks its header against its size, without reading rows.
 * Rejects with `InvalidConfiguration` for a file that cannot be read or is not what its format says, or a bad option.
 */
export async function openVectors(file: string, options: ReadVectorsOptions = {}): Promise<VectorFile> {
  if (typeof file !== 'string' || file === '') throw invalidConfiguration('file', 'a path', file);
  requirePositiveInteger('dims', options.dims);
  requirePositiveInteger('chunkVectors', options.chunkVectors);
  const { name, format } = formatOf(file, options.format);
  const source = await openFileSource(file);
  const rows = await format.open(source, options).catch((error: unknown) => closeAndThrow(source, error));
  return {
    file,
    format: name,
    dims: rows.dims,
    count: rows.count,
    byteLength: source.byteLength,
    chunks: (memories) => rows.chunks(memories),
    close: () => source.close(),
  };
}

/**
 * The vectors of a file, as matrices (Float32Array, rows × dims, row-major) of `chunkVectors` rows, by default about 8 MiB.
 * Every matrix has shared memory of its own, which belongs to the consumer. The file is open from the first step to the
 * last, to an error, or to the consumer's early return; errors are those of `openVectors`.
 */
export async function* readVectors(
  file: string,
  options: ReadVectorsOptions = {},
): AsyncGenerator<VectorMatrix, void, undefined> {
  const vectors = await openVectors(file, options);
  try {
    yield* vectors.chunks();
  } finally {
    await vectors.close();
  }
}

function requirePositiveInteger(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return;
  throw invalidConfiguration(name, 'a positive integer', value);
}

async function closeAndThrow(source: FileSource, error: unknown): Promise<never> {
  await source.close();
  throw error;
}
