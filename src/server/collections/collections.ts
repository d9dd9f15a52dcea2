/**
 * The collections of a data folder. Each has a folder of its own, `collections/{number}`, made under a temporary name and renamed when it is
 * whole, and renamed before it is deleted: whatever a crash leaves half done is removed at the next start.
 */
import { statSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IndexingError } from '../../base/errors.js';
import type { Engine } from '../../engine/engine.js';
import { RequestError } from '../errors.js';
import { CollectionStore, STORE_FORMAT } from '../store/collection-store.js';
import type { CollectionState } from '../watching/server-state.js';
import { Collection } from './collection.js';
import type { CollectionWatch } from './collection-watch.js';
import type { ServerLogger } from './graph-keeper.js';
import type { CollectionSettings } from './settings.js';

type Lmdb = typeof import('lmdb');

interface CollectionsOptions {
  readonly lmdb: Lmdb;
  readonly engine: Engine;
  readonly logger: ServerLogger;
  readonly watch: CollectionWatch;
}

/** What `stat` counts in. */
const BLOCK_BYTES = 512;

interface Opened {
  readonly collection: Collection;
  readonly folder: string;
}

export class Collections {
  readonly #lmdb: Lmdb;
  readonly #folder: string;
  readonly #engine: Engine;
  readonly #logger: ServerLogger;
  readonly #watch: CollectionWatch;
  readonly #byName = new Map<string, Opened>();
  /** Names that are being made or deleted. */
  readonly #changing = new Set<string>();
  #nextFolder = 0;

  /** Opens all collections that are in `data`. */
  static async open(data: string, options: CollectionsOptions): Promise<Collections> {
    const folder = join(data, 'collections');
    await mkdir(folder, { recursive: true });
    const collections = new Collections(folder, options);
    for (const name of await readdir(folder)) {
      if (/^\d+$/.test(name)) await collections.#openFolder(join(folder, name));
      else if (/^\d+\.(new|deleted)$/.test(name)) await rm(join(folder, name), { recursive: true });
      collections.#nextFolder = Math.max(collections.#nextFolder, Number.parseInt(name, 10) + 1 || 0);
    }
    return collections;
  }

  private constructor(folder: string, { lmdb, engine, logger, watch }: CollectionsOptions) {
    this.#lmdb = lmdb;
    this.#logger = logger;
    this.#watch = watch;
    this.#folder = folder;
    this.#engine = engine;
  }

  list(): Collection[] {
    return [...this.#byName.values()].map(({ collection }) => collection);
  }

  /** For the metrics and the dashboard. */
  states(): CollectionState[] {
    return [...this.#byName.values()].map(({ collection, folder }) => {
      // A part of the file that was never written takes no room.
      const { blocks } = statSync(join(folder, 'data.mdb'));
      return { ...collection.state, storedBytes: BLOCK_BYTES * blocks };
    });
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** @throws {RequestError} 404 */
  get(name: string): Collection {
    const opened = this.#byName.get(name);
    if (opened) return opened.collection;
    throw new RequestError(404, `Not found: Collection \`${name}\` doesn't exist!`);
  }

  async create(settings: CollectionSettings): Promise<Collection> {
    const { name } = settings;
    if (this.#byName.has(name)) throw new RequestError(409, `Wrong input: Collection \`${name}\` already exists!`);
    return this.#change(name, async () => {
      const folder = join(this.#folder, String(this.#nextFolder++));
      const store = new CollectionStore(this.#lmdb, `${folder}.new`);
      await store.commit({
        meta: [
          ['format', STORE_FORMAT],
          ['settings', settings],
        ],
      });
      await store.close();
      await rename(`${folder}.new`, folder);
      await flushFolder(this.#folder);
      return this.#openFolder(folder);
    });
  }

  /** Whether there was one. */
  async delete(name: string): Promise<boolean> {
    const opened = this.#byName.get(name);
    if (!opened) return false;
    return this.#change(name, async () => {
      this.#byName.delete(name);
      await opened.collection.close();
      await rename(opened.folder, `${opened.folder}.deleted`);
      await flushFolder(this.#folder);
      await rm(`${opened.folder}.deleted`, { recursive: true });
      return true;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.list().map((collection) => collection.close()));
    this.#byName.clear();
  }

  async #openFolder(folder: string): Promise<Collection> {
    const store = new CollectionStore(this.#lmdb, folder);
    const format = store.meta('format');
    if (format !== STORE_FORMAT) {
      await store.close();
      const found =
        typeof format === 'number'
          ? `format ${format}, of a newer version of simdex; update this one`
          : 'no format of simdex';
      throw new IndexingError(
        'MalformedFile',
        `${folder}: expected format ${STORE_FORMAT} of a collection, found ${found}`,
      );
    }
    const collection = await Collection.open(store, this.#engine, this.#logger, this.#watch);
    this.#byName.set(collection.settings.name, { collection, folder });
    return collection;
  }

  async #change<T>(name: string, change: () => Promise<T>): Promise<T> {
    if (this.#changing.has(name))
      throw new RequestError(409, `Collection \`${name}\` is being made or deleted; try again`);
    this.#changing.add(name);
    try {
      return await change();
    } finally {
      this.#changing.delete(name);
    }
  }
}

/** A rename is there after a loss of power once its folder is flushed. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
