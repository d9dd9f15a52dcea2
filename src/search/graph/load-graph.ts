/**
 * Reads the graph of a saved index. Its lists are checked, and the records of its rows are made anew. If it is damaged, that is told, and
 * the index is searched without a graph.
 */
import { oneAhead } from '../../base/one-ahead.js';
import { TimeSlices } from '../../base/time.js';
import type { ByteSource } from '../../formats/format.js';
import {
  CALIBRATION_COLUMNS,
  ENTRIES_PER_LEVEL,
  type SavedGraphPlaces,
  type SavedPartPlaces,
} from '../../formats/saved-graph.js';
import { layOutGraph, levelsOf, NONE } from '../../kernel/graph/graph-layout.js';
import { setEntries } from '../../kernel/graph/graph-upkeep.js';
import type { RowRoom } from '../rows.js';
import type { Segment } from '../segment.js';
import type { CalibrationPoint } from './calibration.js';
import type { GraphBuild } from './graph-build.js';
import { CheckedReader, DamagedGraph, ListCheck, readLists, rowsAbove } from './read-lists.js';

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
  const reader = new CheckedReader(source);
  const placeOf = placesIn(rooms);
  const taken = new Uint8Array(rooms.reduce((sum, { count }) => sum + count, 0));
  for (const part of places.parts) await loadPart(build, part, places.degree, reader, placeOf, taken, rooms, signal);
  const points = readPoints(new Float64Array((await reader.read(places.calibration)).buffer));
  const check = (await reader.readEarly(places.check))[0]!;
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
  // For each row of the part, 1 where it is a row of the index.
  const isThere = new Uint8Array(indexRows.length);
  await slices.forEach(indexRows.length, 4096, (first, last) => {
    for (let node = first; node < last; ) {
      const position = indexRows[node]!;
      if (position === NONE) {
        part.free.push(node);
        graphRows.hide(part, node++);
        continue;
      }
      const end = takeRun(indexRows, node, last, taken, isThere);
      while (node < end) {
        const { segment, row, left } = placeOf(indexRows[node]!);
        const count = Math.min(end - node, left);
        graphRows.set(segment, row, part, node, count);
        node += count;
      }
    }
  });
  const making = build.makeRecords(part, rooms, signal);
  // Its rejection is handled below.
  making.catch(() => undefined);
  try {
    const { levels } = part.layout;
    const rowsOfLevels = [isThere];
    while (rowsOfLevels.length < levels.length) rowsOfLevels.push(rowsAbove(rowsOfLevels.at(-1)!));
    // In the order of the file, for the checksum. Nobody walks through the lists before they are checked.
    const lists = levels.map((_, level) => new ListCheck(degree, rowsOfLevels[level]!));
    for await (const piece of oneAhead(readLists(part, places, reader))) {
      reader.check = lists[piece.level]!.take(piece.words, piece.firstRow, reader.check);
      if (piece.isLast && piece.level === 0) reader.take(indexRows);
      if (slices.isDue()) await slices.nextTurn();
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

/**
 * Rows of the part that were put in one after the other follow each other in the index. Notes that those from `node` on are there, and gives
 * where they end, `last` at most.
 */
function takeRun(indexRows: Uint32Array, node: number, last: number, taken: Uint8Array, isThere: Uint8Array): number {
  const offset = indexRows[node]! - node;
  let end = node;
  for (; end < last && indexRows[end] === end + offset; end++) {
    const each = end + offset;
    if (each >= taken.length || taken[each] === 1) {
      throw new DamagedGraph(`graph.rows says that row ${end} is row ${each}, which there is not, or twice`);
    }
    taken[each] = 1;
    isThere[end] = 1;
  }
  return end;
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
