/**
 * What `createServer` refuses, and the options whose effect shows on a socket only.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkServerOptions } from '../../src/server/options.js';
import { answerOf, logged, startOutside } from './outside-support.js';

const folder = mkdtempSync(join(tmpdir(), 'simdex-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('refused, by name', () => {
  test.each<[object, RegExp]>([
    [{ data: '' }, /data must be the path of a folder/],
    [{ port: 1 }, /options\.port must be one of/],
    [{ host: '' }, /host must be a name or an address/],
    [{ maxBodyBytes: 0 }, /maxBodyBytes must be a positive integer/],
    [{ maxConnections: 1.5 }, /maxConnections must be a positive integer/],
    [{ maxRequests: -1 }, /maxRequests must be a positive integer/],
    [{ maxPendingCalls: Number.NaN }, /maxPendingCalls must be a positive integer/],
    [{ headersTimeoutMs: 0 }, /headersTimeoutMs must be a positive number of milliseconds/],
    [{ transferTimeoutMs: 2 ** 31 }, /transferTimeoutMs must be a positive number of milliseconds below 2\^31/],
    [{ keepAliveTimeoutMs: '1' }, /keepAliveTimeoutMs must be a positive number/],
    [{ logLevel: 'loud' }, /logLevel must be one of fatal, error, warn, info, debug, silent/],
    [{ cors: ['*'] }, /cors must be origins such as https:\/\/app\.example, without a path or \*/],
    [{ cors: ['https://a.example/'] }, /cors must be origins/],
    [{ cors: 'https://a.example' }, /cors must be origins/],
    [{ readOnlyApiKey: 'r' }, /readOnlyApiKey needs apiKey/],
    [{ apiKey: 'same', readOnlyApiKey: 'same' }, /would not be read-only/],
    [{ host: '0.0.0.0' }, /host "0\.0\.0\.0" can be reached from other machines, which needs an API key/],
    [{ host: '::' }, /needs an API key/],
    [{ host: 'vectors.example' }, /needs an API key/],
  ])('%j', (options, message) => {
    expect(() => checkServerOptions({ data: 'x', ...options })).toThrow(message);
  });

  test('a key that cannot be a key, without showing it', () => {
    for (const key of ['', 'a b', 'a\n', 'schlüssel']) {
      for (const name of ['apiKey', 'readOnlyApiKey']) {
        const options = { data: 'x', apiKey: 'good', [name]: key };
        const message = new RegExp(`${name}: expected visible ASCII characters without spaces$`);
        expect(() => checkServerOptions(options)).toThrow(message);
      }
    }
  });
});

test('with a key it may be reached from other machines', () => {
  expect(checkServerOptions({ data: 'x', host: '0.0.0.0', apiKey: 'k' }).host).toBe('0.0.0.0');
});

test('an option that is undefined has its default', () => {
  const given = { data: 'x', host: undefined, maxBodyBytes: undefined, cors: undefined };
  expect(checkServerOptions(given)).toEqual(checkServerOptions({ data: 'x' }));
  expect(checkServerOptions(given)).toMatchObject({ host: '127.0.0.1', maxBodyBytes: 33_554_432, cors: [] });
});

test('keepAliveTimeoutMs: a connection without requests is closed', async () => {
  const { port } = await startOutside({ keepAliveTimeoutMs: 200 });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /read HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await once(socket, 'data');
  await once(socket, 'close');
});

const hasOpenSsl = spawnSync('openssl', ['version']).status === 0;

function makeCertificate() {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', ...files, '-days', '1', ...subject], { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

test.skipIf(!hasOpenSsl)('tls: HTTPS is served with the certificate', async () => {
  const tls = makeCertificate();
  const { port } = await startOutside({ tls });
  const sent = requestTls({ host: 'localhost', port, path: '/read', ca: tls.cert, agent: false });
  sent.end();
  expect((await answerOf(sent)).status).toBe(200);
});

test('a key beyond loopback without HTTPS is one warning that names a proxy', async () => {
  const other = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal);
  if (!other) return console.info('skipped: this machine has no address but loopback ones');
  const warnings = async (host: string) => {
    const { app, lines } = await startOutside({ apiKey: 'k', host: '0.0.0.0' }, () => undefined, host);
    await app.ready();
    return logged(lines, { level: 'warn' }).map(({ msg }) => msg);
  };
  expect(await warnings('127.0.0.1')).toEqual([]);
  expect(await warnings(other.address)).toEqual([expect.stringMatching(/unencrypted.*--tls-cert.*proxy/)]);
});

test.skipIf(!hasOpenSsl)('tls: a handshake that does not go on is closed in the time for a head', async () => {
  const { port } = await startOutside({ tls: makeCertificate(), headersTimeoutMs: 300 });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'close');
});
