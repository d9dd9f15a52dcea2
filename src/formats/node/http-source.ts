/**
 * A file behind an http(s) URL as a `ByteSource`. It is read by ranges, several at a time for large reads, and never whole by
 * one request. It holds what is being read, and a megabyte of blocks that small reads (headers, footers, directories) share.
 */
import { IndexingError } from '../../base/errors.js';
import { malformed } from '../malformed.js';
import type { ClosableSource } from '../vector-file.js';
import { type HttpOptions, HttpRanges, isHttp, nameOfUrl } from './http-ranges.js';

/** Requests under way at a time. */
const MOST_REQUESTS = 8;
const BLOCK_BYTES = 2 ** 16;
const MOST_BLOCKS = 16;
/** A large read is cut into as many pieces as there may be requests, each within these bounds. */
const LEAST_PIECE_BYTES = 2 ** 18;
const MOST_PIECE_BYTES = 2 ** 22;

/** The URL that a path is; undefined for a file's path. */
export function httpUrlOf(path: string): URL | undefined {
  if (!/^https?:\/\//i.test(path) || !URL.canParse(path)) return undefined;
  return new URL(path);
}

/** What people and files are told of a path: itself or, of a URL, what is no secret in it. */
export function publicNameOf(path: string): string {
  const url = httpUrlOf(path);
  return url ? nameOfUrl(url) : path;
}

/**
 * Asks for the first bytes of the file. Rejects with `FileAccess`, as do its reads, for what is not there, cannot be reached or is forbidden,
 * for a server that knows no ranges, stalls or says what is not so, and for a file that was changed since it was opened.
 */
export async function openHttpSource(url: URL, options: HttpOptions = {}): Promise<ClosableSource> {
  if (!isHttp(url)) throw new IndexingError('InvalidConfiguration', `${nameOfUrl(url)} is no http or https URL`);
  const ranges = new HttpRanges(url, options);
  try {
    const { identity, first } = await ranges.open(BLOCK_BYTES);
    return createSource(ranges, identity, first);
  } catch (error) {
    ranges.close();
    throw error;
  }
}

function createSource(
  ranges: HttpRanges,
  { byteLength, version }: { readonly byteLength: number; readonly version: string | undefined },
  first: Uint8Array,
): ClosableSource {
  const { name } = ranges;
  const turns = new Turns(MOST_REQUESTS);
  /** Blocks that were read, the last used one last. */
  const blocks = new Map<number, Promise<Uint8Array>>();
  if (first.length === Math.min(BLOCK_BYTES, byteLength)) blocks.set(0, Promise.resolve(first));

  const read = (target: Uint8Array, byteOffset: number) => turns.take(() => ranges.readInto(target, byteOffset));

  function blockAt(index: number): Promise<Uint8Array> {
    let block = blocks.get(index);
    blocks.delete(index);
    if (!block) {
      const bytes = new Uint8Array(Math.min(BLOCK_BYTES, byteLength - index * BLOCK_BYTES));
      block = read(bytes, index * BLOCK_BYTES).then(() => bytes);
      // The readers that wait get the error; the next reader asks again.
      block.catch(() => blocks.delete(index));
    }
    blocks.set(index, block);
    for (const oldest of blocks.keys()) {
      if (blocks.size <= MOST_BLOCKS) break;
      blocks.delete(oldest);
    }
    return block;
  }

  async function readFromBlocks(target: Uint8Array, byteOffset: number): Promise<void> {
    for (let done = 0; done < target.length; ) {
      const at = byteOffset + done;
      const index = Math.floor(at / BLOCK_BYTES);
      const block = await blockAt(index);
      const some = block.subarray(at - index * BLOCK_BYTES).subarray(0, target.length - done);
      target.set(some, done);
      done += some.length;
    }
  }

  return {
    name,
    byteLength,
    version,
    async readInto(target, byteOffset) {
      if (byteOffset + target.length > byteLength)
        throw malformed(name, `byte ${byteLength}`, `${byteOffset + target.length} bytes`, 'the end of the file');
      if (target.length < BLOCK_BYTES) return readFromBlocks(target, byteOffset);
      const wanted = Math.ceil(target.length / MOST_REQUESTS / BLOCK_BYTES) * BLOCK_BYTES;
      const pieceBytes = Math.min(MOST_PIECE_BYTES, Math.max(LEAST_PIECE_BYTES, wanted));
      const pieces: Promise<void>[] = [];
      for (let at = 0; at < target.length; at += pieceBytes)
        pieces.push(read(target.subarray(at, at + pieceBytes), byteOffset + at));
      // None may write into the target when whoever asked for it has been told.
      const settled = await Promise.allSettled(pieces);
      for (const piece of settled) if (piece.status === 'rejected') throw piece.reason;
    },
    async close() {
      ranges.close();
    },
  };
}

/** Lets only so many work at a time; the others wait in order. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
