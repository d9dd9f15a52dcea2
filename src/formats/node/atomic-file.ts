/**
 * A file that appears whole or not at all. Bytes go to a temporary name in the target's directory, which `finish()` renames
 * over the target; `abort()`, and any error, removes it and leaves what was there untouched.
 *
 * What a killed process left behind is removed by the next one that writes to the same name.
 *
 * A link is followed: the file it points to is replaced, the link stays. The mode of a replaced file is kept. What exists
 * and is no regular file (a pipe, /dev/null), or is open already (/dev/stdout), is written directly and never replaced.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync, rmSync, type Stats } from 'node:fs';
import {
  access,
  chmod,
  constants,
  type FileHandle,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { detailOf, IndexingError, type IndexingErrorDetails, messageOf } from '../../base/errors.js';
import { fileError, hasErrorCode } from './file-error.js';

export interface AtomicFile {
  /** The path as given. */
  readonly path: string;
  /** Whether `overwrite` is possible; not so where bytes are written directly. */
  readonly seekable: boolean;
  /** Writes behind all that was appended. Strings as UTF-8. Wait for each call before the next. */
  append(content: Uint8Array | string): Promise<void>;
  /** Writes over bytes that were appended before. */
  overwrite(bytes: Uint8Array, byteOffset: number): Promise<void>;
  /** Makes the file appear under its name. */
  finish(): Promise<void>;
  /** Removes what was written; after `finish()` or another `abort()` there is nothing to do. */
  abort(): Promise<void>;
}

export interface AtomicFileOptions {
  /** Whether `finish()` also waits until the bytes and the name are on the disk, so that they outlive a loss of power. Default: false. */
  readonly durable?: boolean;
}

/** Where bytes go: to a temporary file that replaces `target`, or straight to a device. */
type Destination =
  | { readonly kind: 'replacement'; readonly temporary: string; readonly target: string; readonly durable: boolean }
  | { readonly kind: 'direct' };

/** Descriptors that somebody else has open and goes on writing to: a file behind them must not be replaced. */
const DESCRIPTOR_PATH = /^\/(?:dev\/(?:stdout|stderr|fd\/)|proc\/)/;

/** The system refuses single writes of 2 GiB. */
const MAX_WRITE_BYTES = 2 ** 30;

/** Characters of a target's name that its temporary files are named by. */
const MAX_BASE = 60;

/** Temporary files of this process. */
const unfinished = new Set<string>();

/** Removes the temporary files of all writers, for a process that ends without waiting for them. */
export function removeUnfinishedFiles(): void {
  for (const path of unfinished) rmSync(path, { force: true });
}

/** A temporary file beside a target: for what is known only when everything before it was written. */
export interface SpillFile {
  readonly byteLength: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Everything that was appended, in pieces; each is valid until the next one is asked for. */
  pieces(): AsyncIterable<Uint8Array>;
  /** Closes and removes it. May be called again. */
  remove(): Promise<void>;
}

/** A name beside a target, for a file that other code writes and reads while the target comes about. */
export interface TemporaryPath {
  readonly path: string;
  /** Removes what is there. Rejects with `FileAccess`. */
  remove(): Promise<void>;
}

/** @param extension by which others tell the format: `.safetensors` */
export function temporaryPath(target: string, extension: string): TemporaryPath {
  const path = join(dirname(target), temporaryName(basename(target)) + extension);
  unfinished.add(path);
  return {
    path,
    async remove() {
      await removeFile(path);
      unfinished.delete(path);
    },
  };
}

const SPILL_PIECE_BYTES = 2 ** 20;

/** Rejects with `FileAccess`, as do all methods, with the system's error as `cause`. */
export async function createSpillFile(target: string): Promise<SpillFile> {
  const path = join(dirname(target), temporaryName(basename(target)));
  const guard = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw fileError('write', path, cause);
    });
  unfinished.add(path);
  const handle = await guard(open(path, 'wx+'));
  let byteLength = 0;
  let removed: Promise<void> | undefined;
  return {
    get byteLength() {
      return byteLength;
    },
    async append(bytes) {
      await guard(writeAll(handle, bytes, byteLength));
      byteLength += bytes.length;
    },
    async *pieces() {
      const piece = new Uint8Array(Math.min(SPILL_PIECE_BYTES, byteLength));
      for (let at = 0; at < byteLength; ) {
        const { bytesRead } = await guard(handle.read(piece, 0, piece.length, at));
        if (bytesRead === 0) throw fileError('read', path, new Error('it was cut short by somebody else'));
        yield piece.subarray(0, bytesRead);
        at += bytesRead;
      }
    },
    remove() {
      removed ??= handle
        .close()
        .finally(() => removeFile(path))
        .finally(() => unfinished.delete(path));
      return removed;
    },
  };
}

/** Opens the temporary file. Rejects with `FileAccess`, as do all methods, with the system's error as `cause`. */
export async function createAtomicFile(path: string, { durable = false }: AtomicFileOptions = {}): Promise<AtomicFile> {
  try {
    const target = await followLinks(path);
    const existing = await statIfThere(target);
    if (existing !== undefined && (!existing.isFile() || DESCRIPTOR_PATH.test(resolve(path)))) {
      return new OpenAtomicFile(path, await open(target, constants.O_WRONLY | constants.O_APPEND), { kind: 'direct' });
    }
    // Only the directory must be writable to replace a file; one that its owner protected is not replaced all the same.
    if (existing !== undefined) await access(target, constants.W_OK);
    await removeLeftovers(target);
    const temporary = join(dirname(target), temporaryName(basename(target)));
    unfinished.add(temporary);
    const handle = await open(temporary, 'wx').catch((error: unknown) => {
      unfinished.delete(temporary);
      throw error;
    });
    const file = new OpenAtomicFile(path, handle, { kind: 'replacement', temporary, target, durable });
    if (existing !== undefined) await file.setMode(existing.mode & 0o777);
    return file;
  } catch (cause) {
    throw cause instanceof IndexingError ? cause : fileError('write', path, cause);
  }
}

/** Aborts what is being written because of `error`, and throws it; when not even that works, the reason is in the message. */
export async function abortAndThrow(file: Pick<AtomicFile, 'abort'>, error: unknown): Promise<never> {
  try {
    await file.abort();
  } catch (alsoFailed) {
    const sentences = [error, alsoFailed].map((each) =>
      each instanceof IndexingError ? detailOf(each) : messageOf(each),
    );
    const cause = new AggregateError([error, alsoFailed]);
    throw new IndexingError(
      error instanceof IndexingError ? error.code : 'FileAccess',
      sentences.join('; and then: '),
      { cause },
    );
  }
  throw error;
}

class OpenAtomicFile implements AtomicFile {
  readonly path: string;
  readonly seekable: boolean;
  readonly #handle: FileHandle;
  readonly #destination: Destination;
  #finished = false;
  /** Set once and for all by the first `abort()`; later calls wait for the same removal. */
  #aborted: Promise<void> | undefined;
  #byteLength = 0;

  constructor(path: string, handle: FileHandle, destination: Destination) {
    this.path = path;
    this.seekable = destination.kind === 'replacement';
    this.#handle = handle;
    this.#destination = destination;
  }

  append(content: Uint8Array | string): Promise<void> {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const byteOffset = this.#byteLength;
    this.#byteLength += bytes.length;
    return this.#guard(() => writeAll(this.#handle, bytes, this.seekable ? byteOffset : null));
  }

  overwrite(bytes: Uint8Array, byteOffset: number): Promise<void> {
    return this.#guard(() => writeAll(this.#handle, bytes, byteOffset));
  }

  setMode(mode: number): Promise<void> {
    const destination = this.#destination;
    // By its name: Node's permission model allows no change through a handle.
    return this.#guard(async () => {
      if (destination.kind === 'replacement') await chmod(destination.temporary, mode);
    });
  }

  finish(): Promise<void> {
    return this.#guard(async () => {
      const destination = this.#destination;
      const durable = destination.kind === 'replacement' && destination.durable;
      // Before the rename, or the name might outlive a loss of power and the bytes not.
      if (durable) await this.#handle.sync();
      await this.#handle.close();
      if (destination.kind === 'replacement') {
        await rename(destination.temporary, destination.target);
        unfinished.delete(destination.temporary);
        if (durable) await flushFolder(dirname(destination.target));
      }
      this.#finished = true;
    });
  }

  async abort(): Promise<void> {
    if (this.#finished) return;
    this.#aborted ??= this.#closeAndRemove();
    await this.#aborted;
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    if (this.#finished) throw this.#closedError('finished');
    if (this.#aborted !== undefined) throw this.#closedError('aborted');
    try {
      await work();
    } catch (cause) {
      if (this.#aborted !== undefined) throw this.#closedError('aborted', { cause });
      await abortAndThrow(this, fileError('write', this.path, cause));
    }
  }

  #closedError(how: 'finished' | 'aborted', details: IndexingErrorDetails = {}): IndexingError {
    return new IndexingError('Disposed', `cannot write ${this.path}: it was ${how} before`, details);
  }

  async #closeAndRemove(): Promise<void> {
    try {
      await this.#handle.close();
    } finally {
      if (this.#destination.kind === 'replacement') {
        await removeFile(this.#destination.temporary);
        unfinished.delete(this.#destination.temporary);
      }
    }
  }
}

/** Where that is possible: Windows opens no folders, and a folder that may be written to need not be readable. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync();
  } catch (error) {
    // What a file system says that has no such thing.
    if (!hasErrorCode(error, 'EINVAL')) throw error;
  } finally {
    await folder?.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, MAX_WRITE_BYTES);
    const at = position === null ? null : position + done;
    done += (await handle.write(bytes, done, length, at)).bytesWritten;
  }
}

/** The path that a chain of links ends at, whether or not something is there. */
async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
  }
  // realpath does not resolve a link to nothing, nor the /proc links behind /dev/stdout, which can be opened all the same.
  if ((await statIfThere(path)) !== undefined) return path;
  let link: string;
  try {
    link = await readlink(path);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'EINVAL')) return path;
    throw error;
  }
  return followLinks(resolve(dirname(path), link));
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw fileError('remove', path, cause);
  }
}

/**
 * `.name.process-random.tmp`, with what tells the machine's processes apart. Cut short because a name may not exceed 255 bytes: `MAX_BASE` UTF-16
 * units are at most 180.
 */
function temporaryName(name: string): string {
  return `${temporaryPrefix(name)}${ownMark()}-${randomBytes(6).toString('hex')}.tmp`;
}

/** First part of temporary names for `name`. For a temporary name it is that name's own first part: a file on the way to it is temporary, too. */
function temporaryPrefix(name: string): string {
  return `.${targetOfTemporary(name) ?? name.slice(0, MAX_BASE)}.`;
}

/** The name of the file, or its first 60 characters, that a temporary file of any process is for; undefined for other names. */
export function targetOfTemporary(name: string): string | undefined {
  return /^\.(.*)\.[0-9a-f]{8}-\d+-[0-9a-f]{12}\.tmp(?:\.[a-z]+)?$/.exec(name)?.[1]?.slice(0, MAX_BASE);
}

/**
 * Removes temporary files of the same name whose process was killed. Those of another machine, which may share the folder, or of another
 * container are left alone: whether their process lives cannot be seen from here.
 */
async function removeLeftovers(target: string): Promise<void> {
  const prefix = temporaryPrefix(basename(target));
  const folder = dirname(target);
  // A folder that may be written to need not be readable.
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const [, mark, id] = /^([0-9a-f]{8}-(\d+))-[0-9a-f]{12}\.tmp(?:\.[a-z]+)?$/.exec(name.slice(prefix.length)) ?? [];
    if (mark === undefined || mark !== markOf(Number(id)) || isAlive(Number(id))) continue;
    await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}

function ownMark(): string {
  return markOf(process.pid);
}

function markOf(processId: number): string {
  machine ??= createHash('sha256').update(`${hostname()} ${processSpace()}`).digest('hex').slice(0, 8);
  return `${machine}-${processId}`;
}

let machine: string | undefined;

/** Containers have numbers of processes of their own. */
function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return !hasErrorCode(error, 'ESRCH');
  }
}
