/**
 * Reads the graph of a saved index. Its lists are checked, and the records of its rows are made anew. If it is damaged, that is told, and
 * the index is searched without a graph.
 */
import { TimeSlices } from '../../base/time-slices.js';
import type { ByteSource } from '../../formats/format.js';
import type { Tensor } from '../../formats/safetensors-header.js';
import {
  CALIBRATION_COLUMNS,
  checkOf,
  ENTRIES_PER_LEVEL,
  type SavedGraphPlaces,
  type SavedPartPlaces,
} from '../../formats/saved-graph.js';
import { type GraphLayout, layOutGraph, levelsOf, NONE, rowBelow } from '../../kernel/graph/graph-layout.js';
import { setEntries } from '../../kernel/graph/graph-upkeep.js';
import type { RowRoom } from '../rows.js';
import type { Segment } from '../segment.js';
import type { CalibrationPoint } from './calibration.js';
import type { GraphBuild } from './graph-build.js';

/** The graph of a file cannot be used. */
export class DamagedGraph extends Error {}

const PIECE_WORDS = 2 ** 18;
const ROOM = 256;
const MAX_CALIBRATION = 1000;

/** Facts that a saved graph states about itself. */
export interface LoadedGraph {
  readonly points: readonly CalibrationPoint[];
}

/**
 * Fills a graph that has no rows with one that was saved, of the rows in `rooms`, in the order of the file.
 *
 * Rejects with `DamagedGraph`, `InsufficientMemory`, `ThreadPanic`, `signal.reason`.
 */
export async function loadGraph(
  build: GraphBuild,
  source: ByteSource,
  places: SavedGraphPlaces,
  rooms: readonly RowRoom[],
  signal: AbortSignal,
): Promise<LoadedGraph> {
  if ('damage' in places) throw new DamagedGraph(places.damage);
  const reader = new CheckedReader(source, signal);
  const placeOf = placesIn(rooms);
  const taken = new Uint8Array(rooms.reduce((sum, { count }) => sum + count, 0));
  for (const part of places.parts) await loadPart(build, part, places.degree, reader, placeOf, taken, rooms, signal);
  const points = readPoints(new Float64Array((await reader.read(places.calibration)).buffer));
  const check = (await read(source, places.check))[0]!;
  if (check !== reader.check) throw new DamagedGraph(`its checksum is ${reader.check}, not ${check}`);
  return { points };
}

async function loadPart(
  build: GraphBuild,
  places: SavedPartPlaces,
  degree: number,
  reader: CheckedReader,
  placeOf: PlaceOf,
  taken: Uint8Array,
  rooms: readonly RowRoom[],
  signal: AbortSignal,
): Promise<void> {
  const { graphRows } = build;
  const slices = new TimeSlices(signal);
  // The data that records are made from comes first: threads make them while the lists are read.
  const indexRows = await reader.readEarly(places.indexRows);
  const space = await reader.readEarly(places.space);
  const [factor, radius, ...center] = new Float64Array(space.buffer);
  if (!(factor! > 0 && factor! < Number.POSITIVE_INFINITY && radius! >= 0 && center.every(Number.isFinite))) {
    throw new DamagedGraph('its space is not finite');
  }
  const part = build.createPart(
    { factor: factor!, radius: radius!, center: Float64Array.from(center) },
    capacityFor(build, places, degree),
  );
  if (part.capacity < indexRows.length || part.layout.levels.length !== places.lists.length) {
    part.discard();
    throw new DamagedGraph(`${indexRows.length} rows with ${places.lists.length} graphs do not fit one memory here`);
  }
  graphRows.setLast(part, undefined);
  part.used = indexRows.length;
  const nodes: number[] = [];
  // For each row of the part, 1 where it is a row of the index.
  let isThere = new Uint8Array(indexRows.length);
  await slices.forEach(indexRows.length, 4096, (first, last) => {
    for (let node = first; node < last; ) {
      const position = indexRows[node]!;
      if (position === NONE) {
        part.free.push(node);
        graphRows.hide(part, node++);
        continue;
      }
      // Rows that were put in one after the other follow each other.
      let end = node;
      for (; end < last && indexRows[end] === position + end - node; end++) {
        const each = position + end - node;
        if (each >= taken.length || taken[each] === 1) {
          throw new DamagedGraph(`graph.rows says that row ${end} is row ${each}, which there is not, or twice`);
        }
        taken[each] = 1;
        isThere[end] = 1;
        nodes.push(end);
      }
      while (node < end) {
        const at = indexRows[node]!;
        const { segment, row, left } = placeOf(at);
        const count = Math.min(end - node, left);
        graphRows.set(segment, row, part, node, count);
        node += count;
      }
    }
  });
  const making = build.makeRecords(part, nodes, rooms, signal);
  // Its rejection is handled below.
  making.catch(() => undefined);
  try {
    const words = new Uint32Array(part.memory.buffer);
    const { levels } = part.layout;
    const rowsOfLevels: Uint8Array[] = [];
    // In the order of the file, for the checksum. Nobody walks through the lists before they are checked.
    for (const [level, layout] of levels.entries()) {
      const lists = words.subarray(layout.lists / 4, layout.lists / 4 + places.lists[level]!.byteLength / 4);
      await reader.readInto(lists, places.lists[level]!);
      if (level === 0) reader.take(indexRows);
      await checkLists(layout, lists, isThere, slices);
      rowsOfLevels.push(isThere);
      isThere = rowsAbove(isThere);
    }
    const entries = await reader.read(places.entries);
    reader.take(space);
    for (const [level, layout] of levels.entries()) {
      const given = entries
        .subarray(level * ENTRIES_PER_LEVEL, (level + 1) * ENTRIES_PER_LEVEL)
        .filter((row) => row !== NONE);
      if (!given.every((row) => rowsOfLevels[level]![row] === 1)) {
        throw new DamagedGraph(`an entry point of graph ${level} is no row of it`);
      }
      setEntries(part.memory.buffer, layout, [...given]);
    }
  } finally {
    // Whatever is wrong, no thread works on the part any more after this.
    await making;
  }
}

/** For each row of the graph above, 1 where the row that it stands for is there. */
function rowsAbove(isThere: Uint8Array): Uint8Array<ArrayBuffer> {
  const above = new Uint8Array(Math.ceil(isThere.length / 16));
  for (let row = 0; row < above.length; row++) above[row] = isThere[rowBelow(row)] ?? 0;
  return above;
}

/** Throws where what was read are no lists of rows that are there. */
async function checkLists(
  { degree }: GraphLayout,
  saved: Uint32Array,
  isThere: Uint8Array,
  slices: TimeSlices,
): Promise<void> {
  const width = degree + 1;
  const areAllThere = !isThere.includes(0);
  await slices.forEach(saved.length / width, 1024, (first, last) => {
    const row = areAllThere
      ? firstBeyond(saved, width, isThere.length, first, last)
      : firstUnsound(saved, width, isThere, first, last);
    if (row === -1) return;
    const [length, ...others] = saved.subarray(row * width, (row + 1) * width);
    if (length! > degree || isThere[row] !== 1) throw new DamagedGraph(`row ${row} has ${length} neighbours`);
    const other = others.find((each) => each === row || isThere[each] !== 1);
    throw new DamagedGraph(`row ${row} has the neighbour ${other}`);
  });
}

/** The first row from `first` on whose list is none; -1 where there is none before `last`. */
function firstUnsound(saved: Uint32Array, width: number, isThere: Uint8Array, first: number, last: number): number {
  for (let row = first; row < last; row++) {
    const at = row * width;
    const length = saved[at]!;
    if (length === 0) continue;
    if (length >= width || isThere[row] !== 1) return row;
    for (let i = at + 1; i <= at + length; i++) {
      const other = saved[i]!;
      if (other >= isThere.length || isThere[other] === 0 || other === row) return row;
    }
  }
  return -1;
}

/** The same of rows that are all there, which most graphs have: it reads the lists alone. */
function firstBeyond(saved: Uint32Array, width: number, count: number, first: number, last: number): number {
  for (let row = first; row < last; row++) {
    const at = row * width;
    const length = saved[at]!;
    if (length >= width || row >= count) return row;
    for (let i = at + 1; i <= at + length; i++) {
      const other = saved[i]!;
      if (other >= count || other === row) return row;
    }
  }
  return -1;
}

/** Room for the rows and some more, with as many graphs above as were saved. */
function capacityFor(build: GraphBuild, { rows }: SavedPartPlaces, degree: number): number {
  const levels = (capacity: number) => levelsOf(layOutGraph({ capacity, dims: 1, metric: 'cosine', degree }, 0)).length;
  const used = Math.max(1, rows[0]!);
  const wanted = Math.min(build.maxRows, Math.ceil(used * 1.125) + ROOM);
  if (levels(wanted) === rows.length) return wanted;
  // A graph has one above from 256 rows on.
  const least = rows.length === 1 ? 1 : 256 * 16 ** (rows.length - 2);
  const most = 256 * 16 ** (rows.length - 1) - 16 ** (rows.length - 1);
  return levels(wanted) > rows.length
    ? Math.max(used, Math.min(wanted, most))
    : Math.min(build.maxRows, Math.max(used, least));
}

/** Where a row of the file is, and how many rows are left there from it on. */
type PlaceOf = (position: number) => { readonly segment: Segment; readonly row: number; readonly left: number };

function placesIn(rooms: readonly RowRoom[]): PlaceOf {
  const ends: number[] = [];
  let end = 0;
  for (const { count } of rooms) {
    end += count;
    ends.push(end);
  }
  return (position) => {
    const at = ends.findIndex((each) => position < each);
    const { segment, first, count } = rooms[at]!;
    const left = ends[at]! - position;
    return { segment, row: first + count - left, left };
  };
}

function readPoints(numbers: Float64Array): CalibrationPoint[] {
  const points: CalibrationPoint[] = [];
  if (numbers.length > CALIBRATION_COLUMNS * MAX_CALIBRATION) throw new DamagedGraph('its calibration is too long');
  for (let at = 0; at < numbers.length; at += CALIBRATION_COLUMNS) {
    const [k = 0, effort = 0, recall = -1, error = -1, meanMs = -1] = numbers.subarray(at, at + CALIBRATION_COLUMNS);
    const sound = Number.isInteger(k) && Number.isInteger(effort) && effort >= k && k > 0 && recall >= 0 && recall <= 1;
    if (!sound || !(error >= 0 && error <= 1 && meanMs >= 0)) throw new DamagedGraph('its calibration is none');
    points.push({ k, effort, recall, error, meanMs });
  }
  return points;
}

/** Reads tensors of words in the order of the file. */
class CheckedReader {
  /** Checksum of all that was read. */
  check = checkOf(new Uint32Array());
  readonly #source: ByteSource;
  readonly #slices: TimeSlices;

  constructor(source: ByteSource, signal: AbortSignal) {
    this.#source = source;
    this.#slices = new TimeSlices(signal);
  }

  async read(tensor: Tensor): Promise<Uint32Array<ArrayBuffer>> {
    const words = new Uint32Array(tensor.byteLength / 4);
    await this.readInto(words, tensor);
    return words;
  }

  async readInto(words: Uint32Array, tensor: Tensor): Promise<void> {
    for (let first = 0; first < words.length; first += PIECE_WORDS) {
      const piece = words.subarray(first, first + PIECE_WORDS);
      await this.#source.readInto(
        new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength),
        tensor.byteOffset + 4 * first,
      );
      this.take(piece);
      if (this.#slices.isDue()) await this.#slices.nextTurn();
    }
  }

  /** Reads a tensor before its turn; `take` is to be called for it then. */
  readEarly(tensor: Tensor): Promise<Uint32Array<ArrayBuffer>> {
    return read(this.#source, tensor);
  }

  take(words: Uint32Array): void {
    this.check = checkOf(words, this.check);
  }
}

async function read(source: ByteSource, { byteOffset, byteLength }: Tensor): Promise<Uint32Array<ArrayBuffer>> {
  const words = new Uint32Array(byteLength / 4);
  await source.readInto(new Uint8Array(words.buffer), byteOffset);
  return words;
}
