/**
 * A server on a folder of its own, listening on a free port.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createServer, type ServerOptions } from 'simdex/server';

export interface Serving extends AsyncDisposable {
  readonly server: FastifyInstance;
  readonly url: string;
  readonly data: string;
  /** Closes the server and starts one on the same folder. */
  restart(): Promise<Serving>;
}

export async function serve(options: Partial<ServerOptions> = {}): Promise<Serving> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'simdex-server-'));
  const server = await createServer({ threads: 1, ...options, data });
  const url = await server.listen({ port: 0, host: '127.0.0.1' });
  let isHandedOn = false;
  return {
    server,
    url,
    data,
    async restart() {
      isHandedOn = true;
      await server.close();
      return serve({ ...options, data });
    },
    async [Symbol.asyncDispose]() {
      if (isHandedOn) return;
      await server.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
