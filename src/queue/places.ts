/**
 * The files that a worker reads and writes: those below its root, whatever links there are on the way. What is given back is relative to the
 * root's real path, which is where the worker's process that reads and writes them stands; no part of it was a link when it was looked at.
 */
import { lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { fileError, hasErrorCode } from '../formats/node/file-error.js';
import { httpUrlOf } from '../formats/node/http-source.js';
import { refusalOfUrl } from './allowed-urls.js';

/** A job that asks for what the worker does not do. It is not tried again. */
export class Refusal extends IndexingError {
  constructor(reason: string) {
    super('InvalidConfiguration', reason);
  }
}

export class Places {
  /** Without links. */
  readonly root: string;
  readonly #given: string;
  readonly #prefixes: readonly string[];

  /** Rejects with `InvalidConfiguration` where the root is no folder. */
  static async create(root: string, prefixes: readonly string[]): Promise<Places> {
    const given = resolve(root);
    const real = await realpath(given).catch(() => undefined);
    if (real === undefined || !(await stat(real)).isDirectory())
      throw invalidConfiguration('root', 'a folder that is there', root);
    return new Places(given, real, prefixes);
  }

  private constructor(given: string, root: string, prefixes: readonly string[]) {
    this.#given = given;
    this.root = root;
    this.#prefixes = prefixes;
  }

  /** A file to read, or its URL. Rejects with a `Refusal`, or with `FileAccess` where there is no such file. */
  async input(path: string): Promise<string> {
    const url = httpUrlOf(path);
    if (url) {
      const reason = refusalOfUrl(url, this.#prefixes);
      if (reason !== undefined) throw new Refusal(reason);
      return path;
    }
    const place = this.#within(path);
    const real = await realpath(place).catch((cause: unknown) => {
      throw fileError('read', path, cause);
    });
    this.#requireInside(real, path);
    // A pipe or a device would hold the worker for ever.
    if (!(await stat(real)).isFile()) throw new Refusal(`${shown(path)} is no regular file`);
    return this.#named(real);
  }

  /** A file to write. Rejects with a `Refusal`, or with `FileAccess` where its folder cannot be had. */
  async output(path: string): Promise<string> {
    const place = this.#within(path);
    const folder = await realpath(dirname(place)).catch((cause: unknown) => {
      throw fileError('write', path, cause);
    });
    this.#requireInside(folder, path);
    const target = join(folder, basename(place));
    const found = await lstat(target).catch((cause: unknown) => {
      if (hasErrorCode(cause, 'ENOENT')) return undefined;
      throw fileError('write', path, cause);
    });
    if (found && !found.isFile()) throw new Refusal(`${shown(path)} is no regular file; it is not written to`);
    return this.#named(target);
  }

  /** The real path of what is to be removed; undefined where its folder is not there. Rejects with a `Refusal`. */
  async removable(path: string): Promise<string | undefined> {
    const place = this.#within(path);
    const folder = await realpath(dirname(place)).catch(() => undefined);
    if (folder === undefined) return undefined;
    this.#requireInside(folder, path);
    return join(folder, basename(place));
  }

  /** Makes a folder in one that is there. */
  async makeFolder(path: string): Promise<void> {
    const place = this.#within(path);
    const parent = await realpath(dirname(place)).catch((cause: unknown) => {
      throw fileError('write', path, cause);
    });
    this.#requireInside(parent, path);
    const folder = join(parent, basename(place));
    await mkdir(folder).catch((cause: unknown) => {
      if (!hasErrorCode(cause, 'EEXIST')) throw fileError('write', path, cause);
    });
    if (!(await lstat(folder)).isDirectory()) throw new Refusal(`${shown(path)} is no folder`);
  }

  /** Refuses before anything is looked at: who asks learns nothing of what lies outside. */
  #within(path: string): string {
    if (path === '' || path.includes('\0')) throw new Refusal('the name of a file is empty, or has a byte 0');
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) throw new Refusal(`${shown(path)}: URLs are http or https`);
    const place = resolve(this.#given, path);
    const isBelowGiven = isBelow(place, this.#given);
    if (!isBelowGiven && !isBelow(place, this.root)) throw this.#outside(path);
    return isBelowGiven ? join(this.root, relative(this.#given, place)) : place;
  }

  #requireInside(real: string, path: string): void {
    if (real !== this.root && !isBelow(real, this.root)) throw this.#outside(path);
  }

  #outside(path: string): Refusal {
    return new Refusal(`${shown(path)} is outside of the worker's --root, ${this.#given}`);
  }

  #named(real: string): string {
    const name = relative(this.root, real);
    // A name of its own would be standard input.
    return name === '-' ? `.${sep}-` : name;
  }
}

function isBelow(path: string, folder: string): boolean {
  const rest = relative(folder, path);
  return rest !== '' && rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest);
}

function shown(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
