/**
 * The formats there are. To add one: a file that exports a `Format`, and a line in the table; its name is its extension.
 */
import { invalidConfiguration } from '../errors.js';
import type { Format } from './format.js';
import { fvecs } from './fvecs.js';
import { npy } from './npy.js';

const formats = {
  npy,
  fvecs,
} satisfies Record<string, Format>;

export type VectorFormat = keyof typeof formats;

/** Names of all formats. */
export const vectorFormats: readonly string[] = Object.keys(formats);

/** The format called `name` or, without a name, the one of the file's extension (in any case). */
export function formatOf(file: string, name?: VectorFormat): { readonly name: VectorFormat; readonly format: Format } {
  const key = name ?? /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
  if (isVectorFormat(key)) return { name: key, format: formats[key] };
  const names = Object.keys(formats);
  if (name !== undefined) throw invalidConfiguration('format', `one of ${names.join(', ')}`, name);
  throw invalidConfiguration('file', `a name that ends in .${names.join(' or .')}, or the option format given`, file);
}

function isVectorFormat(name: string): name is VectorFormat {
  return Object.hasOwn(formats, name);
}
