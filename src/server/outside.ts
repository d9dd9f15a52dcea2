/**
 * The outside of the server, in the order in which a request meets it: the log, the load, the door, slow clients. All hooks are there
 * before the first route is, so no route is without them.
 */
import type { Server } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { refusal, setRetryAfter } from './answers.js';
import { addDoor } from './door/door.js';
import { isLoopbackAddress } from './door/loopback.js';
import { refusalOf } from './errors.js';
import { ConnectionLimits, type Connections } from './limits/connections.js';
import { addJsonBodies } from './limits/json-body.js';
import { addLoadLimits, type Load } from './limits/load.js';
import { addSlowClientLimits } from './limits/slow-clients.js';
import { createRequestIds, loggerOptions, logRequests } from './log.js';
import type { CheckedServerOptions } from './options.js';
import { countRequests, type RequestTimes } from './watching/request-times.js';

/** Number of checks within the time for request heads: Node looks this often for heads that do not arrive. */
const LOOKS = 4;
/** Most bytes of a request's head: Node's default. A key and an origin are far shorter. */
const LONGEST_HEAD = 16_384;
const LONGEST_PARAMETER = 300;

/** The part of the package that says what is logged; versions before 5.10 have an option instead. */
type FastifyPackage = Partial<Pick<typeof import('fastify'), 'LogController'>>;

/** Options of `fastify()`. */
export function fastifyOptions(options: CheckedServerOptions, { LogController }: FastifyPackage): FastifyServerOptions {
  const { maxBodyBytes, headersTimeoutMs, keepAliveTimeoutMs, tls, logLevel, log } = options;
  const http = {
    headersTimeout: headersTimeoutMs,
    // A body has its own time, which for imports is not limited: see limits/slow-clients.ts.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.ceil(headersTimeoutMs / LOOKS),
    maxHeaderSize: LONGEST_HEAD,
    noDelay: true,
  };
  return {
    // A handshake is a head, too.
    ...(tls ? { https: { ...http, handshakeTimeout: headersTimeoutMs, ...tls } } : { http }),
    bodyLimit: maxBodyBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    logger: loggerOptions(logLevel, log),
    // log.ts writes a line for each request.
    ...(LogController
      ? { logController: new LogController({ disableRequestLogging: true }) }
      : { disableRequestLogging: true }),
    genReqId: createRequestIds(),
    requestIdHeader: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: refusePath,
  } as FastifyServerOptions;
}

/** Paths that the router cannot read pass no hook: they come neither to the door nor to the log. */
function refusePath({ statusCode = 400 }: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  request.log.warn({ method: request.method, status: statusCode }, 'a path that is none');
  const detail = `the path is no URL, or a name in it is longer than ${LONGEST_PARAMETER} characters`;
  reply.code(statusCode).send({ status: { error: detail }, time: 0 });
}

export interface Outside {
  readonly load: Load;
  readonly connections: Connections;
  readonly requests: () => readonly RequestTimes[];
}

/** @param pendingCalls calls that wait for the engine */
export function addOutside(app: FastifyInstance, options: CheckedServerOptions, pendingCalls: () => number): Outside {
  const connections = new ConnectionLimits(app.server as Server, options.maxConnections, app.log);
  app.server.removeAllListeners('clientError').on('clientError', connections.onClientError);
  app.addHook('onClose', async () => connections.close());
  logRequests(app);
  const requests = countRequests(app);
  addSlowClientLimits(app, options.transferTimeoutMs);
  addDoor(app, options);
  const load = addLoadLimits(app, options, pendingCalls);
  addJsonBodies(app);
  answerErrors(app);
  warnOfPlainKeys(app, options);
  return { load, connections, requests };
}

/** Answers an error in the shape that Qdrant's clients know. The details of an unexpected error go to the log alone. */
function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { statusCode, message } = refusalOf(error);
    if (statusCode >= 500) request.log.error({ err: error }, 'request failed');
    setRetryAfter(reply, error);
    return reply.code(statusCode).send(refusal(reply, message));
  });
  app.setNotFoundHandler(({ method, url }, reply) =>
    reply.code(404).send(refusal(reply, `${method} ${url.split('?')[0]} is not served here`)),
  );
}

function warnOfPlainKeys(app: FastifyInstance, { apiKey, tls }: CheckedServerOptions): void {
  if (apiKey === undefined || tls) return;
  app.addHook('onListen', (done) => {
    const isLocal = app.addresses().every((at) => typeof at === 'string' || isLoopbackAddress(at.address));
    if (!isLocal)
      app.log.warn(
        'the API key goes over the network unencrypted: give --tls-cert and --tls-key, or have a proxy serve HTTPS (nginx, Caddy)',
      );
    done();
  });
}
