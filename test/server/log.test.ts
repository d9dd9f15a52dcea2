/**
 * What is logged of requests: JSON, a line each, whatever clients write into it.
 */
import { expect, test } from 'vitest';
import { logged, send, startOutside } from './outside-support.js';

test('a line for each request: method, route, status, time, and the id that the answer has', async () => {
  const { port, lines } = await startOutside({}, (app) => {
    app.get('/collections/:name', () => ({}));
    app.get('/broken', () => {
      throw new Error('inside');
    });
  });
  const ids = [];
  for (const path of ['/collections/a%20b?key=1', '/none', '/broken'])
    ids.push((await send(port, path)).headers['x-request-id']);
  const requests = logged(lines, { msg: 'request' });
  expect(requests).toMatchObject([
    {
      level: 'info',
      reqId: ids[0],
      method: 'GET',
      route: '/collections/:name',
      path: '/collections/a%20b',
      status: 200,
    },
    { level: 'warn', reqId: ids[1], method: 'GET', path: '/none', status: 404 },
    { level: 'error', reqId: ids[2], method: 'GET', route: '/broken', status: 500 },
  ]);
  expect(new Set(ids).size).toBe(3);
  for (const { ms, time } of requests) {
    expect(ms).toBeGreaterThan(0);
    expect(new Date(time as string).toISOString()).toBe(time);
  }
});

test('nothing that a client sends begins a line or a field', async () => {
  const { port, lines } = await startOutside({ logLevel: 'debug' });
  const bad = '%0a{"level":"fatal","msg":"forged"}%0d%0a","msg":"forged","x":"';
  await send(port, `/${bad}`);
  await send(port, `/read?${bad}`, {
    headers: { 'user-agent': '","msg":"forged', 'x-request-id': 'mine', 'x-forwarded-for': 'forged' },
  });
  await send(port, `/${'x'.repeat(5000)}`);
  for (const line of lines) {
    expect(line.endsWith('\n') && !line.slice(0, -1).includes('\n')).toBe(true);
    expect(line.length).toBeLessThan(1000);
    expect(JSON.parse(line)).not.toMatchObject({ msg: 'forged' });
  }
  expect(lines.join('')).not.toMatch(/mine|"remoteAddress":"forged/);
});

test('the level says what is left out', async () => {
  const { port, lines } = await startOutside({ logLevel: 'warn' });
  await send(port, '/read');
  await send(port, '/none');
  expect(logged(lines, { msg: 'request' }).map(({ status }) => status)).toEqual([404]);
  const silent = await startOutside({ logLevel: 'silent' });
  await send(silent.port, '/none');
  expect(silent.lines).toEqual([]);
});
