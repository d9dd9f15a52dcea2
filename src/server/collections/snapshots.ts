/**
 * The snapshots of collections: files in a folder for each name of a collection. The folder's name is a hash, so no name of a collection is a path.
 * They are backups: deleting a collection leaves them.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestError } from '../errors.js';
import { restoreSnapshot } from '../store/restore-snapshot.js';
import type { Collections } from './collections.js';

export interface SnapshotDescription {
  readonly name: string;
  readonly creation_time: string;
  /** Size of the file in bytes. */
  readonly size: number;
}

/** Names that a snapshot may have. No other file is ever read or removed. */
const NAME = /^[0-9a-zA-Z_-]+\.safetensors$/;

export class Snapshots {
  readonly #folder: string;
  readonly #uploads: string;
  readonly #collections: Collections;

  /** Removes what uploads left that were not finished. */
  static async open(data: string, collections: Collections): Promise<Snapshots> {
    const snapshots = new Snapshots(data, collections);
    await rm(snapshots.#uploads, { recursive: true, force: true });
    return snapshots;
  }

  private constructor(data: string, collections: Collections) {
    this.#folder = join(data, 'snapshots');
    this.#uploads = join(data, 'uploads');
    this.#collections = collections;
  }

  async create(collectionName: string): Promise<SnapshotDescription> {
    const collection = this.#collections.get(collectionName);
    const folder = this.#folderOf(collectionName);
    await mkdir(folder, { recursive: true });
    const time = new Date()
      .toISOString()
      .replace(/[^0-9]/g, '-')
      .replace(/-$/, '');
    const name = `${time}-${randomUUID().slice(0, 8)}.safetensors`;
    await collection.snapshot(join(folder, name));
    return describe(folder, name);
  }

  async list(collectionName: string): Promise<SnapshotDescription[]> {
    const folder = this.#folderOf(collectionName);
    const names = await this.#namesIn(collectionName, folder);
    return Promise.all(
      names
        .filter((name) => NAME.test(name))
        .sort()
        .map((name) => describe(folder, name)),
    );
  }

  /** The path of a snapshot that is there. Rejects with {@link RequestError} 404. */
  async find(collectionName: string, name: string): Promise<string> {
    const path = join(this.#folderOf(collectionName), name);
    const isThere = NAME.test(name) && (await stat(path).catch(() => undefined)) !== undefined;
    if (isThere) return path;
    throw new RequestError(404, `Not found: Snapshot ${JSON.stringify(name.slice(0, 80))} of ${collectionName}`);
  }

  async delete(collectionName: string, name: string): Promise<void> {
    await rm(await this.find(collectionName, name));
    // The folder of a collection that is gone is removed with its last snapshot.
    if (!this.#collections.has(collectionName)) await rmdir(this.#folderOf(collectionName)).catch(() => undefined);
  }

  /** Makes a collection of a snapshot, in the place of one that has its name; `receive` writes the file. */
  async restore(collectionName: string, receive: (path: string) => Promise<void>): Promise<void> {
    await mkdir(this.#uploads, { recursive: true });
    const path = join(this.#uploads, `${randomUUID()}.safetensors`);
    try {
      await receive(path);
      await this.#collections.replace(collectionName, (store) => restoreSnapshot(path, collectionName, store));
    } finally {
      await rm(path, { force: true });
    }
  }

  /** File names in the folder of a collection that exists, or that is gone and has left snapshots. Else rejects with 404. */
  async #namesIn(collectionName: string, folder: string): Promise<string[]> {
    try {
      return await readdir(folder);
    } catch {
      if (this.#collections.has(collectionName)) return [];
      throw new RequestError(404, `Not found: Collection \`${collectionName}\` doesn't exist!`);
    }
  }

  #folderOf(collectionName: string): string {
    return join(this.#folder, createHash('sha256').update(collectionName).digest('hex').slice(0, 32));
  }
}

async function describe(folder: string, name: string): Promise<SnapshotDescription> {
  const { size, mtime } = await stat(join(folder, name));
  return { name, creation_time: mtime.toISOString().slice(0, 19), size };
}
