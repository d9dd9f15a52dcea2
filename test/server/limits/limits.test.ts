/**
 * What is bounded, over real sockets: bodies, requests under way, slow clients, connections.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { answerOf, logged, send, startOutside } from '../outside-support.js';

const headers = { 'content-type': 'application/json' };

function socketTo(port: number) {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return { socket, closed: once(socket, 'close').then(() => text) };
}

test('a body above the limit is 413, said or sent', async () => {
  const { port } = await startOutside({ maxBodyBytes: 1000 });
  const body = JSON.stringify({ a: 'x'.repeat(1000) });
  expect((await send(port, '/write', { method: 'PUT', headers, body })).status).toBe(413);
  const chunked = request({ host: '127.0.0.1', port, path: '/write', method: 'PUT', headers, agent: false });
  chunked.write(body.slice(0, 900));
  chunked.end(body.slice(900));
  expect((await answerOf(chunked)).status).toBe(413);
  expect((await send(port, '/write', { method: 'PUT', headers, body: body.slice(0, 3) })).status).toBe(400);
  expect(
    (await send(port, '/write', { method: 'PUT', headers, body: JSON.stringify({ a: 'x'.repeat(980) }) })).status,
  ).toBe(200);
});

test('a body that says it is a gigabyte is 413 at once', async () => {
  const { port } = await startOutside();
  const { socket, closed } = socketTo(port);
  socket.write(
    'PUT /write HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n{',
  );
  expect(await closed).toMatch(/^HTTP\/1\.1 413 /);
});

test.each([
  '['.repeat(70),
  `${'['.repeat(70)}${']'.repeat(70)}`,
  '{"__proto__":{"x":1}}',
  String.raw`{"a":[{"_\u005fproto_\u005F" : 1}]}`,
  '{"constructor":{"prototype":{}}}',
  String.raw`{"\u0063onstructor":{"prototype":{}}}`,
  '{"a":1',
])('JSON that nests too deeply, reaches a prototype, or is none is 400: %s', async (body) => {
  const { port } = await startOutside();
  expect((await send(port, '/write', { method: 'PUT', headers, body })).status).toBe(400);
});

test.each([
  '{"a":"__proto__"}',
  '{"constructor":"a firm"}',
  String.raw`{"a":"\u005f_proto__"}`,
  '\u{FEFF}{"a":1}',
  'null',
])('JSON that only looks like that is read: %s', async (body) => {
  const { port } = await startOutside();
  expect((await send(port, '/write', { method: 'PUT', headers, body })).status).toBe(200);
});

test('while as many requests are under way as may be, others are 429 with Retry-After, but for health', async () => {
  let goOn: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const { port, outside } = await startOutside({ maxRequests: 2 }, (app) => {
    app.get('/wait', async () => {
      await waiting;
      return {};
    });
  });
  const under = [send(port, '/wait'), send(port, '/wait')];
  while (outside.load.requests < 2) await sleep(5);
  const refused = await send(port, '/read');
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
  expect(JSON.parse(refused.text).status.error).toMatch(/^2 requests are under way/);
  expect((await send(port, '/')).status).toBe(200);
  goOn();
  expect((await Promise.all(under)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await send(port, '/read')).status).toBe(200);
  expect(outside.load).toEqual({ requests: 0, bodyBytes: 0, refused: 1 });
});

test('while as many calls wait for the engine as may, requests are 429', async () => {
  const { port, pending } = await startOutside({ maxPendingCalls: 3 });
  pending.calls = 3;
  const refused = await send(port, '/write', { method: 'PUT', headers, body: '{}' });
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
  pending.calls = 2;
  expect((await send(port, '/write', { method: 'PUT', headers, body: '{}' })).status).toBe(200);
});

test('bodies under way are bounded together: four of the longest, then 429', async () => {
  const { port, outside } = await startOutside({ maxBodyBytes: 1000 });
  const begin = () => {
    const sent = request({
      host: '127.0.0.1',
      port,
      path: '/write',
      method: 'PUT',
      agent: false,
      headers: { ...headers, 'content-length': '900' },
    });
    sent.write('{');
    sent.on('error', () => undefined);
    onTestFinished(() => void sent.destroy());
    return sent;
  };
  const under = Array.from({ length: 4 }, begin);
  while (outside.load.bodyBytes < 3600) await sleep(5);
  const refused = await answerOf(begin());
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
  for (const one of under) one.end(`"a":"${'x'.repeat(900 - 8)}" }`.slice(0, 899));
  await Promise.all(under.map(answerOf));
  expect(outside.load.bodyBytes).toBe(0);
});

test('a request that is given up gives back what it had taken', async () => {
  const { port, outside, lines } = await startOutside();
  const sent = request({
    host: '127.0.0.1',
    port,
    path: '/write',
    method: 'PUT',
    agent: false,
    headers: { ...headers, 'content-length': '900' },
  });
  sent.on('error', () => undefined);
  sent.write('{');
  while (outside.load.bodyBytes < 900) await sleep(5);
  sent.destroy();
  while (outside.load.requests > 0) await sleep(5);
  expect(outside.load).toEqual({ requests: 0, bodyBytes: 0, refused: 0 });
  while (logged(lines, { msg: 'request given up by the client' }).length === 0) await sleep(5);
});

test('a body that comes bit by bit is 408 when its time is over, and the connection is closed', async () => {
  const { port, outside, lines } = await startOutside({ transferTimeoutMs: 300 });
  const { socket, closed } = socketTo(port);
  socket.write(
    'PUT /write HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{',
  );
  const timer = setInterval(() => socket.write(' '), 20);
  onTestFinished(() => clearInterval(timer));
  expect(await closed).toMatch(/^HTTP\/1\.1 408 [\s\S]*the body did not arrive within 0\.3 s/);
  while (outside.load.requests > 0) await sleep(5);
  expect(logged(lines, { msg: 'slow client: the connection is closed' })).toHaveLength(1);
});

test('a streamed body may take as long as it likes while it goes on, and no longer', async () => {
  const { port } = await startOutside({ transferTimeoutMs: 300 }, (app) => {
    app.register(async (scope) => {
      scope.addContentTypeParser('application/octet-stream', (_, payload, done) => done(null, payload));
      scope.put('/stream', { config: { streamed: true } }, async ({ body }) => {
        let bytes = 0;
        for await (const chunk of body as AsyncIterable<Buffer>) bytes += chunk.length;
        return { bytes };
      });
    });
  });
  const begin = () =>
    request({
      host: '127.0.0.1',
      port,
      path: '/stream',
      method: 'PUT',
      agent: false,
      headers: { 'content-type': 'application/octet-stream' },
    });
  const steady = begin();
  const answer = answerOf(steady);
  for (let i = 0; i < 12; i++) {
    steady.write('x'.repeat(10));
    await sleep(60);
  }
  steady.end();
  expect(JSON.parse((await answer).text)).toEqual({ bytes: 120 });
  const stalled = begin();
  stalled.write('x');
  stalled.on('error', () => undefined);
  expect((await answerOf(stalled)).status).toBe(408);
});

test('a client that does not take its answer is let go', async () => {
  const { port, outside } = await startOutside({ transferTimeoutMs: 300 }, (app) => {
    app.get('/long', () => 'x'.repeat(50_000_000));
  });
  const { socket } = socketTo(port);
  socket.pause();
  socket.write('GET /long HTTP/1.1\r\nhost: localhost\r\n\r\n');
  while (outside.load.requests === 0) await sleep(5);
  while (outside.load.requests > 0) await sleep(5);
  expect((await send(port, '/read')).status).toBe(200);
});

test('slowloris: a head that does not end is 408, whatever trickles in', async () => {
  const { port, outside } = await startOutside({ headersTimeoutMs: 400 });
  const many = Array.from({ length: 50 }, () => {
    const one = socketTo(port);
    one.socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n');
    const timer = setInterval(() => one.socket.writable && one.socket.write('x-a: b\r\n'), 50);
    onTestFinished(() => clearInterval(timer));
    return one.closed;
  });
  // Others are served meanwhile.
  expect((await send(port, '/read')).status).toBe(200);
  for (const text of await Promise.all(many)) expect(text).toMatch(/^HTTP\/1\.1 408 /);
  while (outside.connections.open > 0) await sleep(5);
});

test('connections beyond the limit are closed, and told in few lines', async () => {
  const { port, outside, lines } = await startOutside({ maxConnections: 5 });
  const kept = Array.from({ length: 5 }, () => socketTo(port));
  await Promise.all(kept.map(({ socket }) => once(socket, 'connect')));
  while (outside.connections.open < 5) await sleep(5);
  await Promise.all(Array.from({ length: 200 }, () => socketTo(port).closed));
  expect(outside.connections).toMatchObject({ open: 5, refused: 200 });
  expect(logged(lines, { msg: 'connection refused' })).toHaveLength(1);
  kept[0]!.socket.destroy();
  while (outside.connections.open === 5) await sleep(5);
  expect((await send(port, '/read')).status).toBe(200);
});

test('what is no HTTP is answered with 400 in the shape of errors, and closed', async () => {
  const { port, lines } = await startOutside();
  for (const bytes of [
    '\x16\x03\x01\x02\x00',
    'GET\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
  ]) {
    const { socket, closed } = socketTo(port);
    socket.write(bytes, 'latin1');
    const text = await closed;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).status.error).toBe('this is no HTTP request');
  }
  const { socket, closed } = socketTo(port);
  socket.write(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`);
  expect(await closed).toMatch(/^HTTP\/1\.1 431 /);
  expect(logged(lines, { msg: 'connection refused' }).length).toBeGreaterThan(0);
});
