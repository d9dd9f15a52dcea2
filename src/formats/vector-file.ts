/**
 * Reads vectors from a source of bytes in bounded memory. A chunk is read when it is asked for, and nothing is read ahead. The
 * caller may ask for the next chunk while it works on this one.
 */
import { IndexingError, invalidConfiguration, type RowRange, refuseUnknown } from '../base/errors.js';
import type { ReusableChunks } from '../vectors/reusable-chunks.js';
import type { VectorMatrix } from '../vectors/vector-source.js';
import { createBlobSource } from './byte-sources.js';
import type { ByteSource, RowOptions } from './format.js';
import { MatrixCutter } from './matrices.js';
import { formatOf, type VectorFormat } from './registry.js';
import type { IdentifiedMatrix, RowChunk } from './row-chunk.js';
import { ChunkMemories, LentMemories, type ReadRowsInto } from './row-chunks.js';

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

/** Matrices, one after the other, whose memory can be handed back. */
export type VectorChunks = AsyncGenerator<IdentifiedMatrix, void, undefined> & ReusableChunks;

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
  /** Differs once the file was changed: its ETag or the time of its last change; undefined where nobody tells. */
  readonly version: string | undefined;
  /** Whether `chunks` takes `rows`; `count` is known then. */
  readonly takesRows: boolean;
  /** All rows from the first, or `rows` alone, as often as it is called. A chunk's memory is shared, fresh, and its receiver's. */
  chunks(memories?: ChunkMemories, rows?: RowRange): AsyncIterable<RowChunk>;
  /** Waits for a read under way; chunks asked for later are refused. May be called again. */
  close(): Promise<void>;
}

const READ_OPTIONS = new Set(['format', 'dims', 'chunkVectors', 'column', 'header']);

/** Checks what can be checked before anything is opened; gives the format. */
export function checkReadOptions(name: string, options: ReadVectorsOptions) {
  refuseUnknown('options', options, READ_OPTIONS);
  requirePositiveInteger('dims', options.dims);
  requirePositiveInteger('chunkVectors', options.chunkVectors);
  const { column, header } = options;
  if (column !== undefined && (typeof column !== 'string' || column === ''))
    throw invalidConfiguration('column', 'the name of what holds the vectors', column);
  if (header !== undefined && typeof header !== 'boolean')
    throw invalidConfiguration('header', 'true or false', header);
  const found = formatOf(name, options.format);
  if (column !== undefined && !found.format.hasColumns) throw refuseOption('column', column, found.name);
  if (header !== undefined && !found.format.hasHeader) throw refuseOption('header', String(header), found.name);
  return found;
}

function refuseOption(option: string, value: string, format: VectorFormat): IndexingError {
  const detail = `${option} ${JSON.stringify(value)} was given, but .${format} has none; leave it out`;
  return new IndexingError('InvalidConfiguration', detail);
}

/**
 * Checks the header of a source against its size, without reading rows. Closes the source when that fails.
 * Rejects with `MalformedFile` for what is not what its format says, and with `InvalidConfiguration` for a bad option.
 */
export async function openSource(source: ClosableSource, options: ReadVectorsOptions = {}): Promise<VectorFile> {
  const counted = new CountedSource(source);
  try {
    const { name, format } = checkReadOptions(source.name, options);
    if (source.isForwardOnly && !format.readsPipes) throw refusePipe(source.name, name);
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
      // What came through a pipe cannot be read again.
      createReader: source.isForwardOnly ? undefined : rows.createReader,
      version: source.version,
      takesRows: rows.takesRows === true,
      chunks: (memories, wanted) => rows.chunks(memories, wanted),
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function refusePipe(file: string, format: VectorFormat): IndexingError {
  const detail = `${file} is a pipe, and .${format} is not read from front to back; save it to a file first`;
  return new IndexingError('InvalidConfiguration', detail);
}

/** As `openSource`, for a Blob: by its name where it is a File, else by the option `format`. */
export async function openBlob(blob: Blob, options: ReadVectorsOptions = {}): Promise<VectorFile> {
  return openSource(Object.assign(createBlobSource(blob), { close: async () => undefined }), options);
}

/**
 * All vectors of a file as matrices, opened at the first step and closed after the last. Where the length of rows changes a new matrix
 * begins. Each has memory of its own, unless the one that iterates hands memory back by `reuse`.
 */
export function vectorChunks(open: () => Promise<VectorFile>, memories = new ChunkMemories()): VectorChunks {
  const lent = new LentMemories(memories);
  async function* matrices(): AsyncGenerator<IdentifiedMatrix, void, undefined> {
    const vectors = await open();
    try {
      const cutter = new MatrixCutter();
      for await (const chunk of vectors.chunks(memories)) {
        const cut = cutter.cut(chunk);
        lent.lend(cut);
        yield* cut;
      }
      yield* cutter.end();
    } finally {
      await vectors.close();
    }
  }
  return Object.assign(matrices(), { reuse: (chunk: VectorMatrix) => lent.reuse(chunk) });
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

  get isForwardOnly(): boolean | undefined {
    return this.#source.isForwardOnly;
  }

  get readUpTo(): ByteSource['readUpTo'] {
    const { readUpTo } = this.#source;
    if (!readUpTo) return undefined;
    return async (target, byteOffset) => this.#counted(await readUpTo(target, byteOffset));
  }

  get readUpToNow(): ByteSource['readUpToNow'] {
    const { readUpToNow } = this.#source;
    return readUpToNow && ((target, byteOffset) => this.#counted(readUpToNow(target, byteOffset)));
  }

  #counted(bytes: number): number {
    this.bytesRead += bytes;
    return bytes;
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
