/**
 * One file of the command line: what its header says, and its rows when they are needed. Only a few files are open at a time,
 * however many there are. A file that is opened again must still say the same.
 */
import { IndexingError } from '../base/errors.js';
import type { HttpOptions } from '../formats/node/http-ranges.js';
import { openVectors } from '../formats/node/read-vectors.js';
import type { ReadVectorsOptions, VectorFile } from '../formats/vector-file.js';

/** Facts from the header of a file. */
type Header = Pick<VectorFile, 'file' | 'format' | 'dims' | 'count' | 'dtype' | 'byteLength' | 'version'>;

export class InputFile {
  readonly header: Header;
  /** Whether rows can be read again, at any place. */
  readonly isReadable: boolean;
  readonly path: string;
  readonly #options: ReadVectorsOptions;
  readonly #http: HttpOptions;
  #opened: VectorFile | undefined;
  #bytesRead = 0;

  /** @param keepsOpen whether it stays open until its rows were read; a pipe does always, since nothing of it comes twice */
  static async open(
    path: string,
    options: ReadVectorsOptions,
    keepsOpen: boolean,
    http: HttpOptions = {},
  ): Promise<InputFile> {
    const opened = await openVectors(path, options, http);
    const input = new InputFile(path, options, opened, http);
    if (!keepsOpen && opened.byteLength !== Number.POSITIVE_INFINITY) await input.close();
    return input;
  }

  private constructor(path: string, options: ReadVectorsOptions, opened: VectorFile, http: HttpOptions) {
    const { file, format, dims, count, dtype, byteLength, version, createReader } = opened;
    this.header = { file, format, dims, count, dtype, byteLength, version };
    this.isReadable = createReader !== undefined;
    this.path = path;
    this.#options = options;
    this.#http = http;
    this.#opened = opened;
  }

  /** Bytes that were read so far. */
  get bytesRead(): number {
    return this.#opened?.bytesRead ?? this.#bytesRead;
  }

  /** Opens the file where it is not open. */
  async vectors(): Promise<VectorFile> {
    this.#opened ??= await this.#openAgain();
    return this.#opened;
  }

  /** Fills `data` with the rows from `first` on. */
  async readRows(data: Float32Array, first: number): Promise<void> {
    const vectors = await this.#openAgain();
    try {
      await vectors.createReader!()(data, first);
    } finally {
      await vectors.close();
    }
  }

  /** Lets the file go; `vectors` opens it again. */
  async close(): Promise<void> {
    const opened = this.#opened;
    if (!opened) return;
    this.#bytesRead = opened.bytesRead;
    this.#opened = undefined;
    await opened.close();
  }

  async #openAgain(): Promise<VectorFile> {
    const vectors = await openVectors(this.path, this.#options, this.#http);
    const { file, count, dims, byteLength, version } = this.header;
    const isSame = vectors.byteLength === byteLength && vectors.version === version;
    if (isSame && vectors.count === count && vectors.dims === dims) return vectors;
    await vectors.close();
    throw new IndexingError('FileAccess', `cannot read ${file}: it was changed since it was looked at`);
  }
}
