/**
 * What a server is made with, checked before anything is opened.
 */
import { IndexingError, invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { isLoopbackHost } from './door/loopback.js';
import { isOrigin } from './door/origins.js';
import type { LogDestination, LogLevel } from './log.js';

/** Options of `createServer`. */
export interface ServerOptions {
  /** Folder that keeps everything; made where it is not there. */
  readonly data: string;
  /** Address to listen at. Beyond loopback a key is needed. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Threads of the engine, 1 to 256. Default `'auto'`. */
  readonly threads?: number | 'auto' | undefined;
  /** Most memory for vectors, in bytes. Default: what the machine has. */
  readonly maxMemoryBytes?: number | undefined;
  /** Longest body of a request, imports and snapshots apart, in bytes. Default 32 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Key that every request needs, in the header `api-key` or as `Authorization: Bearer`. Visible ASCII characters. */
  readonly apiKey?: string | undefined;
  /** A second key, which may only read. Needs `apiKey`. */
  readonly readOnlyApiKey?: string | undefined;
  /** Origins of other sites whose pages may use the server, as browsers send them: `https://app.example`. Default none. */
  readonly cors?: readonly string[] | undefined;
  /** Certificate and private key, PEM, to serve HTTPS with. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Most connections; further ones are closed. Default 16,384. */
  readonly maxConnections?: number | undefined;
  /** Most requests under way; further ones are answered with 429. Default 2,048. */
  readonly maxRequests?: number | undefined;
  /** Most calls that wait for the engine's threads before requests are answered with 429. Default 1,024. */
  readonly maxPendingCalls?: number | undefined;
  /** Time in which the head of a request must arrive, in milliseconds. Default 10,000. */
  readonly headersTimeoutMs?: number | undefined;
  /** Time in which a body must arrive, or a streamed body or an answer must make progress, in milliseconds. Default 60,000. */
  readonly transferTimeoutMs?: number | undefined;
  /** How long a connection without a request is kept, in milliseconds. Default 75,000. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** Lowest level that is logged. Default `'warn'`; `'info'` writes a line for each request. */
  readonly logLevel?: LogLevel | undefined;
  /** Where lines of the log go, each a JSON object. Default standard output. */
  readonly log?: LogDestination | undefined;
}

/** Options with their defaults filled in. */
export interface CheckedServerOptions extends ServerOptions {
  readonly host: string;
  readonly threads: number | 'auto';
  readonly maxBodyBytes: number;
  readonly cors: readonly string[];
  readonly maxConnections: number;
  readonly maxRequests: number;
  readonly maxPendingCalls: number;
  readonly headersTimeoutMs: number;
  readonly transferTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly logLevel: LogLevel;
}

const DEFAULTS = {
  host: '127.0.0.1',
  threads: 'auto',
  maxBodyBytes: 32 * 2 ** 20,
  cors: [],
  maxConnections: 16_384,
  maxRequests: 2048,
  maxPendingCalls: 1024,
  headersTimeoutMs: 10_000,
  transferTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  logLevel: 'warn',
} as const;

const LOG_LEVELS: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] satisfies LogLevel[];
const OTHERS = { data: 0, maxMemoryBytes: 0, apiKey: 0, readOnlyApiKey: 0, tls: 0, log: 0 };
const OPTIONS = new Set(Object.keys({ ...DEFAULTS, ...OTHERS } satisfies Record<keyof ServerOptions, unknown>));
const COUNTS = ['maxBodyBytes', 'maxConnections', 'maxRequests', 'maxPendingCalls'] as const;
const TIMES = ['headersTimeoutMs', 'transferTimeoutMs', 'keepAliveTimeoutMs'] as const;
/** Longest time of a timer. Node fires timers with longer times at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** @throws {IndexingError} `InvalidConfiguration` naming the option */
export function checkServerOptions(options: ServerOptions): CheckedServerOptions {
  refuseUnknown('options', options, OPTIONS);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const checked: CheckedServerOptions = { ...options, ...DEFAULTS, ...given };
  if (typeof checked.data !== 'string' || checked.data === '')
    throw invalidConfiguration('data', 'the path of a folder', checked.data);
  if (typeof checked.host !== 'string' || checked.host === '')
    throw invalidConfiguration('host', 'a name or an address', checked.host);
  for (const name of COUNTS) {
    if (!Number.isSafeInteger(checked[name]) || checked[name] < 1)
      throw invalidConfiguration(name, 'a positive integer', checked[name]);
  }
  for (const name of TIMES) {
    if (!(typeof checked[name] === 'number' && checked[name] > 0 && checked[name] <= LONGEST_MS))
      throw invalidConfiguration(name, 'a positive number of milliseconds below 2^31', checked[name]);
  }
  if (!LOG_LEVELS.includes(checked.logLevel))
    throw invalidConfiguration('logLevel', `one of ${LOG_LEVELS.join(', ')}`, checked.logLevel);
  const foreign = Array.isArray(checked.cors)
    ? checked.cors.find((origin) => typeof origin !== 'string' || !isOrigin(origin))
    : checked.cors;
  if (foreign !== undefined)
    throw invalidConfiguration('cors', 'origins such as https://app.example, without a path or *', foreign);
  checkKeys(checked);
  return checked;
}

function checkKeys({ apiKey, readOnlyApiKey, host }: CheckedServerOptions): void {
  for (const [name, key] of Object.entries({ apiKey, readOnlyApiKey })) {
    if (key !== undefined && !(typeof key === 'string' && /^[\x21-\x7e]+$/.test(key)))
      // A wrong key may be nearly a right one, so it is not shown.
      throw new IndexingError('InvalidConfiguration', `${name}: expected visible ASCII characters without spaces`);
  }
  if (readOnlyApiKey !== undefined && apiKey === undefined)
    throw new IndexingError('InvalidConfiguration', 'readOnlyApiKey needs apiKey: without it nobody could write');
  if (readOnlyApiKey !== undefined && readOnlyApiKey === apiKey)
    throw new IndexingError('InvalidConfiguration', 'readOnlyApiKey is the same as apiKey; it would not be read-only');
  if (apiKey === undefined && !isLoopbackHost(host)) {
    const detail = `host ${JSON.stringify(host)} can be reached from other machines, which needs an API key`;
    throw new IndexingError(
      'InvalidConfiguration',
      `${detail}; give one (apiKey, --api-key-file), or listen at 127.0.0.1`,
    );
  }
}
