/**
 * What a saved index is: a .safetensors file whose metadata say `format: simdex/1`, with the tensors `vectors` F32
 * [count, dims], `magnitudes` F32 [count], and `ids` I64 [count] or `ids_bytes` U8 (UTF-8, one after the other) with
 * `ids_offsets` I64 [count + 1]; then int8 codes of the rows, and a graph where there is one (saved-graph.ts). Data follow each other in this
 * order and begin at a multiple of 64 bytes. A row of zeros whose magnitude is NaN was rejected when it was indexed, and is no vector of the index.
 *
 *   codes        I8 [count, dims]  a row is code_scales × codes, up to an error
 *   code_scales  F32 [count]
 *   code_errors  F32 [count]       a bound of that error, as the length of a vector. For cosine: of the row at length 1
 *   code_check   U32 [1]           a checksum of magnitudes, codes, code_scales and code_errors
 *
 * Rows may be less exact: `vectors` F16, or I8 with `scales` F32 [count], and then a row is scales × vectors and has no other codes. The metadata say
 * `format: simdex/2` there, since version 0.1 expects F32.
 *
 * This file knows the header and the bytes of ids; it neither opens files nor looks at vectors.
 */
import { IndexingError } from '../base/errors.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import type { ByteSource } from './format.js';
import { malformed } from './malformed.js';
import { createSafetensorsHeader, readSafetensorsHeader, type Tensor, type TensorShape } from './safetensors-header.js';
import { graphTensors, placesOfGraph, type SavedGraphPlaces, type SavedGraphShape } from './saved-graph.js';

const savedPrecisions = ['float32', 'float16', 'int8'] as const;
const savedMetrics = ['cosine', 'dot', 'euclidean'] as const;
type SavedMetric = (typeof savedMetrics)[number];

/** What the rows are saved as. */
type SavedPrecision = 'float32' | 'float16' | 'int8';
const DTYPES = { float32: 'F32', float16: 'F16', int8: 'I8' } as const;

/** How the ids of an index lie in its file. */
export type SavedIds =
  | { readonly kind: 'numbers' }
  /** `byteLength` is that of all ids as UTF-8. */
  | { readonly kind: 'strings'; readonly byteLength: number };

export interface SavedIndexShape {
  readonly count: number;
  readonly dims: number;
  readonly metric: SavedMetric;
  /** Sorted rows can be written, but are no longer vectors that could be searched. */
  readonly order: ComponentOrder;
  readonly ids: SavedIds;
  /** Default `'float32'`. */
  readonly precision?: SavedPrecision | undefined;
  /** Whether there are codes; never of int8 rows. Default: not. */
  readonly codes?: boolean | undefined;
  readonly graph?: SavedGraphShape | undefined;
}

/** Where in the file everything is. Offsets are bytes from its beginning. */
export interface SavedIndexPlaces {
  readonly count: number;
  readonly dims: number;
  readonly metric: SavedMetric;
  readonly order: ComponentOrder;
  readonly precision: SavedPrecision;
  readonly vectors: Tensor;
  readonly magnitudes: Tensor;
  /** Scales of int8 rows; undefined for other rows. */
  readonly scales: Tensor | undefined;
  /** Undefined where none were saved. */
  readonly codes: SavedCodes | undefined;
  readonly ids:
    | { readonly kind: 'numbers'; readonly values: Tensor }
    | { readonly kind: 'strings'; readonly bytes: Tensor; readonly offsets: Tensor };
  /** Undefined where none was saved. */
  readonly graph: SavedGraphPlaces | undefined;
}

/** Where the codes are. */
export interface SavedCodes {
  readonly codes: Tensor;
  readonly scales: Tensor;
  readonly errors: Tensor;
  readonly check: Tensor;
}

const FORMAT_FAMILY = 'simdex/';
const FORMAT = `${FORMAT_FAMILY}1`;
/** Format of files that version 0.1 would misread. */
const FORMAT_OF_COMPACT = `${FORMAT_FAMILY}2`;
/** More than any header made here needs (980 bytes with sixteen-digit numbers) but for those of graphs, so that all have the same length. */
export const SAVED_HEADER_BYTES = 1024;

/** The header's `SAVED_HEADER_BYTES` bytes. */
export function createSavedIndexHeader({
  count,
  dims,
  metric,
  order,
  ids,
  precision = 'float32',
  codes = false,
  graph,
}: SavedIndexShape): Uint8Array {
  const column = { dtype: 'F32', shape: [count] } as const;
  const tensors: Record<string, TensorShape> = {
    vectors: { dtype: DTYPES[precision], shape: [count, dims] },
    magnitudes: column,
    ...idTensors(count, ids),
    ...(precision === 'int8' && { scales: column }),
    ...(codes && {
      codes: { dtype: 'I8', shape: [count, dims] },
      code_scales: column,
      code_errors: column,
      code_check: { dtype: 'U32', shape: [1] },
    }),
    ...(graph && graphTensors(graph)),
  };
  const format = precision === 'float32' ? FORMAT : FORMAT_OF_COMPACT;
  return createSafetensorsHeader(
    tensors,
    { format, metric, order, ...(graph && { graph: `${graph.degree},${graph.effort}` }) },
    SAVED_HEADER_BYTES,
  );
}

/** The tensors that hold the ids of `count` rows, in the order of their data. */
export function idTensors(count: number, ids: SavedIds): Record<string, TensorShape> {
  if (ids.kind === 'numbers') return { ids: { dtype: 'I64', shape: [count] } };
  return {
    ids_bytes: { dtype: 'U8', shape: [ids.byteLength] },
    ids_offsets: { dtype: 'I64', shape: [count + 1] },
  };
}

/** Whether a .safetensors file says that it is a saved index, of this version of simdex or another. */
export async function isSavedIndex(source: ByteSource): Promise<boolean> {
  const { metadata } = await readSafetensorsHeader(source);
  return saysIndex(metadata);
}

function saysIndex(metadata: ReadonlyMap<string, string>): boolean {
  return metadata.get('format')?.startsWith(FORMAT_FAMILY) ?? false;
}

/**
 * Reads and checks the header of a saved index. Rejects with `MalformedFile`, saying whether the file is truncated,
 * foreign (no .safetensors, or none that simdex saved) or newer than this version.
 */
export async function readSavedIndex(source: ByteSource): Promise<SavedIndexPlaces> {
  const { metadata, tensors } = await readSafetensorsHeader(source);
  const { name } = source;
  if (!saysIndex(metadata))
    throw malformed(name, '__metadata__', `format ${FORMAT} of a saved index`, 'a .safetensors file of another kind');
  const format = metadata.get('format')!;
  if (format !== FORMAT && format !== FORMAT_OF_COMPACT) {
    const found = `${JSON.stringify(format.slice(0, 40))}, saved by a newer version of simdex; update this one`;
    throw malformed(name, '__metadata__', `format ${FORMAT} or ${FORMAT_OF_COMPACT}`, found);
  }
  const metric = oneOf(name, 'metric', metadata.get('metric'), savedMetrics);
  const order = oneOf(name, 'order', metadata.get('order') ?? 'original', ['original', 'sorted'] as const);
  const vectors = tensors.get('vectors');
  const precision = savedPrecisions.find((each) => DTYPES[each] === vectors?.dtype);
  const known = format === FORMAT ? precision === 'float32' : precision !== undefined;
  if (!vectors || !precision || !known || vectors.shape.length !== 2) {
    const expected = format === FORMAT ? 'F32' : 'F32, F16 or I8';
    throw malformed(name, 'tensor "vectors"', `${expected} with two dimensions`, tensorText(vectors));
  }
  const [count, dims] = vectors.shape as [number, number];
  if (count > 0 && dims === 0) throw malformed(name, 'tensor "vectors"', 'rows of 1 component or more', 'rows of none');
  const column = (tensor: string, dtype: string, shape?: readonly number[]): Tensor => {
    const found = tensors.get(tensor);
    const fits = found?.dtype === dtype && found.shape.length === 1 && (!shape || found.shape[0] === shape[0]);
    if (found && fits) return found;
    throw malformed(name, `tensor "${tensor}"`, `${dtype} [${shape?.[0] ?? 'n'}]`, tensorText(found));
  };
  const ids: SavedIndexPlaces['ids'] = tensors.has('ids_bytes')
    ? { kind: 'strings', bytes: column('ids_bytes', 'U8'), offsets: column('ids_offsets', 'I64', [count + 1]) }
    : { kind: 'numbers', values: column('ids', 'I64', [count]) };
  const scales = precision === 'int8' ? column('scales', 'F32', [count]) : undefined;
  const codes = precision === 'int8' ? undefined : placesOfCodes(tensors, count, dims);
  const graph = placesOfGraph(metadata.get('graph'), tensors, dims, metric);
  const magnitudes = column('magnitudes', 'F32', [count]);
  return { count, dims, metric, order, precision, vectors, magnitudes, scales, codes, ids, graph };
}

/** Codes that are not as they should be are not used: the rows are there. */
function placesOfCodes(tensors: ReadonlyMap<string, Tensor>, count: number, dims: number): SavedCodes | undefined {
  const find = (name: string, dtype: string, shape: readonly number[]) => {
    const found = tensors.get(name);
    return found?.dtype === dtype && found.shape.join() === shape.join() ? found : undefined;
  };
  const codes = find('codes', 'I8', [count, dims]);
  const scales = find('code_scales', 'F32', [count]);
  const errors = find('code_errors', 'F32', [count]);
  const check = find('code_check', 'U32', [1]);
  return codes && scales && errors && check && { codes, scales, errors, check };
}

/** Ids as they lie in a file, of some rows. */
export type EncodedIds =
  | { readonly kind: 'numbers'; readonly values: BigInt64Array<ArrayBuffer> }
  /** `offsets`: where each id begins in `bytes`, and behind the last one where it ends. */
  | {
      readonly kind: 'strings';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly offsets: BigInt64Array<ArrayBuffer>;
    };

/** @throws {IndexingError} `InvalidConfiguration` for ids of both kinds, since no tensor holds both. */
export function encodeIds(ids: readonly VectorId[]): EncodedIds {
  const kind = typeof ids[0] === 'string' ? 'string' : 'number';
  const other = ids.findIndex((id) => typeof id !== kind);
  if (other !== -1) {
    const detail = `ids must be all numbers or all strings to be saved, got a ${kind} first and ${JSON.stringify(ids[other])} at ${other}`;
    throw new IndexingError('InvalidConfiguration', detail);
  }
  if (kind === 'number') return { kind: 'numbers', values: BigInt64Array.from(ids, BigInt) };
  const encoder = new TextEncoder();
  const pieces = ids.map((id) => encoder.encode(id as string));
  const offsets = new BigInt64Array(ids.length + 1);
  let end = 0;
  for (const [row, piece] of pieces.entries()) {
    end += piece.length;
    offsets[row + 1] = BigInt(end);
  }
  const bytes = new Uint8Array(end);
  for (const [row, piece] of pieces.entries()) bytes.set(piece, Number(offsets[row]));
  return { kind: 'strings', bytes, offsets };
}

/**
 * Ids of the rows from `firstRow` on.
 *
 * @throws {IndexingError} `MalformedFile` naming the row for what is no id: an integer beyond 2^53, offsets out of
 *   order, text that is no UTF-8
 */
export function decodeIds(file: string, ids: EncodedIds, firstRow = 0): VectorId[] {
  if (ids.kind === 'numbers') {
    return Array.from(ids.values, (value, row) => {
      const id = Number(value);
      if (Number.isSafeInteger(id)) return id;
      throw malformed(file, `ids, row ${firstRow + row}`, 'an integer of less than 2^53', String(value));
    });
  }
  const { bytes, offsets } = ids;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const start = offsets[0] ?? 0n;
  return Array.from({ length: Math.max(0, offsets.length - 1) }, (_, row) => {
    const [begin, end] = [Number(offsets[row]! - start), Number(offsets[row + 1]! - start)];
    if (!(begin >= 0 && begin <= end && end <= bytes.length))
      throw malformed(file, `ids_offsets, row ${firstRow + row}`, 'offsets in order', `${begin}, ${end}`);
    try {
      return decoder.decode(bytes.subarray(begin, end));
    } catch (cause) {
      throw malformed(file, `ids_bytes, row ${firstRow + row}`, 'UTF-8 text', 'other bytes', { cause });
    }
  });
}

function oneOf<T extends string>(file: string, key: string, value: string | undefined, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  if (found) return found;
  const text = value === undefined ? 'nothing' : JSON.stringify(value.slice(0, 40));
  throw malformed(file, '__metadata__', `${key} of ${known.join(', ')}`, text);
}

function tensorText(tensor: Tensor | undefined): string {
  return tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'no such tensor';
}
