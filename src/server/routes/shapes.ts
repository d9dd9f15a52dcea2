/**
 * JSON schemas that several routes use.
 */
export const NAME_PARAMS = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 1, maxLength: 255 } },
  required: ['name'],
} as const;

export const POINT_ID = { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'string' }] } as const;

export const VECTOR = { type: 'array', items: { type: 'number' }, minItems: 1 } as const;

export const PAYLOAD = { type: ['object', 'null'] } as const;

export const WITH_PAYLOAD = {
  anyOf: [
    { type: 'boolean' },
    { type: 'array', items: { type: 'string' } },
    {
      type: 'object',
      properties: {
        include: { type: 'array', items: { type: 'string' } },
        exclude: { type: 'array', items: { type: 'string' } },
      },
      additionalProperties: false,
    },
  ],
} as const;

export const WRITE_QUERY = {
  type: 'object',
  properties: { wait: { enum: ['true', 'false'] }, ordering: { enum: ['weak', 'medium', 'strong'] } },
} as const;
