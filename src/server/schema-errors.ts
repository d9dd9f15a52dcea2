/**
 * What is wrong with a body, in a sentence for whoever sent it.
 */
import { RequestError } from './errors.js';

/** As ajv tells it. */
interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/** For Fastify's `schemaErrorFormatter`. */
export function schemaError(errors: readonly SchemaError[], where: string): RequestError {
  // Of alternatives, the last error says that none fits; those before it say why.
  const error = errors.find(({ keyword }) => keyword === 'additionalProperties') ?? errors[0]!;
  const place = `${where}${error.instancePath}`;
  return new RequestError(400, `Wrong input: ${sentenceOf(error, place)}`);
}

function sentenceOf({ keyword, message, params }: SchemaError, place: string): string {
  switch (keyword) {
    case 'additionalProperties':
      return `${place} has ${JSON.stringify(params['additionalProperty'])}, which is not served here`;
    case 'enum':
      return `${place} must be one of ${JSON.stringify(params['allowedValues'])}`;
    default:
      return `${place} ${message ?? 'is not as expected'}`;
  }
}
