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
import { CollectionStore, STORE_FORMAT, storeFailure } from '../store/collection-store.js';
import { type FolderLock, lockFolder } from '../store/folder-lock.js';
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

/** Bytes of a block in the figures of `stat`. */
const BLOCK_BYTES = 512;

/** An open collection, or the error that kept it from opening. */
interface Entry {
  readonly folder: string;
  readonly collection: Collection | RequestError;
}

export class Collections {
  readonly #lmdb: Lmdb;
  readonly #folder: string;
  readonly #lock: FolderLock;
  readonly #engine: Engine;
  readonly #logger: ServerLogger;
  readonly #watch: CollectionWatch;
  readonly #byName = new Map<string, Entry>();
  /** Names of collections that are being made or deleted. */
  readonly #changing = new Set<string>();
  #nextFolder = 0;

  /** Opens all collections that are in `data`. */
  static async open(data: string, options: CollectionsOptions): Promise<Collections> {
    const lock = lockFolder(options.lmdb, data);
    const collections = new Collections(data, lock, options);
    try {
      await collections.#openAll();
    } catch (error) {
      await collections.close();
      throw error;
    }
    return collections;
  }

  private constructor(data: string, lock: FolderLock, { lmdb, engine, logger, watch }: CollectionsOptions) {
    this.#lmdb = lmdb;
    this.#logger = logger;
    this.#watch = watch;
    this.#folder = join(data, 'collections');
    this.#lock = lock;
    this.#engine = engine;
  }

  /** Names of all collections. */
  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** Collections that are open. */
  list(): Collection[] {
    return [...this.#byName.values()].flatMap(({ collection }) => (collection instanceof Collection ? collection : []));
  }

  /** Figures of the open collections, for the metrics and the dashboard. */
  states(): CollectionState[] {
    return [...this.#byName.values()].flatMap(({ collection, folder }) => {
      if (!(collection instanceof Collection)) return [];
      // A part of the file that was never written takes no room.
      const { blocks } = statSync(join(folder, 'data.mdb'));
      return [{ ...collection.state, storedBytes: BLOCK_BYTES * blocks }];
    });
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** @throws {RequestError} 404; 507 for one that there is no memory for */
  get(name: string): Collection {
    const entry = this.#byName.get(name);
    if (entry?.collection instanceof Collection) return entry.collection;
    if (entry) throw entry.collection;
    throw new RequestError(404, `Not found: Collection \`${name}\` doesn't exist!`);
  }

  async create(settings: CollectionSettings): Promise<Collection> {
    const { name } = settings;
    checkName(name);
    return this.#change(name, async () => {
      if (this.#byName.has(name)) throw new RequestError(409, `Wrong input: Collection \`${name}\` already exists!`);
      const folder = join(this.#folder, String(this.#nextFolder++));
      await this.#makeWhole(folder, (store) => store.begin(settings));
      await this.#openFolder(folder);
      return this.get(name);
    });
  }

  /**
   * Makes a collection of what `fill` puts into its store; it takes the place of one that has its name. Nothing changes where that fails.
   */
  async replace(name: string, fill: (store: CollectionStore) => Promise<void>): Promise<Collection> {
    checkName(name);
    return this.#change(name, async () => {
      const folder = join(this.#folder, String(this.#nextFolder++));
      await this.#makeWhole(folder, fill);
      // After a crash here there are two collections with one name. The later one counts.
      await this.#remove(name);
      await this.#openFolder(folder);
      return this.get(name);
    });
  }

  /** Deletes a collection. Resolves with whether there was one. */
  async delete(name: string): Promise<boolean> {
    return this.#change(name, () => this.#remove(name));
  }

  async close(): Promise<void> {
    await Promise.all(this.list().map((collection) => collection.close()));
    this.#byName.clear();
    await this.#lock.release();
  }

  async #openAll(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const names = await readdir(this.#folder);
    for (const name of names.filter((each) => /^\d+\.(new|deleted)$/.test(each))) {
      await rm(join(this.#folder, name), { recursive: true });
    }
    // The later ones first: one that was being replaced has a name that is taken already.
    const folders = names.filter((each) => /^\d+$/.test(each)).sort((a, b) => Number(b) - Number(a));
    for (const name of folders) await this.#openFolder(join(this.#folder, name));
    this.#nextFolder = Math.max(-1, ...names.map((name) => Number.parseInt(name, 10) || 0)) + 1;
  }

  /** Makes a folder that is there as a whole, or not at all. */
  async #makeWhole(folder: string, fill: (store: CollectionStore) => Promise<void>): Promise<void> {
    const unfinished = `${folder}.new`;
    try {
      const store = openStore(this.#lmdb, unfinished);
      try {
        await fill(store);
      } finally {
        await store.close();
      }
      await rename(unfinished, folder);
      await flushFolder(this.#folder);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
  }

  async #remove(name: string): Promise<boolean> {
    const entry = this.#byName.get(name);
    if (!entry) return false;
    this.#byName.delete(name);
    if (entry.collection instanceof Collection) await entry.collection.close();
    await this.#removeFolder(entry.folder);
    return true;
  }

  async #removeFolder(folder: string): Promise<void> {
    await rename(folder, `${folder}.deleted`);
    await flushFolder(this.#folder);
    await rm(`${folder}.deleted`, { recursive: true });
  }

  /** Opens a collection. One that there is no memory for stays closed, and the others are opened all the same. */
  async #openFolder(folder: string): Promise<void> {
    const store = openStore(this.#lmdb, folder);
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
    const { name } = store.settings;
    if (this.#byName.has(name)) {
      await store.close();
      await this.#removeFolder(folder);
      return;
    }
    try {
      const collection = await Collection.open(store, this.#engine, this.#logger, this.#watch);
      this.#byName.set(name, { collection, folder });
    } catch (error) {
      await store.close();
      if (!(error instanceof IndexingError && error.code === 'InsufficientMemory')) throw error;
      const sentence = `Collection \`${name}\` is stored, but there is no memory for it: start the server with a larger --max-memory, or delete the collection`;
      this.#logger.warn({ collection: name, err: error }, 'A collection is not served: there is no memory for it');
      this.#byName.set(name, { collection: new RequestError(507, sentence, { cause: error }), folder });
    }
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

/** @throws {RequestError} 507 on a full disk, 500 for what the system refuses otherwise */
function openStore(lmdb: Lmdb, folder: string): CollectionStore {
  try {
    return new CollectionStore(lmdb, folder);
  } catch (cause) {
    throw storeFailure(cause);
  }
}

/** @throws {RequestError} 400 for a name that no collection may have */
function checkName(name: string): void {
  const isPlain = [...name].every((letter) => letter >= ' ' && letter !== '\u007f' && !'<>:"/\\|?*'.includes(letter));
  if (isPlain && name.trim() !== '' && !/^\.+$/.test(name)) return;
  throw new RequestError(
    400,
    `Wrong input: a collection may not be called ${JSON.stringify(name)}: a name has letters, digits and signs other than < > : " / \\ | ? *`,
  );
}

/** Flushes a folder. Only then does a rename in it survive a loss of power. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
