/**
 * Describes what is wrong with a request body, in a sentence for its sender.
 */
import { RequestError } from './errors.js';

/** A validation error of ajv. */
interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/** For Fastify's `schemaErrorFormatter`. */
export function schemaError(errors: readonly SchemaError[], where: string): RequestError {
  // For alternatives, the last error says that none fits; the errors before it say why.
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
