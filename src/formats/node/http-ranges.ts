/**
 * Ranges of bytes from an HTTP server, one request for each. Whatever the server does wrong becomes one sentence, after
 * bounded time and in bounded memory: it has `stallMs` for every 64 KiB, and a body is taken up to the length that was asked
 * for and no byte further.
 *
 * This uses node:http and not `fetch`, so that a request is exactly what is written here. There are no cookies and no content
 * encodings that unfold. Redirects are not followed automatically with credentials that were meant for another host.
 * Connections end when their owner says so.
 *
 * Credentials are those of the URL (`https://user:password@host/`). They are sent to its own origin only.
 */
import { Agent as HttpAgent, type IncomingMessage, request as requestByHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestByHttps } from 'node:https';
import { IndexingError, messageOf } from '../../base/errors.js';

export interface HttpOptions {
  /** Milliseconds without a byte, from the request on, after which a try has failed. Default: 30,000. */
  readonly stallMs?: number;
  /** Further tries after one that failed. Default: 5. */
  readonly retries?: number;
  /** Pause before the second try; it doubles from try to try, up to 8 seconds. Default: 250. */
  readonly backoffMs?: number;
  /** Whether a URL that the server redirects to may be asked. Default: every one. */
  readonly permits?: (url: URL) => boolean;
}

/** What tells whether a file is still the one it was. */
export interface FileIdentity {
  readonly byteLength: number;
  /** Its ETag or, without one, when it was changed last. */
  readonly version: string | undefined;
}

/** Bytes of one answer are given as they come; each is valid during the call. */
type Sink = (bytes: Uint8Array) => void;

const MOST_REDIRECTS = 5;
const LONGEST_PAUSE_MS = 8000;
/** A server may ask for more patience. */
const LONGEST_WAIT_MS = 60_000;
const DEADLINE_BYTES = 2 ** 16;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
/** What says that a redirect, which may be signed for a while, is no longer good. */
const EXPIRED = new Set([400, 401, 403, 404, 410]);

/** What may go well another time. */
class PassingFailure extends Error {
  readonly waitMs: number;

  constructor(reason: string, waitMs = 0) {
    super(reason);
    this.waitMs = waitMs;
  }
}

export class HttpRanges {
  /** What errors call the file: its URL without user, password and query, which may be secrets. */
  readonly name: string;
  readonly #url: URL;
  readonly #authorization: string | undefined;
  readonly #stallMs: number;
  readonly #retries: number;
  readonly #backoffMs: number;
  readonly #permits: (url: URL) => boolean;
  readonly #agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };
  readonly #closing = new AbortController();
  /** Where the last redirect led. */
  #redirected: URL | undefined;
  #identity: FileIdentity | undefined;

  /** @param url `http:` or `https:` */
  constructor(url: URL, { stallMs = 30_000, retries = 5, backoffMs = 250, permits = () => true }: HttpOptions) {
    const { username, password } = url;
    this.name = nameOfUrl(url);
    this.#url = withoutCredentials(url);
    this.#authorization =
      username === '' && password === ''
        ? undefined
        : `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
    this.#stallMs = stallMs;
    this.#retries = retries;
    this.#backoffMs = backoffMs;
    this.#permits = permits;
  }

  /** What the file is, and its first bytes, at most `length`. */
  async open(length: number): Promise<{ readonly identity: FileIdentity; readonly first: Uint8Array }> {
    const first = new Uint8Array(length);
    let filled = 0;
    await this.#persistently(async () => {
      filled = 0;
      await this.#ask(0, length, (bytes) => {
        first.set(bytes, filled);
        filled += bytes.length;
      });
    });
    return { identity: this.#identity!, first: first.slice(0, filled) };
  }

  /** Fills all of `target` from `byteOffset` on, which lies within the file. */
  async readInto(target: Uint8Array, byteOffset: number): Promise<void> {
    let done = 0;
    await this.#persistently(async () => {
      // A server may give less than it was asked for, but nothing is not less.
      while (done < target.length) {
        const before = done;
        await this.#ask(byteOffset + done, target.length - done, (bytes) => {
          target.set(bytes, done);
          done += bytes.length;
        });
        if (done === before) throw this.#refusal('the server sent an empty range');
      }
    });
  }

  /** Ends all requests; those under way reject. */
  close(): void {
    this.#closing.abort();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #persistently(attempt: () => Promise<void>): Promise<void> {
    for (let tries = 0; ; tries++) {
      this.#refuseClosed();
      try {
        return await attempt();
      } catch (error) {
        this.#refuseClosed();
        if (!(error instanceof PassingFailure)) throw error;
        if (tries >= this.#retries)
          throw this.#refusal(`${error.message}${tries === 0 ? '' : `, also when it was tried ${tries} more times`}`);
        const pauseMs = Math.min(LONGEST_PAUSE_MS, this.#backoffMs * 2 ** tries);
        // Many readers that failed together must not come back together.
        await this.#pause(Math.max(error.waitMs, pauseMs * (0.5 + Math.random() / 2)));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#closing;
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  }

  /** One request, and those it is redirected to. */
  async #ask(byteOffset: number, length: number, sink: Sink): Promise<void> {
    const deadline = new Deadline(this.#stallMs, this.#stallMs * (1 + Math.ceil(length / DEADLINE_BYTES)));
    try {
      let url = this.#redirected ?? this.#url;
      for (let redirects = 0; ; redirects++) {
        const response = await this.#send(url, byteOffset, length, deadline);
        deadline.stillMoving();
        const next = this.#redirectOf(response, url);
        if (!next) {
          if (url !== this.#url && EXPIRED.has(response.statusCode!)) {
            response.destroy();
            if (this.#redirected === undefined) throw this.#refusedStatus(response);
            this.#redirected = undefined;
            throw new PassingFailure(`the server that it was redirected to answered ${statusOf(response)}`);
          }
          if (url !== this.#url) this.#redirected = url;
          return await this.#take(response, byteOffset, length, sink, deadline);
        }
        response.destroy();
        if (redirects === MOST_REDIRECTS) throw this.#refusal(`it was redirected more than ${MOST_REDIRECTS} times`);
        url = next;
      }
    } finally {
      deadline.clear();
    }
  }

  #send(url: URL, byteOffset: number, length: number, deadline: Deadline): Promise<IncomingMessage> {
    const isHttps = url.protocol === 'https:';
    const request = (isHttps ? requestByHttps : requestByHttp)(url, {
      agent: this.#agents[isHttps ? 'https:' : 'http:'],
      signal: this.#closing.signal,
      headers: {
        Range: `bytes=${byteOffset}-${byteOffset + length - 1}`,
        Accept: '*/*',
        'Accept-Encoding': 'identity',
        'User-Agent': 'simdex',
        ...(this.#authorization !== undefined &&
          url.origin === this.#url.origin && { Authorization: this.#authorization }),
      },
    });
    return new Promise((resolve, reject) => {
      deadline.onPassed = (reason) => request.destroy(new PassingFailure(reason));
      request.on('response', resolve);
      request.on('error', (error) => reject(this.#failureOf(error)));
      request.end();
    });
  }

  /** What a redirect names; undefined for any other answer. */
  #redirectOf(response: IncomingMessage, from: URL): URL | undefined {
    if (!REDIRECTS.has(response.statusCode!)) return undefined;
    const { location } = response.headers;
    const refuse = (reason: string) => {
      response.destroy();
      return this.#refusal(`it was redirected ${reason}`);
    };
    if (location === undefined || !URL.canParse(location, from)) throw refuse('without an address');
    const url = new URL(location, from);
    if (!isHttp(url)) throw refuse(`to ${url.protocol.slice(0, 20)}, which is not http or https`);
    if (from.protocol === 'https:' && url.protocol === 'http:') throw refuse(`from https to http (${url.host})`);
    // What a server says is no user's word.
    const plain = withoutCredentials(url);
    if (!this.#permits(plain)) throw refuse(`to ${nameOfUrl(plain).slice(0, 200)}, which is not allowed here`);
    return plain;
  }

  async #take(
    response: IncomingMessage,
    byteOffset: number,
    length: number,
    sink: Sink,
    deadline: Deadline,
  ): Promise<void> {
    let expected: number;
    try {
      expected = this.#expectedBytes(response, byteOffset, length);
    } catch (error) {
      response.destroy();
      throw error;
    }
    let received = 0;
    await new Promise<void>((resolve, reject) => {
      deadline.onPassed = (reason) => response.destroy(new PassingFailure(reason));
      response.on('data', (bytes: Uint8Array) => {
        received += bytes.length;
        deadline.stillMoving();
        if (received <= expected) return sink(bytes);
        response.destroy();
        reject(this.#refusal(`the server sent more than the ${expected} bytes that were asked for`));
      });
      response.on('end', resolve);
      response.on('error', (error) => reject(this.#failureOf(error)));
      response.on('close', resolve);
    });
    if (received < expected) throw new PassingFailure(`the connection ended after ${received} of ${expected} bytes`);
  }

  /** Bytes that the body of a good answer has. */
  #expectedBytes(response: IncomingMessage, byteOffset: number, length: number): number {
    const { statusCode, headers } = response;
    const range = headers['content-range'] ?? '';
    if (statusCode === 416 && byteOffset === 0 && /^bytes \*\/0$/.test(range)) {
      this.#checkIdentity(headers, 0);
      response.destroy();
      return 0;
    }
    if (statusCode === 416) throw this.#refusal('it is shorter than it was; it was changed while it was read');
    if (statusCode === 200)
      throw this.#refusal('the server ignores ranges (it sends the whole file); download the file and name that');
    if (PASSING.has(statusCode!))
      throw new PassingFailure(`the server answered ${statusOf(response)}`, waitOf(headers));
    if (statusCode !== 206) throw this.#refusedStatus(response);
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity')
      throw this.#refusal(`the server sent ranges in the encoding ${JSON.stringify(encoding.slice(0, 20))}`);
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range) ?? [];
    if (total === undefined)
      throw this.#refusal(
        `the server does not say which range it sent and of how many bytes (${JSON.stringify(range.slice(0, 60))})`,
      );
    const [from, to, byteLength] = [Number(first), Number(last), Number(total)];
    if (
      from !== byteOffset ||
      to < from ||
      to >= byteOffset + length ||
      to >= byteLength ||
      !Number.isSafeInteger(byteLength)
    )
      throw this.#refusal(
        `the server sent another range than it was asked for: ${range.slice(0, 60)}, not ${byteOffset}-${byteOffset + length - 1}`,
      );
    this.#checkIdentity(headers, byteLength);
    const expected = to - from + 1;
    const claimed = headers['content-length'];
    if (claimed !== undefined && Number(claimed) !== expected)
      throw this.#refusal(`the server says that ${range} has ${claimed.slice(0, 20)} bytes`);
    return expected;
  }

  #checkIdentity({ etag, 'last-modified': modified }: IncomingMessage['headers'], byteLength: number): void {
    const version = etag ?? modified;
    this.#identity ??= { byteLength, version };
    if (this.#identity.byteLength !== byteLength)
      throw this.#changed(`it had ${this.#identity.byteLength} bytes and has ${byteLength}`);
    if (this.#identity.version !== version)
      throw this.#changed(`${etag === undefined ? 'its time' : 'its ETag'} is another`);
  }

  #changed(how: string): IndexingError {
    return this.#refusal(`it was changed while it was read (${how}); start again`);
  }

  #refusedStatus(response: IncomingMessage): IndexingError {
    const status = statusOf(response);
    switch (response.statusCode) {
      case 401:
      case 403:
        return this.#refusal(
          `the server refuses access (${status}); give a URL with its credentials, or a signed one that has not expired`,
        );
      case 404:
      case 410:
        return this.#refusal(`there is no such file (${status}); check the URL`);
      default:
        return this.#refusal(`the server answered ${status}`);
    }
  }

  /** A lost connection may be made again; one that was never there is the URL's fault. */
  #failureOf(error: Error): Error {
    if (error instanceof PassingFailure || error instanceof IndexingError) return error;
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const reason = REASONS[code] ?? messageOf(error);
    if (this.#identity || code === 'ECONNRESET' || code === 'EPIPE' || code === 'EAI_AGAIN')
      return new PassingFailure(reason);
    return this.#refusal(reason, error);
  }

  #refuseClosed(): void {
    if (!this.#closing.signal.aborted) return;
    throw new IndexingError('Disposed', `${this.name} was closed before its last row was read`);
  }

  #refusal(reason: string, cause?: unknown): IndexingError {
    return new IndexingError('FileAccess', `cannot read ${this.name}: ${reason}`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host; check the URL',
  ECONNREFUSED: 'nobody answers there (connection refused)',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
};

/** When a try has failed: after `stallMs` in which nothing came, or `totalMs` in all. */
class Deadline {
  onPassed: (reason: string) => void = () => undefined;
  readonly #stallMs: number;
  readonly #total: NodeJS.Timeout;
  readonly #stall: NodeJS.Timeout;

  constructor(stallMs: number, totalMs: number) {
    this.#stallMs = stallMs;
    this.#total = setTimeout(() => this.onPassed('the server is too slow'), totalMs);
    this.#stall = setTimeout(() => this.onPassed(`the server sent nothing for ${this.#stallMs} ms`), stallMs);
  }

  stillMoving(): void {
    this.#stall.refresh();
  }

  clear(): void {
    clearTimeout(this.#total);
    clearTimeout(this.#stall);
  }
}

/** What an answer may say of when to come back, in milliseconds. */
function waitOf({ 'retry-after': after }: IncomingMessage['headers']): number {
  const seconds = Number(after);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(LONGEST_WAIT_MS, 1000 * seconds) : 0;
}

function statusOf({ statusCode, statusMessage = '' }: IncomingMessage): string {
  return `${statusCode} ${statusMessage.slice(0, 40)}`.trimEnd();
}

export function isHttp({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** A URL for people and files: without user, password, query and fragment, any of which may be a secret. */
export function nameOfUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/** What percent signs stand for; where they stand for nothing, as given. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function withoutCredentials(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}
