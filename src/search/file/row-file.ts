/**
 * The file in which rows of an index lie. It is held open as long as anybody reads from it. So when another file takes its
 * name, the old one is still read. A file that is changed in place is refused: this is checked after every read, so no answer
 * comes from other rows.
 */
import { IndexingError } from '../../base/errors.js';
import { Checksum } from '../../formats/checksum.js';
import type { ByteSource } from '../../formats/format.js';
import type { SavedIndexPlaces } from '../../formats/saved-index.js';
import type { Precision } from '../../memory/segment-layout.js';

/** A source that is read until it is closed. */
export interface HeldSource extends ByteSource {
  close(): Promise<void>;
}

/** Reads under way at a time: what the system reads from a disk at once, and no more than its pool of threads queues. */
const MOST_READS = 16;
/** Rows that are no farther apart are read together, and so many bytes at a time. */
const MOST_GAP_BYTES = 2 ** 13;
const MOST_RUN_BYTES = 2 ** 18;
/** Bytes of the header that are looked at again. */
const HEADER_BYTES = 2 ** 12;

/** Consecutive ones of the rows asked for. */
interface Run {
  readonly first: number;
  last: number;
}

export class RowFile {
  readonly name: string;
  readonly precision: Precision;
  readonly dims: number;
  /** Bytes of a row. */
  readonly rowBytes: number;
  readonly #source: HeldSource;
  readonly #rowsAt: number;
  readonly #header: { readonly bytes: number; readonly checksum: number };
  #users = 1;
  #reads = 0;
  readonly #waiting: (() => void)[] = [];
  #closed: Promise<void> | undefined;

  /** Opens a file of rows and becomes the owner of `source`, which is closed when all users have left. The caller is the first user. */
  static async open(source: HeldSource, places: SavedIndexPlaces): Promise<RowFile> {
    const bytes = Math.min(places.vectors.byteOffset, HEADER_BYTES);
    return new RowFile(source, places, { bytes, checksum: await headerChecksum(source, bytes) });
  }

  private constructor(
    source: HeldSource,
    { vectors, dims, count, precision }: SavedIndexPlaces,
    header: { readonly bytes: number; readonly checksum: number },
  ) {
    this.name = source.name;
    this.precision = precision;
    this.dims = dims;
    this.rowBytes = count === 0 ? 0 : vectors.byteLength / count;
    this.#source = source;
    this.#rowsAt = vectors.byteOffset;
    this.#header = header;
  }

  /** Gives what lets go of it again. */
  hold(): () => void {
    this.#users++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.release();
    };
  }

  /** Takes one user off; after the last one the file is closed. */
  release(): void {
    if (--this.#users > 0) return;
    this.#closed ??= this.#source.close();
    // The file was only read, so a failure to close it is not reported.
    this.#closed.catch(() => undefined);
  }

  /**
   * Reads rows at some positions of the file, ascending, one behind the other into `target`. Rejects with `FileAccess` where that is not the file any
   * more that was opened; then too, nothing is written to `target` any more.
   */
  async read(positions: ArrayLike<number>, target: Uint8Array): Promise<void> {
    const reads = [...this.#runs(positions)].map((run) => this.#pooled(() => this.#readRun(positions, run, target)));
    const ended = await Promise.allSettled(reads);
    const failed = ended.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
    await this.#requireUnchanged();
  }

  *#runs(positions: ArrayLike<number>): Generator<Run> {
    const { rowBytes } = this;
    let run: Run | undefined;
    for (let i = 0; i < positions.length; i++) {
      const gap = run ? (positions[i]! - positions[i - 1]! - 1) * rowBytes : 0;
      if (run && gap <= MOST_GAP_BYTES && (positions[i]! - positions[run.first]! + 1) * rowBytes <= MOST_RUN_BYTES) {
        run.last = i;
      } else {
        if (run) yield run;
        run = { first: i, last: i };
      }
    }
    if (run) yield run;
  }

  async #readRun(positions: ArrayLike<number>, run: Run, target: Uint8Array): Promise<void> {
    try {
      await this.#readOnce(positions, run, target);
    } catch (error) {
      await this.#requireUnchanged();
      // A read that failed once may succeed: the network may have been at fault.
      if (error instanceof IndexingError && error.code === 'Disposed') throw error;
      await this.#readOnce(positions, run, target);
    }
  }

  async #readOnce(positions: ArrayLike<number>, { first, last }: Run, target: Uint8Array): Promise<void> {
    const { rowBytes } = this;
    const from = positions[first]!;
    const span = positions[last]! - from + 1;
    const at = this.#rowsAt + from * rowBytes;
    if (span === last - first + 1) {
      await this.#source.readInto(target.subarray(first * rowBytes, (last + 1) * rowBytes), at);
      return;
    }
    const piece = new Uint8Array(span * rowBytes);
    await this.#source.readInto(piece, at);
    for (let i = first; i <= last; i++) {
      const begin = (positions[i]! - from) * rowBytes;
      target.set(piece.subarray(begin, begin + rowBytes), i * rowBytes);
    }
  }

  async #requireUnchanged(): Promise<void> {
    const { requireUnchanged } = this.#source;
    if (!requireUnchanged) return;
    await requireUnchanged();
    if ((await headerChecksum(this.#source, this.#header.bytes)) === this.#header.checksum) return;
    const detail = `cannot read ${this.name}: its header was changed while it was open; load it again`;
    throw new IndexingError('FileAccess', detail);
  }

  async #pooled<T>(read: () => Promise<T>): Promise<T> {
    if (this.#reads >= MOST_READS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#reads++;
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#reads--;
    }
  }
}

async function headerChecksum(source: ByteSource, length: number): Promise<number> {
  const bytes = new Uint8Array(length);
  await source.readInto(bytes, 0);
  const checksum = new Checksum();
  checksum.add(bytes);
  return checksum.value;
}
