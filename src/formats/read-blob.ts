/**
 * Vectors from what a page can read: a Blob, or a File that somebody chose.
 */
import { openBlob, type ReadVectorsOptions, type VectorChunks, vectorChunks } from './vector-file.js';

/**
 * The vectors of a Blob, as matrices (Float32Array, rows × dims, row-major) of `chunkVectors` rows, by default about 8 MiB,
 * with `ids` where the file has them. Where the length of rows changes a new matrix begins. Only the chunk that is asked for
 * is read, however large the Blob; every matrix has memory of its own, which belongs to the consumer.
 *
 * The format is told by the name of a File, and by the option `format` for any other Blob. Rejects with `MalformedFile` for what is
 * not what its format says, `FileAccess` for what cannot be read (any more), `MissingPackage` where the format needs one,
 * and `InvalidConfiguration` for a bad option. A row without components is a row of NaN here, which an indexer
 * rejects.
 */
export function readVectors(file: Blob, options: ReadVectorsOptions = {}): VectorChunks {
  return vectorChunks(() => openBlob(file, options));
}
