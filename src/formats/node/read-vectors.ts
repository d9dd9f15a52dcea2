/**
 * Vectors from files and Blobs, in bounded memory.
 */
import { invalidConfiguration } from '../../base/errors.js';
import type { IdentifiedMatrix } from '../format.js';
import {
  checkReadOptions,
  matricesOf,
  openBlob,
  openSource,
  type ReadVectorsOptions,
  type VectorFile,
} from '../vector-file.js';
import { openFileSource } from './file-source.js';

/**
 * Opens a file of vectors and checks its header against its size, without reading rows.
 * Rejects with `FileAccess` for a file that cannot be read, `MalformedFile` for one that is not what its format says,
 * `MissingPackage` where its format needs one, and `InvalidConfiguration` for a bad option.
 */
export async function openVectors(file: string | Blob, options: ReadVectorsOptions = {}): Promise<VectorFile> {
  if (file instanceof Blob) return openBlob(file, options);
  if (typeof file !== 'string' || file === '') throw invalidConfiguration('file', 'a path or a Blob', file);
  checkReadOptions(file, options);
  return openSource(await openFileSource(file), options);
}

/**
 * The vectors of a file or Blob, as matrices (Float32Array, rows × dims, row-major) of `chunkVectors` rows, by default about
 * 8 MiB, with `ids` where the file has them. Where the length of rows changes a new matrix begins. Every matrix has shared
 * memory of its own, which belongs to the consumer. The file is open from the first step to the last, to an error, or to the
 * consumer's early return; errors are those of `openVectors`, and `EmptyVector` for a row without components.
 */
export async function* readVectors(
  file: string | Blob,
  options: ReadVectorsOptions = {},
): AsyncGenerator<IdentifiedMatrix, void, undefined> {
  yield* matricesOf(await openVectors(file, options));
}
