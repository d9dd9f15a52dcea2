/**
 * Finds the datasets of an HDF5 file in all its groups: those that are rows of numbers, and those whose data lie in other
 * files. It looks at a bounded number of objects, since groups may contain each other.
 */
import type { File, Group } from 'h5wasm';
import type { NumberLayout, NumberType } from './fixed-rows.js';
import type { ChunkedMatrix } from './hdf5-filters.js';

export interface MatrixDataset {
  /** With its groups: `model/embeddings`. */
  readonly name: string;
  /** As HDF5 has it: `/model/embeddings`. */
  readonly path: string;
  readonly count: number;
  readonly dims: number;
  readonly itemBytes: number;
  readonly layout: NumberLayout;
  /** Undefined where its rows lie one behind the other. */
  readonly chunks: ChunkedMatrix | undefined;
}

export interface FoundDatasets {
  readonly matrices: readonly MatrixDataset[];
  /** Datasets that lie in another file, and what was found in their place. */
  readonly elsewhere: readonly { readonly name: string; readonly found: string }[];
  /** Names of datasets that are no rows of numbers. */
  readonly others: readonly string[];
}

const MAX_OBJECTS = 4096;
const MAX_DEPTH = 16;
const INTEGER_CLASS = 0;
const FLOAT_CLASS = 1;

export function findDatasets(root: File): FoundDatasets {
  const matrices: MatrixDataset[] = [];
  const elsewhere: { name: string; found: string }[] = [];
  const others: string[] = [];
  let objects = 0;
  const visit = (group: Group, prefix: string, depth: number) => {
    for (const key of group.keys()) {
      if (++objects > MAX_OBJECTS) throw new Error(`it has more than ${MAX_OBJECTS} objects`);
      const name = `${prefix}${key}`;
      const entity = group.get(key);
      if (entity === null) continue;
      if ('filename' in entity && 'obj_path' in entity) {
        const target = `${entity.filename}:${entity.obj_path}`.slice(0, 100);
        elsewhere.push({ name, found: `an external link to ${JSON.stringify(target)}` });
      } else if ('slice' in entity) {
        const { metadata } = entity;
        const { shape, type, size, virtual_sources: sources, chunks } = metadata;
        const numbers = numberType(type, size, metadata.signed);
        if (sources) {
          const file = String(sources[0]?.file_name ?? '').slice(0, 100);
          elsewhere.push({ name, found: `a virtual dataset, of ${JSON.stringify(file)}` });
        } else if (numbers && shape?.length === 2 && !metadata.vlen) {
          const sizes = { count: Number(shape[0]), dims: Number(shape[1]), itemBytes: size };
          matrices.push({
            ...sizes,
            name,
            path: entity.path,
            layout: { type: numbers, isBigEndian: !metadata.littleEndian },
            chunks: chunks
              ? { ...sizes, chunk: [Number(chunks[0]), Number(chunks[1])], filters: entity.filters }
              : undefined,
          });
        } else others.push(name);
      } else if ('keys' in entity && depth < MAX_DEPTH) visit(entity as Group, `${name}/`, depth + 1);
    }
  };
  visit(root, '', 0);
  return { matrices, elsewhere, others };
}

function numberType(kind: number, bytes: number, isSigned: boolean): NumberType | undefined {
  if (kind === FLOAT_CLASS && [2, 4, 8].includes(bytes)) return `float${8 * bytes}` as NumberType;
  if (kind === INTEGER_CLASS && [1, 2, 4, 8].includes(bytes))
    return `${isSigned ? 'int' : 'uint'}${8 * bytes}` as NumberType;
  return undefined;
}
