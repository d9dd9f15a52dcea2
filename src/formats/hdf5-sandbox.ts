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

type Module = Hdf5Instance['module'];

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

/** The file whose call runs now. All calls are synchronous. */
let running: SandboxedFile | undefined;
let files = 0;

export class SandboxedFile {
  /** Another file that was asked for, and refused. */
  foreignFile: string | undefined;
  /** Whether the library was cut off. */
  readsTooMuch = false;
  readonly #instance: Hdf5Instance;
  readonly #name: string;
  readonly #path: string;
  readonly #file: File;
  /** While the file itself is opened. */
  #isOpening = true;
  #budget: number;

  /** @param read fills as much of the target as there is from an offset on */
  constructor(
    instance: Hdf5Instance,
    { name, byteLength }: Pick<ByteSource, 'name' | 'byteLength'>,
    read: NonNullable<ByteSource['readUpToNow']>,
  ) {
    const { library, module } = instance;
    this.#instance = instance;
    this.#name = name;
    this.#budget = MOST_READS * byteLength + LEAST_READ_BYTES;
    this.#path = `/simdex-${files++}-${Math.random().toString(36).slice(2)}.h5`;
    const system = fileSystemOf(module);
    watch(system);
    system.writeFile(this.#path, new Uint8Array(0));
    const { node } = system.lookupPath(this.#path);
    node.usedBytes = byteLength;
    node.stream_ops = {
      ...node.stream_ops,
      read: (_stream: unknown, memory: Int8Array, offset: number, length: number, position: number) => {
        this.#budget -= length;
        if (this.#budget < 0) {
          this.readsTooMuch = true;
          throw new system.ErrnoError(INPUT_ERROR);
        }
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
      fileSystemOf(this.#instance.module).unlink(this.#path);
    }
  }
}

function fileSystemOf(module: Module): FileSystem {
  return module.FS as unknown as FileSystem;
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
