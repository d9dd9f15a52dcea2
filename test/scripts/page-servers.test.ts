/**
 * The servers of pages answer whatever is asked, with 400 or 404 where it names nothing, and go on.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { servePages } from '../../scripts/page-server.mjs';

const root = fileURLToPath(new URL('../../examples/browser/', import.meta.url));

/** The first line of the answer to `GET <path>`, as it stands; empty where the connection is closed without one. */
async function statusOf(url: string, path: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'close');
  return text.split('\r\n')[0]!;
}

const servers: [string, () => Promise<{ url: string; close(): unknown }>][] = [
  ['scripts/page-server.mjs', () => servePages(root)],
  [
    'examples/browser/serve.mjs',
    async () => {
      const child = spawn(process.execPath, [`${root}serve.mjs`, '--port', '0'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      return { url: /http:\S+/.exec(String(line))![0], close: () => child.kill() };
    },
  ],
];

describe.each(servers)('%s', (_, start) => {
  let server: { url: string; close(): unknown };
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  test.each([
    '/%',
    '//',
    '///',
    '//localhost/',
    '/%00',
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/.git/config',
    '/no',
    '/%c3',
  ])('GET %s is 400 or 404', async (path) => {
    expect(await statusOf(server.url, path)).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(await statusOf(server.url, '/')).toMatch(/^HTTP\/1\.1 200 /);
  });
});
