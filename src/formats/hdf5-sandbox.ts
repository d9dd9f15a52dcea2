/**
 * A file as HDF5 sees it: alone. The library's file system is in memory, with nothing in it but this file under a name that cannot be
 * guessed; while a call of this file runs no other can be opened. So whatever a file says (external storage, external links, virtual
 * datasets), only its own bytes are read. What it asked for is remembered, to be named.
 *
 * The library may not read without end either: a file whose structures lead in a circle is cut off.
 */
import type { File } from 'h5wasm';
import type { ByteSource } from './format.js';
import { brokenLibrary, type Hdf5Instance, isBreakdown } from './hdf5-library.js';
import { unfitPackage } from './optional-package.js';

export type Module = Hdf5Instance['module'];

/** The part of the library's file system that is used here. */
interface FileSystem {
  open(path: string, flags: number, ...rest: unknown[]): unknown;
  writeFile(path: string, bytes: Uint8Array): void;
  unlink(path: string): void;
  lookupPath(path: string): { readonly node: FileNode };
  readonly ErrnoError: new (code: number) => Error;
}

interface FileNode {
  usedBytes: number;
  stream_ops: object;
}

const NO_SUCH_FILE = 44;
const INPUT_ERROR = 29;
/** O_CREAT and O_EXCL: what is opened was not there. */
const NEW_FILE = 0o300;

/**
 * Every byte is read once, but for a chunk that is larger than a tile, once for each of its tiles; the least is for small files, whose
 * structures are looked at again.
 */
const MOST_READS = 12;
const LEAST_READ_BYTES = 2 ** 20;
/** Compressed chunks, which may unfold a thousand times, are read once; a chunk larger than a tile, once for each of its tiles. */
const LEAST_CHUNK_BYTES = 2 ** 17;

/** The file whose call runs now. All calls are synchronous. */
let running: SandboxedFile | undefined;
let files = 0;

export class SandboxedFile {
  /** Another file that was asked for, and refused. */
  foreignFile: string | undefined;
  /** Why the library was cut off; undefined where it was not. */
  excess: string | undefined;
  readonly #instance: Hdf5Instance;
  readonly #system: FileSystem;
  readonly #name: string;
  readonly #path: string;
  readonly #file: File;
  readonly #byteLength: number;
  /** While the file itself is opened. */
  #isOpening = true;
  #budget: number;
  /** What may be read of compressed chunks; undefined before the first of them. */
  #chunkBudget: number | undefined;
  /** While a compressed chunk is read, the bytes that it takes at most: it is read as a whole. */
  #mostOfChunk: number | undefined;

  /** @param read fills as much of the target as there is from an offset on */
  constructor(
    instance: Hdf5Instance,
    { name, byteLength }: Pick<ByteSource, 'name' | 'byteLength'>,
    read: NonNullable<ByteSource['readUpToNow']>,
  ) {
    const { library, module } = instance;
    const system = fileSystemOf(name, module);
    this.#instance = instance;
    this.#system = system;
    this.#name = name;
    this.#budget = MOST_READS * byteLength + LEAST_READ_BYTES;
    this.#byteLength = byteLength;
    this.#path = `/simdex-${files++}-${Math.random().toString(36).slice(2)}.h5`;
    watch(system);
    system.writeFile(this.#path, new Uint8Array(0));
    const { node } = system.lookupPath(this.#path);
    node.usedBytes = byteLength;
    node.stream_ops = {
      ...node.stream_ops,
      read: (_stream: unknown, memory: Int8Array, offset: number, length: number, position: number) => {
        this.#spend(length);
        if (this.excess !== undefined) throw new system.ErrnoError(INPUT_ERROR);
        return read(new Uint8Array(memory.buffer, memory.byteOffset + offset, length), position);
      },
    };
    try {
      this.#file = this.run(() => new library.File(this.#path, 'r'));
    } catch (error) {
      system.unlink(this.#path);
      throw error;
    } finally {
      this.#isOpening = false;
    }
  }

  get file(): File {
    return this.#file;
  }

  /** Every call of the library goes through here. */
  run<T>(work: (module: Module) => T): T {
    const { module, brokenBy } = this.#instance;
    if (brokenBy !== undefined && brokenBy !== this.#name) throw brokenLibrary(this.#name, brokenBy);
    const before = running;
    running = this;
    try {
      return work(module);
    } catch (error) {
      this.#instance.faults++;
      if (isBreakdown(error)) this.#instance.brokenBy ??= this.#name;
      throw error;
    } finally {
      running = before;
    }
  }

  /**
   * A call that reads compressed chunks.
   *
   * @param mostBytes what a chunk takes in the file at most
   * @param times how often a chunk is read
   */
  readChunks<T>(mostBytes: number, times: number, work: (module: Module) => T): T {
    this.#chunkBudget ??= (1 + Math.min(times, MOST_READS)) * this.#byteLength + LEAST_CHUNK_BYTES;
    this.#mostOfChunk = mostBytes;
    try {
      return this.run(work);
    } finally {
      this.#mostOfChunk = undefined;
    }
  }

  /** Takes a read into account, and says in `excess` why the library has to be stopped. */
  #spend(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) this.excess ??= 'structures that lead in a circle';
    if (this.#mostOfChunk === undefined || this.#chunkBudget === undefined) return;
    this.#chunkBudget -= bytes;
    if (bytes > this.#mostOfChunk)
      this.excess ??= `${bytes} bytes for one chunk, which takes at most ${this.#mostOfChunk}`;
    else if (this.#chunkBudget < 0) this.excess ??= 'compressed data that are read again and again';
  }

  /** Whether the library may open a file of this path now. */
  admits(path: string, flags: number): boolean {
    // The library writes its errors to a new file first.
    if ((flags & NEW_FILE) === NEW_FILE) return true;
    if (this.#isOpening && path === this.#path) return true;
    this.foreignFile ??= path;
    return false;
  }

  close(): void {
    try {
      if (this.#instance.brokenBy === undefined) this.run(() => this.#file.close());
    } catch {
      // Nothing was written, so nothing is lost; a damaged file may not let itself be closed.
    } finally {
      this.#system.unlink(this.#path);
    }
  }
}

const FILE_SYSTEM = ['open', 'writeFile', 'unlink', 'lookupPath', 'ErrnoError'];

function isFileSystem(system: unknown): system is FileSystem {
  if (typeof system !== 'object' || system === null) return false;
  return FILE_SYSTEM.every((name) => typeof Reflect.get(system, name) === 'function');
}

function fileSystemOf(file: string, { FS }: { readonly FS: unknown }): FileSystem {
  if (!isFileSystem(FS))
    throw unfitPackage(file, 'h5', 'h5wasm', `has a file system without ${FILE_SYSTEM.join(', ')}`);
  return FS;
}

const watched = new WeakSet<object>();

/** Asks the file whose call runs before anything is opened; calls of others are not touched. */
function watch(system: FileSystem): void {
  if (watched.has(system)) return;
  watched.add(system);
  const open = system.open;
  system.open = (path, flags, ...rest) => {
    if (running && !running.admits(path, flags)) throw new system.ErrnoError(NO_SUCH_FILE);
    return open.call(system, path, flags, ...rest);
  };
}
