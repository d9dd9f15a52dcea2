/**
 * Vectors from files and Blobs, in bounded memory.
 */
import { fileURLToPath } from 'node:url';
import './hdf5-renewal.js';
import { invalidConfiguration } from '../../base/errors.js';
import {
  checkReadOptions,
  openBlob,
  openSource,
  type ReadVectorsOptions,
  type VectorChunks,
  type VectorFile,
  vectorChunks,
} from '../vector-file.js';
import type { HttpOptions } from './http-ranges.js';
import { httpUrlOf, publicNameOf } from './http-source.js';
import { openSourceToRead } from './pipe-source.js';

/**
 * Opens a file of vectors and checks its header against its size, without reading rows.
 * Rejects with `FileAccess` for a file that cannot be read, `MalformedFile` for one that is not what its format says,
 * `MissingPackage` where its format needs one, and `InvalidConfiguration` for a bad option.
 */
export async function openVectors(
  file: string | Blob | URL,
  options: ReadVectorsOptions = {},
  http: HttpOptions = {},
): Promise<VectorFile> {
  if (file instanceof Blob) return openBlob(file, options);
  const path = pathOf(file);
  checkReadOptions(publicNameOf(path), options);
  return openSource(await openSourceToRead(path, http), options);
}

/**
 * The vectors of a file or Blob, as matrices (Float32Array, rows × dims, row-major) of `chunkVectors` rows, by default about
 * 8 MiB, with `ids` where the file has them. Where the length of rows changes a new matrix begins, and so it does between rows
 * with ids and rows without. Every matrix has shared memory of its own, which belongs to the consumer. A row without components is
 * a row of NaN here, which an indexer rejects. The file is open from the first step to the last, to an error, or to the
 * consumer's early return; errors are those of `openVectors`.
 *
 * A URL, also as a string, is read by ranges of bytes: the server must know them. What fails is tried again; a file that is changed meanwhile
 * is refused. User and password of the URL go to its own origin only, and are never shown.
 *
 * `'-'` is standard input; it and pipes do for formats that are read from front to back.
 *
 * @example
 * ```js
 * import { readVectors, writeVectors } from 'simdex';
 *
 * await writeVectors('rows.npy', [{ data: new Float32Array([1, 0, 3, 4]), dims: 2 }]);
 * for await (const { data, dims } of readVectors('rows.npy')) console.log(data.length / dims); // 2
 * ```
 */
export function readVectors(file: string | Blob | URL, options: ReadVectorsOptions = {}): VectorChunks {
  return vectorChunks(() => openVectors(file, options));
}

function pathOf(file: string | URL): string {
  if (file instanceof URL) {
    if (file.protocol === 'file:') return fileURLToPath(file);
    if (httpUrlOf(file.href)) return file.href;
    throw invalidConfiguration('file', 'a path, a Blob, or a file:, http: or https: URL', `${file.protocol}…`);
  }
  if (typeof file !== 'string' || file === '')
    throw invalidConfiguration('file', 'a path, a Blob or a file: URL', file);
  return file;
}
