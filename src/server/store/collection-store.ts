/**
 * What a collection keeps, in one LMDB environment in a folder of its own:
 *
 * | database | key | value |
 * | --- | --- | --- |
 * | `meta` | a word | JSON: `format`, `settings`, `nextNumber`, `points` (how many, so that a start makes room for them at once) |
 * | `blocks` | number of its first row | rows (block.ts) |
 * | `dead` | number of a block's first row | a bit for each row of the block: 1 for one that was replaced or deleted |
 * | `payloads` | id of a point | JSON, of points that have a payload |
 *
 * Beside it, in the same folder, is the graph (graph-file.ts).
 *
 * A commit is there as a whole or not at all. It resolves when its pages, and then the page that makes them count, are flushed: LMDB writes
 * without `overlappingSync` flush the data (`fdatasync`), then write the meta page through a descriptor that is opened with `O_DSYNC`.
 */
import { statfs } from 'node:fs/promises';
import type { Database, RootDatabase, Transaction } from 'lmdb';
import { messageOf } from '../../base/errors.js';
import type { PointId } from '../collections/point-id.js';
import type { CollectionSettings } from '../collections/settings.js';
import { RequestError } from '../errors.js';

type Lmdb = typeof import('lmdb');

/** Changes of one commit. */
export interface StoreChanges {
  readonly blocks?: Iterable<readonly [first: number, bytes: Uint8Array]>;
  readonly removedBlocks?: Iterable<number>;
  readonly dead?: Iterable<readonly [first: number, bits: Uint8Array]>;
  /** undefined: none any more. */
  readonly payloads?: Iterable<readonly [id: PointId, json: string | undefined]>;
  readonly meta?: Iterable<readonly [key: string, value: unknown]>;
}

/** Bytes of the pages that a commit needs beside the stored data. */
const ROOM_BYTES = 2 ** 16;

/** Version of the format that is written here. A store with a higher version is refused. */
export const STORE_FORMAT = 1;

export class CollectionStore {
  readonly folder: string;
  readonly #root: RootDatabase;
  readonly #meta: Database<unknown, string>;
  readonly #blocks: Database<Buffer, number>;
  readonly #dead: Database<Buffer, number>;
  readonly #payloads: Database<Buffer, PointId>;

  constructor({ open }: Lmdb, folder: string) {
    this.folder = folder;
    this.#root = open({
      path: folder,
      noSubdir: false,
      overlappingSync: false,
      eventTurnBatching: false,
      maxDbs: 8,
      encoding: 'binary',
    });
    this.#meta = this.#root.openDB<unknown, string>('meta', { encoding: 'json' });
    this.#blocks = this.#root.openDB<Buffer, number>('blocks', { encoding: 'binary' });
    this.#dead = this.#root.openDB<Buffer, number>('dead', { encoding: 'binary' });
    this.#payloads = this.#root.openDB<Buffer, PointId>('payloads', { encoding: 'binary' });
  }

  /** Settings of the collection. The store must have been begun. */
  get settings(): CollectionSettings {
    return this.#meta.get('settings') as CollectionSettings;
  }

  /** Makes a new store one of a collection. */
  async begin(settings: CollectionSettings): Promise<void> {
    await this.commit({
      meta: [
        ['format', STORE_FORMAT],
        ['settings', settings],
      ],
    });
  }

  meta(key: string): unknown {
    return this.#meta.get(key);
  }

  /** Numbers of the first rows of all blocks, in order. */
  blockNumbers(): Iterable<number> {
    return this.#blocks.getKeys();
  }

  /** The bytes of a block without a copy of them: good until anything is read or written, so to be done with at once. */
  blockNow(first: number): Uint8Array {
    return this.#blocks.getBinaryFast(first)!;
  }

  block(first: number): Uint8Array | undefined {
    return this.#blocks.get(first);
  }

  dead(first: number): Uint8Array | undefined {
    return this.#dead.get(first);
  }

  /** The JSON of a payload. With `read`, as it was when that read began. */
  payload(id: PointId, read?: Transaction): string | undefined {
    return this.#payloads.get(id, read && { transaction: read })?.toString();
  }

  /** At most `limit` payloads in the order of their ids, behind `after`. */
  payloadsAfter(after: PointId | undefined, limit: number): { readonly id: PointId; readonly json: string }[] {
    const found: { readonly id: PointId; readonly json: string }[] = [];
    const start = after === undefined ? {} : { start: after };
    for (const { key, value } of this.#payloads.getRange({ ...start, limit: limit + 1 })) {
      if (key !== after && found.length < limit) found.push({ id: key, json: value.toString() });
    }
    return found;
  }

  /** Begins a read, which sees the store as it is now. The caller must end it with `done`. */
  beginRead(): Transaction {
    return this.#root.useReadTransaction();
  }

  /**
   * Resolves when everything is on the disk. Rejects with {@link RequestError} 507 where there is no room; nothing was written then.
   */
  async commit({ blocks = [], removedBlocks = [], dead = [], payloads = [], meta = [] }: StoreChanges): Promise<void> {
    /** LMDB rejects promises of single writes, too, which say nothing that the batch's does not. */
    const parts = new Set<Promise<unknown>>();
    let bytesToWrite = 0;
    try {
      await this.#root.batch(() => {
        for (const first of removedBlocks) {
          parts.add(this.#blocks.remove(first));
          parts.add(this.#dead.remove(first));
        }
        for (const [first, bytes] of blocks) {
          bytesToWrite += bytes.length;
          parts.add(this.#blocks.put(first, asBuffer(bytes)));
        }
        for (const [first, bits] of dead) parts.add(this.#dead.put(first, asBuffer(bits)));
        for (const [id, json] of payloads) {
          bytesToWrite += json?.length ?? 0;
          parts.add(json === undefined ? this.#payloads.remove(id) : this.#payloads.put(id, Buffer.from(json)));
        }
        for (const [key, value] of meta) parts.add(this.#meta.put(key, value));
        for (const part of parts) part.catch(() => undefined);
      });
    } catch (error) {
      const cause = await systemError(error);
      throw (await isFull(this.folder, bytesToWrite)) ? diskFull(cause) : storeFailure(cause);
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The error of the system, as an error for the client. */
export function storeFailure(cause: unknown): RequestError {
  const why = messageOf(cause);
  if (/no space|ENOSPC|EDQUOT|quota/i.test(why)) return diskFull(cause);
  return new RequestError(500, `The store refused the write, and nothing of it was stored: ${why}`, { cause });
}

function diskFull(cause: unknown): RequestError {
  const sentence =
    'The disk of the data folder is full: nothing of this write was stored. Make room and send it again.';
  return new RequestError(507, sentence, { cause });
}

/** LMDB tells of a commit that failed, and of the reason by a promise of its own. */
async function systemError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  return Promise.resolve(error.commitError).catch((reason: unknown) => reason);
}

/** Whether there is no room for a commit: LMDB calls a write that was cut short an input/output error. */
async function isFull(folder: string, bytes: number): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize < bytes + ROOM_BYTES;
  } catch {
    return false;
  }
}
