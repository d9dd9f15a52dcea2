/**
 * A whole server on a folder of its own, closed with its test; and what answers of it hold.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createServer, type ServerOptions } from 'simdex/server';
import { onTestFinished } from 'vitest';

/** Removed with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'simdex-server-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface StartedServer {
  readonly app: FastifyInstance;
  readonly data: string;
  /** Lines of the log so far. */
  readonly lines: readonly string[];
}

/** Does not listen yet. */
export async function startServer(options: Partial<ServerOptions> = {}): Promise<StartedServer> {
  const data = options.data ?? temporaryFolder();
  const lines: string[] = [];
  const log = { write: (line: string) => void lines.push(line) };
  const app = await createServer({ threads: 2, log, logLevel: 'info', ...options, data });
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  return { app, data, lines };
}

/** The URL of a server that listens from now on. */
export async function listen({ app }: StartedServer): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}
