/**
 * The door, over real sockets: keys, hosts, origins.
 */
import { describe, expect, test } from 'vitest';
import { type Sending, send, startOutside } from '../outside-support.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const write = (headers: Record<string, string>): Sending => ({
  method: 'PUT',
  headers: { ...JSON_TYPE, ...headers },
  body: '{}',
});

describe('with keys', () => {
  const keys = { apiKey: 'the-key', readOnlyApiKey: 'the-read-key' };

  test('everything but what is public needs one, routes that are not there too', async () => {
    const { port } = await startOutside(keys);
    expect((await send(port, '/')).status).toBe(200);
    for (const [path, method] of [
      ['/read', 'GET'],
      ['/read', 'HEAD'],
      ['/search', 'POST'],
      ['/write', 'DELETE'],
      ['/none', 'GET'],
      ['/', 'DELETE'],
    ] as const) {
      const { status, headers } = await send(port, path, { method });
      expect([path, method, status, headers['www-authenticate']]).toEqual([path, method, 401, 'Bearer']);
    }
  });

  test('a wrong key is 401, in either header', async () => {
    const { port } = await startOutside(keys);
    for (const headers of [
      { 'api-key': 'the-kez' },
      { 'api-key': '' },
      { authorization: 'Bearer x' },
      { authorization: 'Basic the-key' },
    ]) {
      expect((await send(port, '/read', { headers })).status).toBe(401);
    }
  });

  test('the key opens all, the read-only key what reads', async () => {
    const { port } = await startOutside(keys);
    for (const headers of [{ 'api-key': 'the-key' }, { authorization: 'Bearer the-key' }]) {
      expect((await send(port, '/read', { headers })).status).toBe(200);
      expect((await send(port, '/write', write(headers))).status).toBe(200);
    }
    const reader = { 'api-key': 'the-read-key' };
    expect((await send(port, '/read', { headers: reader })).status).toBe(200);
    expect(
      (await send(port, '/search', { method: 'POST', headers: { ...JSON_TYPE, ...reader }, body: '{}' })).status,
    ).toBe(200);
    const refused = await send(port, '/write', write(reader));
    expect([refused.status, JSON.parse(refused.text).status.error]).toEqual([
      403,
      expect.stringMatching(/may only read/),
    ]);
    expect((await send(port, '/write', { method: 'DELETE', headers: reader })).status).toBe(403);
  });

  test('any Host will do, since a page elsewhere does not know the key', async () => {
    const { port } = await startOutside(keys);
    const headers = { 'api-key': 'the-key', host: 'vectors.example' };
    expect((await send(port, '/read', { headers })).status).toBe(200);
  });

  test('no key and no header with one is logged', async () => {
    const { port, lines } = await startOutside({ ...keys, logLevel: 'debug' });
    await send(port, '/read?api-key=the-key', { headers: { 'api-key': 'the-key' } });
    await send(port, '/write', write({ authorization: 'Bearer the-read-key' }));
    await send(port, '/read', { headers: { 'api-key': 'a-wrong-key' } });
    const text = lines.join('');
    expect(text).toContain('/read');
    expect(text).not.toMatch(/the-key|the-read-key|a-wrong-key/);
  });
});

describe('without a key', () => {
  test('a Host that names no loopback is 403: a name that was bound anew', async () => {
    const { port } = await startOutside();
    for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`]) {
      for (const path of ['/', '/read']) expect((await send(port, path, { headers: { host } })).status).toBe(403);
      expect((await send(port, '/write', write({ host }))).status).toBe(403);
    }
    for (const host of [`localhost:${port}`, '127.0.0.1', `[::1]:${port}`]) {
      expect((await send(port, '/read', { headers: { host } })).status).toBe(200);
    }
  });

  test('it answers on loopback addresses only, whoever had it listen elsewhere', async () => {
    const { app } = await startOutside();
    const addresses = Object.values((await import('node:os')).networkInterfaces()).flat();
    const other = addresses.find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    if (other === undefined) return console.info('skipped: this machine has no address but loopback ones');
    const { createServer } = await import('node:http');
    const outer = createServer((request, reply) => app.routing(request, reply));
    await new Promise<void>((resolve) => outer.listen(0, '0.0.0.0', resolve));
    const { port } = outer.address() as import('node:net').AddressInfo;
    const headers = { host: `localhost:${port}` };
    expect((await send(port, '/read', { host: other, headers })).status).toBe(403);
    expect((await send(port, '/read', { headers })).status).toBe(200);
    outer.closeAllConnections();
    outer.close();
  });
});

describe('pages of other sites', () => {
  const cors = ['https://app.example'];

  test('are 403 whatever they send, with and without a key', async () => {
    for (const options of [{}, { apiKey: 'the-key' }, { cors }]) {
      const { port } = await startOutside(options);
      const key: Record<string, string> = options.apiKey ? { 'api-key': options.apiKey } : {};
      for (const origin of [
        'https://evil.example',
        'null',
        `http://localhost:${port + 1}`,
        'https://app.example.evil.example',
      ]) {
        const host = `localhost:${port}`;
        expect((await send(port, '/read', { headers: { ...key, origin, host } })).status).toBe(403);
        expect((await send(port, '/write', write({ ...key, origin, host }))).status).toBe(403);
        const asked = { ...key, origin, host, 'access-control-request-method': 'PUT' };
        const preflight = await send(port, '/write', { method: 'OPTIONS', headers: asked });
        expect(preflight.status).toBe(403);
        expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
      }
    }
  });

  test('a page of this server is served', async () => {
    const { port } = await startOutside();
    const headers = { origin: `http://localhost:${port}`, host: `localhost:${port}` };
    const { status, headers: got } = await send(port, '/read', { headers });
    expect([status, got['access-control-allow-origin']]).toEqual([200, undefined]);
  });

  test('a page that --cors names may ask, send and read', async () => {
    const { port } = await startOutside({ cors, apiKey: 'the-key' });
    const origin = 'https://app.example';
    const asked = {
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'api-key,content-type',
    };
    const preflight = await send(port, '/write', { method: 'OPTIONS', headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
    expect(preflight.headers['access-control-allow-methods']).toContain('PUT');
    expect(preflight.headers['access-control-allow-headers']).toContain('api-key');
    const sent = await send(port, '/write', write({ origin, 'api-key': 'the-key' }));
    expect([sent.status, sent.headers['access-control-allow-origin']]).toEqual([200, origin]);
    // It can read why it was refused, too.
    const refused = await send(port, '/write', write({ origin }));
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, origin]);
  });
});

describe('bodies', () => {
  test('need their content type: a form or text, which any page may send, is 415', async () => {
    const { port } = await startOutside();
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
    ]) {
      const { status } = await send(port, '/write', { method: 'PUT', headers: { 'content-type': type }, body: '{}' });
      expect([type, status]).toEqual([type, 415]);
    }
    expect((await send(port, '/write', { method: 'PUT', body: '{}' })).status).toBe(415);
    for (const type of ['application/json', 'application/json; charset=utf-8']) {
      const sent = await send(port, '/write', { method: 'PUT', headers: { 'content-type': type }, body: '{"a":[1]}' });
      expect([sent.status, JSON.parse(sent.text).body]).toEqual([200, { a: [1] }]);
    }
  });

  test('may be left out by clients that name the type all the same', async () => {
    const { port } = await startOutside();
    const sent = await send(port, '/write', { method: 'PUT', headers: { ...JSON_TYPE, 'content-length': '0' } });
    expect(sent.status).toBe(200);
  });
});
