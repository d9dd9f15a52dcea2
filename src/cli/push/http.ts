/**
 * Requests to a server of vectors. A request is repeated while the server says that it is too busy, after the time that it
 * names, and a few times when the connection breaks. This is safe, since every point has its id: what arrives twice is stored
 * once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/errors.js';
import { printable } from '../error-text.js';

/** Error of a server that answered and refused. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown, text: string) {
    super(printable(sentenceOf(body) ?? text).slice(0, 500));
    this.status = status;
    this.body = body;
  }
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly type?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const TOO_MUCH = new Set([429, 503]);
/** Longest wait. A server that is busy for longer is not going to take the request. */
const MOST_WAITING_MS = 10 * 60_000;
const DEFAULT_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
const MOST_BROKEN_CONNECTIONS = 5;

export class HttpClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;
  readonly #tell: (message: string) => void;

  /**
   * @param url URL without a slash at its end
   * @param tell called with the reason for a wait
   */
  constructor(url: string, apiKey: string | undefined, signal: AbortSignal, tell: (message: string) => void) {
    this.#url = url;
    this.#headers = apiKey === undefined ? {} : { 'api-key': apiKey };
    this.#signal = signal;
    this.#tell = tell;
  }

  /** The JSON of the answer. @throws {Refusal} */
  async call(call: Call): Promise<unknown> {
    let waitedMs = 0;
    let broken = 0;
    for (;;) {
      const response = await this.#send(call).catch((error: unknown) => {
        this.#signal.throwIfAborted();
        if (++broken >= MOST_BROKEN_CONNECTIONS) throw new Error(`${this.#url} cannot be reached: ${causeOf(error)}`);
        return undefined;
      });
      if (response?.ok) return response.json();
      const waitMs = response ? waitAskedFor(response) : DEFAULT_WAIT_MS * 2 ** (broken - 1);
      if (response && (!TOO_MUCH.has(response.status) || waitedMs + waitMs > MOST_WAITING_MS))
        throw await refusalOf(response);
      await response?.body?.cancel();
      this.#tell(
        `${response ? 'the server has too much to do' : 'the connection broke'}; trying again in ${waitMs / 1000} s`,
      );
      await sleep(waitMs, undefined, { signal: this.#signal });
      waitedMs += waitMs;
    }
  }

  #send({ method, path, type, body }: Call): Promise<Response> {
    const headers = { ...this.#headers, ...(type !== undefined && { 'content-type': type }) };
    // A key is for this server alone.
    const init = { method, headers, redirect: 'error', signal: this.#signal } as const;
    return fetch(this.#url + path, body === undefined ? init : { ...init, body });
  }
}

/** `Retry-After` is seconds or a date. */
function waitAskedFor({ headers }: Response): number {
  const text = headers.get('retry-after') ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(LONGEST_WAIT_MS, Math.max(0, ms)) : DEFAULT_WAIT_MS;
}

async function refusalOf(response: Response): Promise<Refusal> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return new Refusal(response.status, body, `status ${response.status} ${text}`);
}

/** The message of an error in Qdrant's shape. */
function sentenceOf(body: unknown): string | undefined {
  const status = (body as { status?: { error?: unknown } } | null | undefined)?.status;
  return typeof status?.error === 'string' ? status.error : undefined;
}

/** fetch says "fetch failed" and has the reason behind it. */
function causeOf(error: unknown): string {
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
