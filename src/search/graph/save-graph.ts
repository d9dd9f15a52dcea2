/**
 * Writes the graph of an index: the rows of a snapshot that are in the graph. Rows are put in and lists are mended meanwhile. So each list
 * is read as a whole, and rows in it that are not in the snapshot are left out.
 */
import { checkOf, ENTRIES_PER_LEVEL, type SavedGraphShape, SPACE_NUMBERS } from '../../formats/saved-graph.js';
import { type GraphLayout, HEAD, NONE, rowBelow } from '../../kernel/graph/graph-layout.js';
import { entriesOf } from '../../kernel/graph/graph-upkeep.js';
import { liveSpans, type Snapshot } from '../rows.js';
import type { CalibrationPoint } from './calibration.js';
import type { GraphPart } from './graph-part.js';
import type { GraphRows } from './graph-rows.js';

/** A graph to be saved. */
export interface GraphToSave {
  readonly shape: SavedGraphShape;
  /** The data of its tensors, one after the other. A piece is good until the next one is asked for; some are empty. */
  pieces(): Generator<Uint8Array>;
}

const PIECE_WORDS = 2 ** 16;
const STRIDE = 2 ** 12;
const READS = 4;

/** The graph as it is now, with the rows of `snapshot`. */
export function graphToSave(
  graphRows: GraphRows,
  snapshot: Snapshot,
  { degree, effort }: { readonly degree: number; readonly effort: number },
  points: readonly CalibrationPoint[],
): GraphToSave {
  const parts = graphRows.parts.map((part) => ({ part, used: part.used }));
  const shape: SavedGraphShape = {
    degree,
    effort,
    parts: parts.map(({ part, used }) => ({
      rows: levelRows(part, used),
      codedDims: part.layout.graph.codedDims,
    })),
    points: points.length,
  };

  function* pieces(): Generator<Uint8Array> {
    let check: number | undefined;
    const told = (words: Uint32Array) => {
      check = checkOf(words, check);
      return bytesOf(words);
    };
    const saved = new Map(parts.map(({ part, used }) => [part, new Uint32Array(used).fill(NONE)]));
    let position = 0;
    for (const { segment, first, count } of liveSpans(snapshot, STRIDE)) {
      for (let row = first; row < first + count; row++, position++) {
        const found = graphRows.find(segment, row);
        const rows = found && saved.get(found.part);
        if (rows && found.node < rows.length) rows[found.node] = position;
      }
      yield NOTHING;
    }
    for (const [i, { part }] of parts.entries()) {
      const indexRows = saved.get(part)!;
      let isSaved = (row: number) => row < indexRows.length && indexRows[row] !== NONE;
      const entries = new Uint32Array(part.layout.levels.length * ENTRIES_PER_LEVEL).fill(NONE);
      for (const [level, layout] of part.layout.levels.entries()) {
        const isSavedThere = isSaved;
        for (const piece of listPieces(part, layout, shape.parts[i]!.rows[level]!, isSavedThere)) yield told(piece);
        if (level === 0) for (const piece of spans(indexRows)) yield told(piece);
        const count = shape.parts[i]!.rows[level]!;
        entries.set(entriesToSave(part, layout, count, isSavedThere), level * ENTRIES_PER_LEVEL);
        isSaved = (row) => isSavedThere(rowBelow(row));
      }
      yield told(entries);
      const { space } = part.options;
      const numbers = new Float64Array(SPACE_NUMBERS + space.center.length);
      numbers.set([space.factor, space.radius]);
      numbers.set(space.center, SPACE_NUMBERS);
      yield told(new Uint32Array(numbers.buffer));
    }
    const rows = points.flatMap(({ k, effort, recall, error, meanMs }) => [k, effort, recall, error, meanMs]);
    yield told(new Uint32Array(Float64Array.from(rows).buffer));
    yield bytesOf(Uint32Array.of(check ?? checkOf(new Uint32Array())));
  }

  return { shape, pieces };
}

/** Rows of each graph of a part, of which `used` were given out. */
function levelRows({ layout }: GraphPart, used: number): number[] {
  const rows = [used];
  while (rows.length < layout.levels.length) rows.push(Math.ceil(rows.at(-1)! / 16));
  return rows;
}

function* listPieces(
  { memory }: GraphPart,
  layout: GraphLayout,
  count: number,
  isSaved: (row: number) => boolean,
): Generator<Uint32Array> {
  const words = new Uint32Array(memory.buffer);
  const width = layout.degree + 1;
  const most = Math.max(1, Math.floor(PIECE_WORDS / width));
  for (let first = 0; first < count; first += most) {
    const some = Math.min(most, count - first);
    const piece = new Uint32Array(some * width);
    for (let i = 0; i < some; i++) {
      if (isSaved(first + i)) copyList(words, layout, first + i, piece.subarray(i * width, (i + 1) * width), isSaved);
    }
    yield piece;
  }
}

/** Reads a list as a whole (assembly/README.md): what is read while it is replaced is read again. */
function copyList(
  words: Uint32Array,
  { lists, degree }: GraphLayout,
  row: number,
  target: Uint32Array,
  isSaved: (row: number) => boolean,
): void {
  const at = lists / 4 + row * (degree + 1);
  for (let reads = READS; reads > 0; reads--) {
    const head = Atomics.load(words, at);
    const rows = new Set<number>();
    for (let i = 1; i <= Math.min(head & HEAD.count, degree); i++) rows.add(Atomics.load(words, at + i));
    const kept = [...rows].filter((other) => other !== row && isSaved(other));
    target.fill(0);
    target[0] = kept.length;
    target.set(kept, 1);
    const changed = (Atomics.load(words, at) ^ head) & ~HEAD.owner;
    if (changed === 0 && (head & HEAD.writing) === 0) return;
  }
}

/** The entry points that are saved. If all of them were removed, the first saved row takes their place: a walk needs a place to start. */
function entriesToSave(
  { memory }: GraphPart,
  layout: GraphLayout,
  count: number,
  isSaved: (row: number) => boolean,
): readonly number[] {
  const entries = entriesOf(memory.buffer, layout).filter(isSaved);
  for (let row = 0; row < count && entries.length === 0; row++) if (isSaved(row)) entries.push(row);
  return entries;
}

function* spans(words: Uint32Array): Generator<Uint32Array> {
  for (let first = 0; first < words.length; first += PIECE_WORDS) yield words.subarray(first, first + PIECE_WORDS);
}

const NOTHING = new Uint8Array();

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
