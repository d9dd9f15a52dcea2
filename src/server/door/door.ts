/**
 * Who may come in. Every request passes here before its body is read and before its route is looked at, and a route that says nothing
 * of itself is closed: it needs a key, and one that may change data unless it only reads.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../errors.js';
import { Keys, keyOf } from './keys.js';
import { isLoopbackAddress, isLoopbackHostField } from './loopback.js';
import { corsHeaders, isForeign, isPreflight, preflightHeaders } from './origins.js';

/**
 * What a route is open to: `public` to everybody, `read` to every key, `write` to keys that may change data. By default `read` for
 * GET and HEAD, and `write` for the others.
 */
type Access = 'public' | 'read' | 'write';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}

export interface DoorOptions {
  readonly apiKey?: string | undefined;
  readonly readOnlyApiKey?: string | undefined;
  /** Origins of other sites whose pages may come in. */
  readonly cors: readonly string[];
}

export function addDoor(app: FastifyInstance, options: DoorOptions): void {
  const keys = new Keys(options);
  const cors = new Set(options.cors);
  const checkMachine = createMachineCheck();

  app.addHook('onRequest', (request, reply, done) => {
    if (!keys.areNeeded) checkMachine(request);
    const { origin } = request.headers;
    if (origin !== undefined && !passOrigin(origin, request, reply, cors)) return;
    checkKey(request, reply, keys);
    done();
  });
}

/**
 * Without a key only this machine is served, under names that only this machine has. Most requests come to the same address and name as the one
 * before, which are looked at once.
 */
function createMachineCheck(): (request: FastifyRequest) => void {
  let address: string | undefined;
  let host: string | undefined;
  return ({ raw, headers }) => {
    const { localAddress } = raw.socket;
    if (host !== undefined && headers.host === host && localAddress === address) return;
    // A socket without an address is no network's.
    if (localAddress !== undefined && !isLoopbackAddress(localAddress))
      throw new RequestError(
        403,
        'this server has no API key, so it answers on loopback addresses only; give it a key',
      );
    if (headers.host === undefined || !isLoopbackHostField(headers.host)) {
      const detail = 'the Host of the request is no name of this machine (localhost, 127.0.0.1, [::1])';
      throw new RequestError(403, `${detail}; other names need an API key on the server`);
    }
    host = headers.host;
    address = localAddress;
  };
}

/** False where the request is answered. */
function passOrigin(origin: string, request: FastifyRequest, reply: FastifyReply, cors: ReadonlySet<string>): boolean {
  const isNamed = cors.has(origin);
  if (!isNamed && isForeign(origin, request.headers.host))
    throw new RequestError(403, 'pages of this Origin are not served; the server names those that are with --cors');
  if (isPreflight(request.method, request.headers)) {
    reply
      .code(204)
      .headers(isNamed ? preflightHeaders(origin) : {})
      .send();
    return false;
  }
  if (isNamed) reply.headers(corsHeaders(origin));
  return true;
}

function checkKey(request: FastifyRequest, reply: FastifyReply, keys: Keys): void {
  const access = accessOf(request);
  if (!keys.areNeeded || access === 'public') return;
  const key = keyOf(request.headers);
  const rights = key === undefined ? undefined : keys.rightsOf(key);
  if (rights === undefined) {
    reply.header('www-authenticate', 'Bearer');
    if (key === undefined)
      throw new RequestError(401, 'an API key is needed, in the header api-key or as Authorization: Bearer');
    throw new RequestError(401, 'the API key is not valid');
  }
  if (rights === 'read' && access === 'write')
    throw new RequestError(403, 'this API key may only read; changing data needs the other key');
}

function accessOf({ method, routeOptions }: FastifyRequest): Access {
  return routeOptions.config.access ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'write');
}
