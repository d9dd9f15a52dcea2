/**
 * Optional packages: each is loaded when a file needs it, and whatever it throws becomes one of the library's errors.
 */
import { IndexingError, messageOf } from '../base/errors.js';
import { isVectorId, type VectorId } from '../vectors/vector-id.js';
import type { ByteSource } from './format.js';
import { malformed } from './malformed.js';

/** `MissingPackage` that names the package to install. */
export function missingPackage(file: string, extension: string, name: string, cause: unknown): IndexingError {
  if (cause instanceof IndexingError) return cause;
  // What a page says of a name that no import map has. Where a module is not found, systems give a code.
  const isPage = cause instanceof TypeError && !('code' in cause);
  const registration = isPage ? `, and call registerPackages({ '${name}': () => import('${name}') })` : '';
  const detail = `cannot read ${file}: .${extension} needs the package ${name}; npm install ${name}${registration}`;
  return new IndexingError('MissingPackage', detail, { cause });
}

/** Oldest versions that read all that is read here; older ones may read some of it. */
const OLDEST: Readonly<Record<string, string>> = { 'apache-arrow': '21.2', h5wasm: '0.7.2', hyparquet: '1.31.5' };

/** `MissingPackage` for a version that does not fit; `lack` says what it has not. */
export function unfitPackage(
  file: string,
  extension: string,
  name: string,
  lack: string,
  cause?: unknown,
): IndexingError {
  const detail =
    `cannot read ${file}: .${extension} needs ${name} ${OLDEST[name]} or newer here, and the version that is installed ${lack}; ` +
    `npm install ${name}@latest`;
  return new IndexingError('MissingPackage', detail, cause === undefined ? {} : { cause });
}

/**
 * The package, where it has what is used of it. Any version may be installed beside simdex: one that does not fit is told when it is
 * needed.
 *
 * @throws {IndexingError} `MissingPackage`
 */
export function requireMembers<T extends object>(
  file: string,
  extension: string,
  name: string,
  library: T,
  members: readonly (keyof T & string)[],
): T {
  const absent = members.filter((member) => !(member in library));
  if (absent.length === 0) return library;
  throw unfitPackage(file, extension, name, `has no ${absent.join(', ')}`);
}

/** A source that remembers where it was read last, for errors of a reader that do not say it. */
export class TrackedSource implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  readonly #source: ByteSource;
  #lastRead = 0;

  constructor(source: ByteSource) {
    this.name = source.name;
    this.byteLength = source.byteLength;
    this.#source = source;
  }

  readInto(target: Uint8Array, byteOffset: number): Promise<void> {
    this.#lastRead = byteOffset;
    return this.#source.readInto(target, byteOffset);
  }

  /** Bytes `from` to `to`; refuses what the source does not have before any memory is taken. */
  async slice(from: number, to: number): Promise<ArrayBuffer> {
    if (!(from >= 0 && from <= to && to <= this.byteLength))
      throw malformed(this.name, `byte ${from}`, `bytes within the ${this.byteLength} of the file`, `an end at ${to}`);
    const bytes = new Uint8Array(to - from);
    await this.readInto(bytes, from);
    return bytes.buffer;
  }

  /** What a reader threw, as a malformed file: it says so of what it cannot understand, in words of its own. */
  refusal(extension: string, cause: unknown): IndexingError {
    if (cause instanceof IndexingError) return cause;
    const found = messageOf(cause).slice(0, 200);
    return malformed(this.name, `byte ${this.#lastRead}`, `a .${extension} file`, `a damaged one: ${found}`, { cause });
  }
}

/** Compressed or not, a file holds at most so many times its own size: what deflate and run lengths can do at best. */
export const MAX_RATIO = 1032;

/** Refuses a claim that would only make memory and time be spent on a file that cannot hold it. */
export function requirePlausible(
  { name, byteLength }: Pick<ByteSource, 'name' | 'byteLength'>,
  where: string,
  rows: number,
  dims: number,
): void {
  if (rows * Math.max(1, dims) <= byteLength * MAX_RATIO) return;
  const most = `at most ${byteLength * MAX_RATIO} numbers in ${byteLength} bytes`;
  throw malformed(name, where, most, `${rows} rows of ${dims}`);
}

/** Takes what all that is compressed in a file unfolds to, and refuses more than it can hold. */
export function createBudget({ name, byteLength }: ByteSource): (bytes: number) => void {
  let spent = 0;
  return (bytes) => {
    spent += bytes;
    if (spent <= byteLength * MAX_RATIO) return;
    throw malformed(name, 'data', `at most ${byteLength * MAX_RATIO} bytes in ${byteLength}`, `${spent} or more`);
  };
}

/** An id as a column has it. */
export function toId(file: string, where: string, value: unknown): VectorId {
  const id = typeof value === 'bigint' ? Number(value) : value;
  if (isVectorId(id)) return id;
  throw malformed(file, where, 'an id that is a string or an integer of less than 2^53', String(value).slice(0, 40));
}
