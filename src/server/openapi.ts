/**
 * `/openapi.json`: what the routes say of themselves, collected as they are registered. A route that is there is described; what is
 * described is there.
 */
import { version } from 'page:dashboard';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { ROUTE_SUMMARIES } from './route-summaries.js';

/** A JSON schema, as Fastify checks requests by it. */
type JsonSchema = Readonly<Record<string, unknown>>;

interface RouteSchema {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly params?: JsonSchema;
  readonly querystring?: JsonSchema;
  readonly body?: JsonSchema;
}

declare module 'fastify' {
  interface FastifySchema {
    /** Short description of the route. */
    summary?: string;
    tags?: readonly string[];
  }
}

/** OpenAPI 3.1, whose schemas are JSON schemas as they are. */
export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: JsonSchema;
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly components: JsonSchema;
}

const DESCRIBED = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Must be called before the routes are registered. What it returns describes those that were registered since. */
export function collectOpenApi(app: FastifyInstance): () => OpenApi {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  return () => {
    const paths: Record<string, Record<string, JsonSchema>> = {};
    for (const route of routes) {
      const methods = [route.method].flat().filter((method) => DESCRIBED.has(method));
      const path = route.url.replace(/:(\w+)(\([^)]*\))?/g, '{$1}');
      // Static files are the page's, not the interface's.
      if (path.includes('*') || route.config?.isPage) continue;
      for (const method of methods) {
        paths[path] ??= {};
        paths[path][method.toLowerCase()] = operationOf(route, path, method);
      }
    }
    return {
      openapi: '3.1.0',
      info: {
        title: 'simdex',
        version,
        description:
          'Stores and searches vectors. The interface is the part of the REST interface of Qdrant that is served.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      paths,
      components: COMPONENTS,
    };
  };
}

function operationOf({ schema, config }: RouteOptions, path: string, method: string): JsonSchema {
  const { summary, tags, params, querystring, body } = (schema ?? {}) as RouteSchema;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const parameters = [
    ...names.map((name) => {
      const known = propertiesOf(params)[name] ?? { type: 'string' };
      return { name, in: 'path', required: true, schema: known };
    }),
    ...Object.entries(propertiesOf(querystring)).map(([name, known]) => {
      const isRequired = Array.isArray(querystring?.['required']) && querystring['required'].includes(name);
      return { name, in: 'query', required: isRequired, schema: known };
    }),
  ];
  const isStreamed = config?.streamed === true;
  return {
    operationId: [method.toLowerCase(), ...path.split('/').map((part) => part.replace(/\W/g, ''))]
      .filter(Boolean)
      .join('_'),
    summary: summary ?? ROUTE_SUMMARIES[`${method} ${path}`],
    tags: tags ?? [tagOf(path)],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    ...(isStreamed && {
      requestBody: {
        required: true,
        content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
      },
    }),
    responses: {
      200: { description: 'Done' },
      '4XX': { $ref: '#/components/responses/Refused' },
      '5XX': { $ref: '#/components/responses/Refused' },
    },
    security: config?.access === 'public' ? [] : [{ apiKey: [] }, { bearer: [] }],
  };
}

/** The tag of a route, by its path: collections, points or snapshots. */
function tagOf(path: string): string {
  return ['snapshots', 'points'].find((word) => path.split('/').includes(word)) ?? 'collections';
}

function propertiesOf(schema: JsonSchema | undefined): Readonly<Record<string, JsonSchema>> {
  return (schema?.['properties'] ?? {}) as Record<string, JsonSchema>;
}

const COMPONENTS: JsonSchema = {
  securitySchemes: {
    apiKey: { type: 'apiKey', in: 'header', name: 'api-key' },
    bearer: { type: 'http', scheme: 'bearer' },
  },
  responses: {
    Refused: {
      description: 'Refused or failed; status.error says why, in a sentence',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['status', 'time'],
            properties: {
              status: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } },
              time: { type: 'number', description: 'Seconds' },
              result: {},
            },
          },
        },
      },
    },
  },
};
