/**
 * The list of formats. To add one, write a file that exports a `Format`, and add its name, which is its extension, to the
 * table.
 */
import { invalidConfiguration } from '../base/errors.js';
import { arrow } from './arrow.js';
import { bvecs } from './bvecs.js';
import { csv } from './comma-separated.js';
import { fbin } from './fbin.js';
import type { Format, RowShape } from './format.js';
import { fvecs } from './fvecs.js';
import { h5 } from './hdf5.js';
import { jsonl } from './json-lines.js';
import { npy } from './npy.js';
import { npz } from './npz.js';
import { parquet } from './parquet.js';
import { safetensors } from './safetensors.js';

/** Name of a file format of vectors: the extension of its files. */
export type VectorFormat =
  | 'npy'
  | 'npz'
  | 'fvecs'
  | 'bvecs'
  | 'fbin'
  | 'safetensors'
  | 'jsonl'
  | 'csv'
  | 'parquet'
  | 'arrow'
  | 'h5';

const formats: Record<VectorFormat, Format> = {
  npy,
  npz,
  fvecs,
  bvecs,
  fbin,
  safetensors,
  jsonl,
  csv,
  parquet,
  arrow,
  h5,
};

/** Names of all formats. */
export const vectorFormats: readonly string[] = Object.keys(formats);

/** Names of the formats that can be written with rows of `shape`. */
export function formatsFor(shape: RowShape): string[] {
  return Object.entries<Format>(formats)
    .filter(([name, { writer }]) => {
      try {
        return writer?.createEncoder(shape, `x.${name}`) !== undefined;
      } catch {
        return false;
      }
    })
    .map(([name]) => name);
}

/** The format called `name` or, without a name, the one of the file's extension (in any case). */
export function formatOf(file: string, name?: VectorFormat): { readonly name: VectorFormat; readonly format: Format } {
  const key = name ?? formatOfExtension(file) ?? '';
  if (isVectorFormat(key)) return { name: key, format: formats[key] };
  const names = Object.keys(formats);
  if (name !== undefined) throw invalidConfiguration('format', `one of ${names.join(', ')}`, name);
  throw invalidConfiguration('file', `a name that ends in .${names.join(', .')}, or the option format given`, file);
}

/** Other extensions that files of a format have. */
const ALIASES: Readonly<Record<string, VectorFormat>> = { hdf5: 'h5' };

/** What the end of a file's name says, in any case of letters. */
export function formatOfExtension(file: string): VectorFormat | undefined {
  const extension = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
  if (isVectorFormat(extension)) return extension;
  return Object.hasOwn(ALIASES, extension) ? ALIASES[extension] : undefined;
}

function isVectorFormat(name: string): name is VectorFormat {
  return Object.hasOwn(formats, name);
}
