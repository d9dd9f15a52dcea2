/**
 * The outside of the server around routes that do nothing: what the door, the limits and the log do shows without a store.
 */
import { once } from 'node:events';
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import * as fastifyPackage from 'fastify';
import { onTestFinished } from 'vitest';
import { checkServerOptions, type ServerOptions } from '../../src/server/options.js';
import { addOutside, fastifyOptions, type Outside } from '../../src/server/outside.js';

export interface TestServer {
  readonly app: FastifyInstance;
  readonly outside: Outside;
  /** Lines of the log so far. */
  readonly lines: string[];
  /** What the engine is said to have waiting. */
  readonly pending: { calls: number };
  readonly port: number;
}

/** Of the log, what matches. */
export function logged(lines: readonly string[], fields: Record<string, unknown>): Record<string, unknown>[] {
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
}

export async function startOutside(
  options: Partial<ServerOptions> = {},
  routes: (app: FastifyInstance) => void = () => undefined,
  host = '127.0.0.1',
): Promise<TestServer> {
  const lines: string[] = [];
  const log = { write: (line: string) => void lines.push(line) };
  const checked = checkServerOptions({ data: 'unused', log, logLevel: 'info', ...options });
  const app = fastifyPackage.fastify(fastifyOptions(checked, fastifyPackage));
  const pending = { calls: 0 };
  const outside = addOutside(app, checked, () => pending.calls);
  app.get('/', { config: { access: 'public' } }, () => ({ title: 'test' }));
  app.get('/read', () => ({ done: 'read' }));
  app.post('/search', { config: { access: 'read' } }, ({ body }) => ({ done: 'search', body }));
  app.put('/write', ({ body }) => ({ done: 'write', body }));
  app.delete('/write', () => ({ done: 'delete' }));
  routes(app);
  await app.listen({ host, port: 0 });
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  return { app, outside, lines, pending, port: (app.server.address() as AddressInfo).port };
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Sending extends Omit<RequestOptions, 'headers'> {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** One request on a connection of its own. `node:http` sends any Host and Origin, which fetch does not. */
export async function send(
  port: number,
  path: string,
  { body, headers = {}, ...options }: Sending = {},
): Promise<Answered> {
  const sent = request({ host: '127.0.0.1', port, path, agent: false, headers, ...options });
  sent.end(body);
  return answerOf(sent);
}

export async function answerOf(sent: ClientRequest): Promise<Answered> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode!, headers: response.headers, text };
}
