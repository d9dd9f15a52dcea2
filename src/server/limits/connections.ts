/**
 * Connections: how many there may be, and what becomes of those that speak no HTTP. Node closes what sends no head in time; here it is
 * answered and told. Ten thousand of them are one line in the log every ten seconds, not ten thousand.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyBaseLogger } from 'fastify';

export interface Connections {
  readonly open: number;
  /** Connections beyond the limit since the start. */
  readonly refused: number;
}

const TALLY_MS = 10_000;

export class ConnectionLimits implements Connections {
  open = 0;
  refused = 0;
  readonly #log: FastifyBaseLogger;
  readonly #tally = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(server: Server, maxConnections: number, log: FastifyBaseLogger) {
    this.#log = log;
    server.maxConnections = maxConnections;
    server.on('connection', (socket: Socket) => {
      this.open++;
      socket.once('close', () => this.open--);
    });
    server.on('drop', () => {
      this.refused++;
      this.#count(`more than ${maxConnections} connections`);
    });
  }

  /** Answers a client that sent something other than HTTP, or sent its request too slowly. */
  readonly onClientError = (error: Error & { code?: string }, socket: Socket): void => {
    this.#count(error.code ?? error.message);
    // Before a handshake is done, nothing can be written, and a write would keep the socket for ever.
    const isInHandshake = 'secureConnecting' in socket && socket.secureConnecting === true;
    if (error.code === 'ECONNRESET' || !socket.writable || isInHandshake) {
      socket.destroy();
      return;
    }
    const [status, detail] = ANSWERS[error.code ?? ''] ?? ANSWERS['']!;
    const body = JSON.stringify({ status: { error: detail }, time: 0, result: null });
    const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close`;
    socket.write(`${head}\r\n\r\n${body}`);
    // A client without a request may not hold the half of the connection that is left.
    socket.destroySoon();
  };

  close(): void {
    clearTimeout(this.#timer);
    this.#tell();
  }

  /** Logs the first event of a kind at once, and the following ones with the next tally. */
  #count(reason: string): void {
    const isFirst = !this.#tally.has(reason);
    this.#tally.set(reason, (this.#tally.get(reason) ?? 0) + (isFirst ? 0 : 1));
    if (isFirst) this.#log.warn({ reason }, 'connection refused');
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, TALLY_MS);
    this.#timer.unref();
  }

  #tell(): void {
    for (const [reason, count] of this.#tally) {
      if (count > 0) this.#log.warn({ reason, count }, 'more connections refused');
    }
    this.#tally.clear();
  }
}

const ANSWERS: Readonly<Record<string, readonly [status: string, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the head of the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the head of the request is too long'],
  '': ['400 Bad Request', 'this is no HTTP request'],
};
