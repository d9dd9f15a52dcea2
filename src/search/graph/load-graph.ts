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
import type { CalibrationPoint } from './calibration.js';
import type { GraphBuild } from './graph-build.js';

/** The graph of a file cannot be used. */
export class DamagedGraph extends Error {}

const PIECE_WORDS = 2 ** 18;
const ROOM = 256;
const MAX_CALIBRATION = 1000;

/** What a graph says of itself. */
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
  placeOf: (position: number) => { readonly room: RowRoom; readonly row: number },
  taken: Uint8Array,
  rooms: readonly RowRoom[],
  signal: AbortSignal,
): Promise<void> {
  const { graphRows } = build;
  const slices = new TimeSlices(signal);
  // In the order of the file, for the checksum; the lists are checked once it is known which rows there are.
  const lists: Uint32Array[] = [];
  let indexRows = new Uint32Array();
  for (const [level, tensor] of places.lists.entries()) {
    lists.push(await reader.read(tensor));
    if (level === 0) indexRows = await reader.read(places.indexRows);
  }
  const entries = await reader.read(places.entries);
  const [factor, radius, ...center] = new Float64Array((await reader.read(places.space)).buffer);
  if (!(factor! > 0 && factor! < Number.POSITIVE_INFINITY && radius! >= 0 && center.every(Number.isFinite))) {
    throw new DamagedGraph('its space is not finite');
  }
  const space = { factor: factor!, radius: radius!, center: Float64Array.from(center) };
  const part = build.createPart(space, capacityFor(build, places, degree));
  if (part.capacity < indexRows.length || part.layout.levels.length !== places.lists.length) {
    part.discard();
    throw new DamagedGraph(`${indexRows.length} rows with ${places.lists.length} graphs do not fit one memory here`);
  }
  graphRows.setLast(part, undefined);
  part.used = indexRows.length;
  const nodes: number[] = [];
  // Of each row of the part 1 where it is a row of the index.
  let isThere = new Uint8Array(indexRows.length);
  await slices.forEach(indexRows.length, 4096, (first, last) => {
    for (let node = first; node < last; node++) {
      const position = indexRows[node]!;
      if (position === NONE) {
        part.free.push(node);
        graphRows.hide(part, node);
        continue;
      }
      if (position >= taken.length || taken[position] === 1) {
        throw new DamagedGraph(`graph.rows says that row ${node} is row ${position}, which there is not, or twice`);
      }
      taken[position] = 1;
      isThere[node] = 1;
      const { room, row } = placeOf(position);
      graphRows.set(room.segment, row, part, node);
      nodes.push(node);
    }
  });
  const making = build.makeRecords(part, nodes, rooms, signal);
  // Heard of below; until then lists are checked while threads make the records.
  making.catch(() => undefined);
  const levels = part.layout.levels.map((layout, level) => ({
    layout,
    lists: lists[level]!,
    given: entries.subarray(level * ENTRIES_PER_LEVEL, (level + 1) * ENTRIES_PER_LEVEL).filter((row) => row !== NONE),
  }));
  try {
    for (const [level, { layout, lists, given }] of levels.entries()) {
      await checkLists(layout, lists, isThere, slices);
      if (!given.every((row) => isThere[row] === 1)) {
        throw new DamagedGraph(`an entry point of graph ${level} is no row of it`);
      }
      isThere = rowsAbove(isThere);
    }
  } finally {
    // Whatever is wrong, nobody is at work on the part any more.
    await making;
  }
  const words = new Uint32Array(part.memory.buffer);
  for (const { layout, lists, given } of levels) {
    await slices.forEach(lists.length, PIECE_WORDS, (first, last) => {
      words.set(lists.subarray(first, last), layout.lists / 4 + first);
    });
    setEntries(part.memory.buffer, layout, [...given]);
  }
}

/** Of each row of the graph above 1 where the row that it stands for is there. */
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

/** Where the rows of a file are. */
function placesIn(rooms: readonly RowRoom[]) {
  const ends: number[] = [];
  let end = 0;
  for (const { count } of rooms) {
    end += count;
    ends.push(end);
  }
  return (position: number) => {
    const at = ends.findIndex((each) => position < each);
    const room = rooms[at]!;
    return { room, row: room.first + position - (ends[at]! - room.count) };
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
  /** Of all that was read. */
  check = checkOf(new Uint32Array());
  readonly #source: ByteSource;
  readonly #slices: TimeSlices;

  constructor(source: ByteSource, signal: AbortSignal) {
    this.#source = source;
    this.#slices = new TimeSlices(signal);
  }

  async read(tensor: Tensor): Promise<Uint32Array<ArrayBuffer>> {
    const words = new Uint32Array(tensor.byteLength / 4);
    for (let first = 0; first < words.length; first += PIECE_WORDS) {
      const piece = words.subarray(first, first + PIECE_WORDS);
      await this.#source.readInto(
        new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength),
        tensor.byteOffset + 4 * first,
      );
      this.check = checkOf(piece, this.check);
      if (this.#slices.isDue()) await this.#slices.nextTurn();
    }
    return words;
  }
}

async function read(source: ByteSource, { byteOffset, byteLength }: Tensor): Promise<Uint32Array<ArrayBuffer>> {
  const words = new Uint32Array(byteLength / 4);
  await source.readInto(new Uint8Array(words.buffer), byteOffset);
  return words;
}
