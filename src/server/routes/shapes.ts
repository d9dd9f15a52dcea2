/**
 * JSON schemas that several routes use. Fields that Qdrant's clients may send as null are as if they were not there.
 */
export const NAME_PARAMS = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 1, maxLength: 255 } },
  required: ['name'],
} as const;

export const POINT_ID = { type: ['integer', 'string'], minimum: 0 } as const;

export const POINT_IDS = { type: 'array', items: POINT_ID } as const;

export const VECTOR = { type: 'array', items: { type: 'number' }, minItems: 1 } as const;

export const PAYLOAD = { type: ['object', 'null'] } as const;

/** Schema of a filter. parseFilter checks the filter and says what is wrong where. */
export const FILTER = { type: ['object', 'null'] } as const;

/** Upper bound of a count: more than any collection has. */
export const COUNT = { type: ['integer', 'null'], minimum: 0, maximum: 2 ** 40 } as const;

/** Number of results that a request asks for, at least 1. */
export const LIMIT = { ...COUNT, minimum: 1 } as const;

const KEYS = { type: 'array', items: { type: 'string' } } as const;

export const WITH_PAYLOAD = {
  type: ['boolean', 'array', 'object', 'null'],
  items: { type: 'string' },
  properties: { include: KEYS, exclude: KEYS },
  additionalProperties: false,
} as const;

export const WITH_VECTOR = { type: ['boolean', 'null'] } as const;

/** Query parameters of a write. `ordering` makes no difference on one server. */
export const WRITE_QUERY = {
  type: 'object',
  properties: {
    wait: { enum: ['true', 'false'] },
    ordering: { enum: ['weak', 'medium', 'strong'] },
    timeout: { type: 'string' },
  },
} as const;

export interface NameRoute {
  readonly Params: { readonly name: string };
}

export interface WriteRoute extends NameRoute {
  readonly Querystring: { readonly wait?: 'true' | 'false' };
}

/** Fields that are not given, or null. */
export type Maybe<T> = { readonly [K in keyof T]?: T[K] | null };

/** Access of a POST that changes nothing: read-only keys may send it. */
export const READS = { access: 'read' } as const;
