/**
 * Vectors from a source of bytes, in bounded memory: one chunk is read when it is asked for. Nothing is read ahead and nothing
 * forbids it: the caller may ask for the next chunk while working on this one.
 */
import { IndexingError, invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { createBlobSource } from './byte-sources.js';
import type { ByteSource, IdentifiedMatrix, RowChunk, RowOptions } from './format.js';
import { formatOf, type VectorFormat } from './registry.js';
import type { ChunkMemories, ReadRowsInto } from './row-chunks.js';

/** How a file of vectors is read. */
export interface ReadVectorsOptions extends RowOptions {
  /** Default: by the file's extension. */
  readonly format?: VectorFormat | undefined;
}

/** A source that somebody must close: an open file. */
export interface ClosableSource extends ByteSource {
  /** Waits for reads under way; further ones are refused. May be called again. */
  close(): Promise<void>;
}

/** An open file whose header has been checked. Whoever opened it closes it. */
export interface VectorFile {
  /** Its path, or the name of a Blob. */
  readonly file: string;
  readonly format: VectorFormat;
  /** Components of each row; `'ragged'` where rows are known to differ, undefined where only reading them tells. */
  readonly dims: number | 'ragged' | undefined;
  /** Rows in the file; undefined where only reading them tells. */
  readonly count: number | undefined;
  /** Number type of the components in the file, for example `float16`. */
  readonly dtype: string;
  /** Size of the file. */
  readonly byteLength: number;
  /** Bytes that were read so far, by all readers together. */
  readonly bytesRead: number;
  /** Makes a reader of rows at any place, which reads by one call at a time; for formats that have rows of one length there. */
  readonly createReader: (() => ReadRowsInto) | undefined;
  /** All rows from the first, as often as it is called. A chunk's memory is shared, fresh, and its receiver's. */
  chunks(memories?: ChunkMemories): AsyncIterable<RowChunk>;
  /** Waits for a read under way; chunks asked for later are refused. May be called again. */
  close(): Promise<void>;
}

const READ_OPTIONS = new Set(['format', 'dims', 'chunkVectors']);

/** Checks what can be checked before anything is opened; gives the format. */
export function checkReadOptions(name: string, options: ReadVectorsOptions) {
  refuseUnknown('options', options, READ_OPTIONS);
  requirePositiveInteger('dims', options.dims);
  requirePositiveInteger('chunkVectors', options.chunkVectors);
  return formatOf(name, options.format);
}

/**
 * Checks the header of a source against its size, without reading rows. Closes the source when that fails.
 * Rejects with `MalformedFile` for what is not what its format says, and with `InvalidConfiguration` for a bad option.
 */
export async function openSource(source: ClosableSource, options: ReadVectorsOptions = {}): Promise<VectorFile> {
  const counted = new CountedSource(source);
  try {
    const { name, format } = checkReadOptions(source.name, options);
    const rows = await format.open(counted, options);
    return {
      file: source.name,
      format: name,
      dims: rows.dims,
      count: rows.count,
      dtype: rows.dtype,
      byteLength: source.byteLength,
      get bytesRead() {
        return counted.bytesRead;
      },
      createReader: rows.createReader,
      chunks: (memories) => rows.chunks(memories),
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** As `openSource`, for a Blob: by its name where it is a File, else by the option `format`. */
export async function openBlob(blob: Blob, options: ReadVectorsOptions = {}): Promise<VectorFile> {
  return openSource(Object.assign(createBlobSource(blob), { close: async () => undefined }), options);
}

/**
 * All vectors of an open file as matrices; closes it. Where the length of rows changes a new matrix begins.
 * Rejects with `EmptyVector` for a row without components, since no matrix holds it.
 */
export async function* matricesOf(vectors: VectorFile): AsyncGenerator<IdentifiedMatrix, void, undefined> {
  let first = 0;
  try {
    for await (const chunk of vectors.chunks()) {
      if ('data' in chunk) {
        yield chunk;
        first += chunk.data.length / chunk.dims;
        continue;
      }
      for (const { at, count, data } of runsOfOneLength(chunk.rows)) {
        const dims = chunk.rows[at]!.length;
        if (dims === 0)
          throw new IndexingError('EmptyVector', `row ${first + at} of ${vectors.file} has no components`, {
            vectorIndex: first + at,
          });
        yield { data, dims, ids: chunk.ids?.slice(at, at + count) };
      }
      first += chunk.rows.length;
    }
  } finally {
    await vectors.close();
  }
}

function* runsOfOneLength(rows: readonly Float32Array[]) {
  for (let at = 0; at < rows.length; ) {
    const { buffer, byteOffset, length } = rows[at]!;
    let end = at + 1;
    while (end < rows.length && length > 0 && rows[end]!.length === length) end++;
    // The rows of a chunk lie one after the other.
    yield { at, count: end - at, data: new Float32Array(buffer, byteOffset, (end - at) * length) };
    at = end;
  }
}

class CountedSource implements ByteSource {
  readonly #source: ByteSource;
  bytesRead = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get name(): string {
    return this.#source.name;
  }

  get byteLength(): number {
    return this.#source.byteLength;
  }

  get openHdf() {
    return this.#source.openHdf;
  }

  async readInto(target: Uint8Array, byteOffset: number): Promise<void> {
    await this.#source.readInto(target, byteOffset);
    this.bytesRead += target.length;
  }
}

function requirePositiveInteger(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return;
  throw invalidConfiguration(name, 'a positive integer', value);
}
