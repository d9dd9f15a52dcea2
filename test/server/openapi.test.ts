/**
 * `/openapi.json` against the rules of OpenAPI 3.1, and against what the server answers.
 */
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { ROUTE_SUMMARIES } from '../../src/server/route-summaries.js';
import { startServer } from './server-support.js';

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: object }[];
  readonly requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  readonly responses: Record<string, object>;
  readonly security: readonly Record<string, readonly string[]>[];
}

interface Description {
  readonly openapi: string;
  readonly info: { title: string; version: string; license: { name: string; identifier: string } };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { securitySchemes: Record<string, object>; responses: Record<string, object> };
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

test('it follows OpenAPI 3.1, and says what is served', async () => {
  const { app } = await startServer();
  const description = (await app.inject('/openapi.json')).json<Description>();
  expect(description.openapi).toMatch(/^3\.1\.\d$/);
  expect(description.info).toMatchObject({ title: 'simdex', license: { name: 'MIT', identifier: 'MIT' } });
  expect(Object.keys(description).sort()).toEqual(['components', 'info', 'openapi', 'paths']);
  const operations = Object.entries(description.paths).flatMap(([path, item]) => {
    expect(path).toMatch(/^\/(?!.*[:*?])/);
    return Object.entries(item).map(([method, operation]) => ({ path, method, operation }));
  });
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const checker = fastify({ ajv: { customOptions: { allowUnionTypes: true } } });
  const compile = (schema: object) => checker.post(`/${++schemas}`, { schema: { body: schema } }, () => undefined);
  let schemas = 0;
  for (const { path, method, operation } of operations) {
    const where = `${method} ${path}`;
    expect(METHODS, where).toContain(method);
    expect(operation.operationId, where).toMatch(/^\w+$/);
    expect(operation.summary, where).toMatch(/^\S.+/);
    expect(operation.tags, where).toHaveLength(1);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const parameters = operation.parameters ?? [];
    expect(
      parameters.filter((one) => one.in === 'path').map(({ name }) => name),
      where,
    ).toEqual(inPath);
    expect(new Set(parameters.map((one) => `${one.in} ${one.name}`)).size, where).toBe(parameters.length);
    for (const parameter of parameters) {
      expect(['path', 'query'], where).toContain(parameter.in);
      if (parameter.in === 'path') expect(parameter.required, where).toBe(true);
      compile(parameter.schema);
    }
    for (const { schema } of Object.values(operation.requestBody?.content ?? {})) compile(schema);
    if (operation.requestBody) expect(['put', 'post', 'patch', 'delete'], where).toContain(method);
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status, where).toMatch(/^([1-5]\d\d|[1-5]XX|default)$/);
      const [, name] = /^#\/components\/responses\/(\w+)$/.exec((response as { $ref?: string }).$ref ?? '') ?? [];
      if (name !== undefined) expect(description.components.responses, where).toHaveProperty(name);
      else expect(response, where).toHaveProperty('description');
    }
    for (const scheme of operation.security.flatMap(Object.keys))
      expect(description.components.securitySchemes).toHaveProperty(scheme);
  }
  const summarised = Object.keys(ROUTE_SUMMARIES);
  const described = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
  expect(summarised.filter((route) => !described.includes(route))).toEqual([]);
  await checker.ready();
  for (const served of [
    '/collections',
    '/collections/{name}',
    '/collections/{name}/points',
    '/healthz',
    '/metrics',
    '/openapi.json',
  ])
    expect(description.paths).toHaveProperty([served]);
  expect(Object.keys(description.paths).filter((path) => path.startsWith('/dashboard'))).toEqual([]);
});

test('what it says to be open is open, and nothing else', async () => {
  const { app } = await startServer({ apiKey: 'the-key' });
  const { paths } = (await app.inject({ url: '/openapi.json', headers: { 'api-key': 'the-key' } })).json<Description>();
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, { security }] of Object.entries(item)) {
      const url = path.replace(/\{\w+\}/g, 'x');
      const { statusCode } = await app.inject({ method: method.toUpperCase() as 'GET', url });
      expect([method, path, statusCode === 401]).toEqual([method, path, security.length > 0]);
    }
  }
});
