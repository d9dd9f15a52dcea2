/**
 * Clients that send their body, or take their answer, so slowly that they only hold what others need. Who is slow is looked for now and
 * then, for all requests together: a request costs an entry in a set.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../errors.js';

interface Watched {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** A streamed body has to go on; any other has to be there. */
  readonly streamed: boolean;
  /** What was read and what waits to be written, when it last changed. */
  mark: string;
  markedAtMs: number;
}

/** Checks of all clients within one `transferTimeoutMs`. */
const LOOKS = 8;

/** @param transferTimeoutMs time in which a body must arrive, or a streamed body or an answer must make progress */
export function addSlowClientLimits(app: FastifyInstance, transferTimeoutMs: number): void {
  const watched = new Set<Watched>();
  const timer = setInterval(lookAround, Math.ceil(transferTimeoutMs / LOOKS));
  timer.unref();

  app.addHook('onRequest', (request, reply, done) => {
    const streamed = request.routeOptions.config.streamed === true;
    const one = { request, reply, streamed, mark: '', markedAtMs: performance.now() };
    watched.add(one);
    reply.raw.once('close', () => watched.delete(one));
    done();
  });
  app.addHook('onClose', (_, done) => {
    clearInterval(timer);
    done();
  });

  function lookAround(): void {
    const now = performance.now();
    for (const one of watched) {
      const mark = markOf(one);
      if (mark !== one.mark) Object.assign(one, { mark, markedAtMs: now });
      else if (mark !== '' && now - one.markedAtMs >= transferTimeoutMs) end(one);
    }
  }

  function end(one: Watched): void {
    watched.delete(one);
    const { request, reply } = one;
    request.log.warn({ remoteAddress: request.ip }, 'slow client: the connection is closed');
    const { socket } = request.raw;
    if (reply.sent || reply.raw.headersSent) {
      socket.destroy();
      return;
    }
    reply.raw.once('finish', () => socket.destroySoon());
    const detail = `the body did not ${one.streamed ? 'go on' : 'arrive'} within ${transferTimeoutMs / 1000} s`;
    reply.header('connection', 'close').send(new RequestError(408, detail));
  }
}

/** A mark that changes as long as the client does its part; empty while the server has to act. */
function markOf({ request: { raw }, reply, streamed }: Watched): string {
  if (reply.raw.writableEnded || reply.raw.headersSent) {
    const waiting = raw.socket.writableLength;
    return waiting > 0 ? `answer ${waiting}` : '';
  }
  if (raw.complete) return '';
  if (!streamed) return 'body';
  // Bytes that were received and not yet read wait for the server, not for the client.
  return raw.readableLength > 0 ? '' : `body ${raw.socket.bytesRead}`;
}
