/**
 * Declares what is used here of the package lmdb. Its own declarations do not compile as those of an ES module.
 */
export interface Database<V, K> {
  get(key: K, options?: { readonly transaction?: Transaction }): V | undefined;
  /** A view on memory that is used again, or on the map: for a look at once. */
  getBinaryFast(key: K): Uint8Array | undefined;
  put(key: K, value: V): Promise<boolean>;
  remove(key: K): Promise<boolean>;
  getRange(options?: RangeOptions<K>): Iterable<{ readonly key: K; readonly value: V }>;
  getKeys(options?: RangeOptions<K>): Iterable<K>;
}

export interface RangeOptions<K> {
  readonly start?: K;
  readonly end?: K;
  readonly limit?: number;
  readonly transaction?: Transaction;
}

/** A state of the environment that reads see as long as it is used. */
export interface Transaction {
  done(): void;
}

export interface RootDatabase {
  openDB<V, K>(name: string, options: { readonly encoding: 'binary' | 'json' }): Database<V, K>;
  /** Writes that `write` makes are one transaction. Rejects with the system's error. */
  batch(write: () => void): Promise<boolean>;
  useReadTransaction(): Transaction;
  /** Forgets readers of processes that are gone. */
  readerCheck(): number;
  /** A line of titles, and a line for each reader that begins with the id of its process. */
  readerList(): string;
  close(): Promise<void>;
}

export function open(options: {
  readonly path: string;
  readonly noSubdir: boolean;
  readonly overlappingSync: boolean;
  /** Whether writes of one turn of the event loop are a transaction: not needed with `batch`, and its promise cannot be heard of. */
  readonly eventTurnBatching?: boolean;
  readonly maxDbs: number;
  readonly encoding: 'binary';
}): RootDatabase;
