/**
 * The connection to Redis. What is secret in its URL is in no message. A first connection that fails is told at once; one that is lost later is
 * made again, and commands wait for it.
 */
import type { Redis } from 'ioredis';
import { IndexingError, invalidConfiguration, messageOf } from '../base/errors.js';
import type { QueueLogger } from './logger.js';
import type { QueuePackages } from './packages.js';

/** All runs share one queue: a worker takes shards and merges of any of them. */
export const QUEUE = 'simdex';

const CONNECT_MS = 5000;
const LONGEST_RETRY_MS = 1000;
const OLDEST = [6, 2] as const;

/** @throws {IndexingError} `InvalidConfiguration` for what is no Redis URL; the URL is not in the message */
export function redisUrlOf(text: unknown): URL {
  if (typeof text === 'string' && /^rediss?:\/\//i.test(text) && URL.canParse(text)) {
    const url = new URL(text);
    if (url.hostname !== '' && /^\/?\d*$/.test(url.pathname)) return url;
  }
  throw new IndexingError(
    'InvalidConfiguration',
    'redis must be a URL: redis://HOST:PORT or, with TLS, rediss://HOST:PORT; a user, a password and the number of a database may stand in it',
  );
}

/** The URL for messages: without user, password and query. */
export function nameOfRedis({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

/**
 * Rejects with `FileAccess` where nobody answers, access is refused, or the server is too old.
 *
 * @param isEnding whether a connection that is lost, of this client or of its copies, is not to be made again
 */
export async function connectRedis(
  { Redis }: QueuePackages,
  url: URL,
  logger: QueueLogger,
  isEnding: () => boolean = () => false,
): Promise<Redis> {
  const name = nameOfRedis(url);
  let isConnected = false;
  let failure: Error | undefined;
  const redis = new Redis(url.href, {
    lazyConnect: true,
    // Commands wait for a connection that was lost; BullMQ needs it so.
    maxRetriesPerRequest: null,
    connectTimeout: CONNECT_MS,
    retryStrategy: (tries) => (isConnected && !isEnding() ? Math.min(LONGEST_RETRY_MS, 50 * tries) : null),
  });
  redis.on('error', (error: Error) => {
    failure = error;
  });
  try {
    await redis.connect();
    checkVersion(await redis.info('server'), name);
  } catch (error) {
    redis.disconnect();
    if (error instanceof IndexingError) throw error;
    const reason = reasonOf(failure ?? error, url);
    throw new IndexingError('FileAccess', `cannot reach Redis at ${name}: ${reason}`, { cause: failure ?? error });
  }
  isConnected = true;
  redis.on('close', () => {
    if (redis.status !== 'end') logger.warn(`the connection to Redis at ${name} was lost; it is tried again`);
  });
  redis.on('ready', () => logger.info(`connected to Redis at ${name}`));
  return redis;
}

/** The error in words, without the password: a server may repeat what it was sent. */
function reasonOf(error: unknown, { password }: URL): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS[code] ?? (messageOf(error) || code || 'the connection failed');
  const secrets = [password, decoded(password)].filter((secret) => secret !== '');
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), reason);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody answers there (connection refused)',
  ENOTFOUND: 'there is no such host',
  ETIMEDOUT: `nobody answers within ${CONNECT_MS / 1000} seconds`,
};

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function checkVersion(info: string, name: string): void {
  const [, major, minor] = /^redis_version:(\d+)\.(\d+)/m.exec(info) ?? [];
  // A server that speaks the protocol may have other version numbers, or none.
  if (major === undefined) return;
  const [oldestMajor, oldestMinor] = OLDEST;
  if (Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor)) return;
  throw new IndexingError(
    'FileAccess',
    `Redis at ${name} has version ${major}.${minor}; ${OLDEST.join('.')} or newer is needed`,
  );
}

/** @throws {IndexingError} `InvalidConfiguration` */
export function checkText(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw invalidConfiguration(name, 'a string that is not empty', value);
}
