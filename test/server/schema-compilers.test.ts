/**
 * Schemas of routes are compiled when the routes are asked for, and hold then: those of the server, and those of routes that a program adds to it.
 */
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { startServer } from './server-support.js';

const isLoaded = (name: string) =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes(`/node_modules/${name}/`));

test('a server that is ready has loaded no compiler yet', async () => {
  const { app } = await startServer();
  expect((await app.inject('/readyz')).statusCode).toBe(200);
  expect([isLoaded('fastify'), isLoaded('ajv'), isLoaded('json-schema-ref-resolver')]).toEqual([true, false, false]);
  const wrong = { vectors: { size: 'four', distance: 'Cosine' } };
  for (let again = 0; again < 2; again++) {
    const { statusCode, body } = await app.inject({ method: 'PUT', url: '/collections/c', payload: wrong });
    expect([statusCode, body]).toEqual([400, expect.stringContaining('body/vectors/size must be integer')]);
  }
  const right = { vectors: { size: 4, distance: 'Cosine' } };
  expect((await app.inject({ method: 'PUT', url: '/collections/c', payload: right })).statusCode).toBe(200);
  expect(isLoaded('ajv')).toBe(true);
});

test('routes that a program adds are checked and written by their own schemas', async () => {
  const { app } = await startServer();
  app.addSchema({ $id: 'count', type: 'integer', minimum: 1 });
  const schema = {
    body: { type: 'object', required: ['n'], properties: { n: { $ref: 'count#' } } },
    response: { 200: { type: 'object', properties: { twice: { type: 'integer' } } } },
  };
  app.post<{ Body: { readonly n: number } }>('/twice', { schema }, async ({ body: { n } }) => ({
    twice: 2 * n,
    hidden: true,
  }));
  const ask = (payload: object) => app.inject({ method: 'POST', url: '/twice', payload });
  for (let again = 0; again < 2; again++) {
    expect((await ask({ n: 21 })).json()).toEqual({ twice: 42 });
    expect((await ask({ n: 0 })).json()).toMatchObject({
      status: { error: expect.stringContaining('body/n must be >= 1') },
    });
    expect((await ask({})).statusCode).toBe(400);
  }
});

test('a schema that is none fails the requests of its route, and says so in the log', async () => {
  const { app, lines } = await startServer();
  app.post('/wrong', { schema: { body: { type: 'sometimes' } } }, async () => 'never');
  expect((await app.inject({ method: 'POST', url: '/wrong', payload: {} })).statusCode).toBe(500);
  expect(lines.join('')).toContain('schema is invalid');
  expect((await app.inject('/readyz')).statusCode).toBe(200);
});
