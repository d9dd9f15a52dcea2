/**
 * How the graph of a saved index lies in its file: tensors behind those of the index, for each part of the graph
 *
 *   graph.neighbours  U32 [n, degree + 1]  for every row of the graph how many neighbours it has, and their numbers in the graph
 *   graph.rows        U32 [n]              which row of the index each is; 0xffffffff: none
 *   graph.level1, …   U32 [m, degree + 1]  the same as `neighbours`, of the graphs above
 *   graph.entries     U32 [levels, 16]     entry points of each; 0xffffffff: none
 *   graph.space       F64 [c + 2]          scale, radius, and the centre, which codes are relative to
 *
 * and then, for all, `graph.calibration` F64 [points, 5] (k, effort, recall, its standard error, milliseconds) and `graph.check` U32 [1], a
 * checksum of all words before it. Further parts are called `graph.1.…`, `graph.2.…`. The metadata say `graph: degree,effort`. This file knows
 * names and shapes only.
 */
import type { Tensor, TensorShape } from './safetensors-header.js';

export const ENTRIES_PER_LEVEL = 16;
export const CALIBRATION_COLUMNS = 5;
/** Numbers of the space before the centre. */
export const SPACE_NUMBERS = 2;

/** What the header tells of a part. */
interface SavedPartShape {
  /** Rows of each of its graphs, from the one of all rows upwards. */
  readonly rows: readonly number[];
  readonly codedDims: number;
}

export interface SavedGraphShape {
  readonly degree: number;
  /** With which it was built. */
  readonly effort: number;
  readonly parts: readonly SavedPartShape[];
  /** Number of points of the calibration. */
  readonly points: number;
}

/** Where a part of a graph is. */
export interface SavedPartPlaces extends SavedPartShape {
  /** The lists of each graph. */
  readonly lists: readonly Tensor[];
  readonly indexRows: Tensor;
  readonly entries: Tensor;
  readonly space: Tensor;
}

/** Where everything of a graph is, or why it cannot be told. */
export type SavedGraphPlaces =
  | {
      readonly degree: number;
      readonly effort: number;
      readonly parts: readonly SavedPartPlaces[];
      readonly calibration: Tensor;
      readonly check: Tensor;
    }
  | { readonly damage: string };

/** In the order of their data. */
export function graphTensors({ degree, parts, points }: SavedGraphShape): Record<string, TensorShape> {
  const tensors: Record<string, TensorShape> = {};
  for (const [part, { rows, codedDims }] of parts.entries()) {
    const prefix = prefixOf(part);
    for (const [level, count] of rows.entries()) {
      tensors[listsName(prefix, level)] = { dtype: 'U32', shape: [count, degree + 1] };
      if (level === 0) tensors[`${prefix}rows`] = { dtype: 'U32', shape: [count] };
    }
    tensors[`${prefix}entries`] = { dtype: 'U32', shape: [rows.length, ENTRIES_PER_LEVEL] };
    tensors[`${prefix}space`] = { dtype: 'F64', shape: [SPACE_NUMBERS + codedDims] };
  }
  tensors['graph.calibration'] = { dtype: 'F64', shape: [points, CALIBRATION_COLUMNS] };
  tensors['graph.check'] = { dtype: 'U32', shape: [1] };
  return tensors;
}

/** Undefined where a file has no graph. */
export function placesOfGraph(
  saved: string | undefined,
  tensors: ReadonlyMap<string, Tensor>,
  dims: number,
  metric: string,
): SavedGraphPlaces | undefined {
  if (saved === undefined && ![...tensors.keys()].some((name) => name.startsWith('graph.'))) return undefined;
  const [degree, effort] = (saved ?? '').split(',').map(Number);
  const isSound = isWithin(degree, 8, 128) && isWithin(effort, 16, 2048);
  if (!isSound) return { damage: 'the metadata do not say its degree and effort' };
  let damage: string | undefined;
  const find = (name: string, dtype: string, shape: readonly (number | undefined)[]): Tensor | undefined => {
    const found = tensors.get(name);
    const fits =
      found?.dtype === dtype &&
      found.shape.length === shape.length &&
      shape.every((length, i) => length === undefined || length === found.shape[i]);
    if (fits) return found;
    const expected = `${dtype} [${shape.map((length) => length ?? 'n').join(', ')}]`;
    damage ??= `tensor "${name}": expected ${expected}, found ${found ? `${found.dtype} [${found.shape.join(', ')}]` : 'none'}`;
    return undefined;
  };
  const codedDims = metric === 'dot' ? dims + 1 : dims;
  const parts: SavedPartPlaces[] = [];
  const width = degree! + 1;
  // An empty graph has no part, only the two tensors that every graph has.
  const isEmpty = [...tensors.keys()].filter((name) => name.startsWith('graph.')).length <= 2;
  while (!isEmpty && (parts.length === 0 || tensors.has(listsName(prefixOf(parts.length), 0)))) {
    const prefix = prefixOf(parts.length);
    const neighbours = find(listsName(prefix, 0), 'U32', [undefined, width]);
    if (!neighbours) break;
    const count = neighbours.shape[0]!;
    const lists = [neighbours];
    const rows = [count];
    for (let level = 1; tensors.has(listsName(prefix, level)); level++) {
      rows.push(Math.ceil(rows.at(-1)! / 16));
      const upper = find(listsName(prefix, level), 'U32', [rows.at(-1), width]);
      if (upper) lists.push(upper);
    }
    const indexRows = find(`${prefix}rows`, 'U32', [count]);
    const entries = find(`${prefix}entries`, 'U32', [rows.length, ENTRIES_PER_LEVEL]);
    const space = find(`${prefix}space`, 'F64', [SPACE_NUMBERS + codedDims]);
    if (!indexRows || !entries || !space || damage !== undefined) break;
    parts.push({ rows, codedDims, lists, indexRows, entries, space });
  }
  const calibration = find('graph.calibration', 'F64', [undefined, CALIBRATION_COLUMNS]);
  const check = find('graph.check', 'U32', [1]);
  if (damage !== undefined || !calibration || !check) return { damage: damage! };
  return { degree: degree!, effort: effort!, parts, calibration, check };
}

function isWithin(value: number | undefined, least: number, most: number): boolean {
  return Number.isInteger(value) && value! >= least && value! <= most;
}

/** A checksum of words that continues from the checksum `before` (FNV-1a, of words instead of bytes). */
export function checkOf(words: Uint32Array, before = 0x811c9dc5): number {
  let check = before;
  for (let i = 0; i < words.length; i++) check = checkWith(check, words[i]!);
  return check >>> 0;
}

/** A checksum with one more word; signed. */
export function checkWith(check: number, word: number): number {
  return Math.imul(check ^ word, 0x01000193);
}

function prefixOf(part: number): string {
  return part === 0 ? 'graph.' : `graph.${part}.`;
}

function listsName(prefix: string, level: number): string {
  return level === 0 ? `${prefix}neighbours` : `${prefix}level${level}`;
}
