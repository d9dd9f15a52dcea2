/**
 * What a server is started with.
 */

/** For `createServer`. */
export interface ServerOptions {
  /** The folder of the collections. It is made where it is missing. One process at a time may have it. */
  readonly data: string;
  /** Threads that search and index: 1 to 256, or `'auto'` (default), the machine's. */
  readonly threads?: number | 'auto' | undefined;
  /** Most bytes for everything that the engine holds. No bound by default. */
  readonly maxMemoryBytes?: number | undefined;
  /** Most bytes of a request's body, but for imports and snapshots. Default 32 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

export const DEFAULT_MAX_BODY_BYTES = 32 * 2 ** 20;
