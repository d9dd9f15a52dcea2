/**
 * Reads a saved index into memory, and makes sure that it is one: every row finite and, for cosine, of unit length, since
 * that is what the search relies on; every magnitude that of its row; no id twice. Rows of zeros whose magnitude is NaN were
 * rejected when they were indexed: they keep the numbers of the others right, and are no vectors.
 */
import { detailOf, IndexingError, invalidConfiguration } from '../base/errors.js';
import { TimeSlices } from '../base/time-slices.js';
import { createBlobSource, createMemorySource } from '../formats/byte-sources.js';
import { boundFiles } from '../formats/file-access.js';
import type { ByteSource } from '../formats/format.js';
import { malformed } from '../formats/malformed.js';
import { decodeIds, type SavedIndexPlaces } from '../formats/saved-index.js';
import { type CompiledKernel, instantiateKernel } from '../kernel/instantiate.js';
import { UNIT_TOLERANCE } from '../kernel/search/error-bound.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { IdTable } from './id-table.js';
import type { RowRoom, StagedRows } from './row-store.js';

const PIECE_BYTES = 2 ** 22;
const PIECE_IDS = 2 ** 14;
/** Of a magnitude: the kernel's own tolerance. */
const MAGNITUDE_TOLERANCE = 1e-6;
/** Of a magnitude in a file that says the same in its own way. */
const FOREIGN_TOLERANCE = 1e-5;

export interface IndexToLoad {
  readonly source: ByteSource;
  readonly places: SavedIndexPlaces;
  /** The indexing kernel. */
  readonly kernel: CompiledKernel;
  readonly signal: AbortSignal | undefined;
}

/** Rejects with `FileAccess` for what cannot be opened, and with `InvalidConfiguration` for what is no file. */
export async function openIndexFile(
  file: string | Blob | Uint8Array,
): Promise<{ source: ByteSource; close(): Promise<void> }> {
  if (typeof file === 'string' && file !== '') {
    const source = await boundFiles().open(file);
    return { source, close: () => source.close() };
  }
  const close = async () => undefined;
  if (file instanceof Uint8Array) return { source: createMemorySource(file, 'bytes'), close };
  if (file instanceof Blob) return { source: createBlobSource(file), close };
  throw invalidConfiguration('file', 'a path, a Blob or a Uint8Array', file);
}

/** Gives the rows that were rejected. Rejects with `MalformedFile`, naming the file, the row and what is wrong with it. */
export async function loadRows(index: IndexToLoad, staged: StagedRows): Promise<number[]> {
  const rejected: number[] = [];
  const { source, places, signal } = index;
  const { count, dims, vectors, magnitudes } = places;
  const slices = new TimeSlices(signal);
  const most = Math.max(1, Math.floor(PIECE_BYTES / (4 * dims)));
  for (let first = 0; first < count; ) {
    const room = staged.reserve(Math.min(most, count - first), count - first);
    const rows = room.segment.rows(room.first, room.count);
    await source.readInto(bytesOf(rows), vectors.byteOffset + 4 * dims * first);
    const saved = new Float32Array(room.count);
    await source.readInto(bytesOf(saved), magnitudes.byteOffset + 4 * first);
    for (const row of checkRows(index, room, first, saved)) rejected.push(row);
    room.segment.quantize(room.first, room.count);
    first += room.count;
    if (slices.isDue()) await slices.nextTurn();
  }
  return rejected;
}

/** Leaves in the column what was saved for cosine, and what the rows say for the other metrics. Gives rows that were rejected. */
function checkRows(
  { source, places, kernel }: IndexToLoad,
  room: RowRoom,
  firstRow: number,
  saved: Float32Array,
): number[] {
  const rejected: number[] = [];
  const { segment, first, count } = room;
  const { metric, dims, vectors, magnitudes } = places;
  const column = segment.magnitudes(first, count);
  instantiateKernel(kernel, segment.memory.memory).magnitudes(first * dims * 4, count, dims, column.byteOffset);
  const refuse = (row: number, expected: string, found: string) => {
    const at = firstRow + row;
    return malformed(source.name, `row ${at} (byte ${vectors.byteOffset + 4 * dims * at})`, expected, found);
  };
  for (let row = 0; row < count; row++) {
    let length = column[row]!;
    if (Number.isNaN(length)) {
      const components = segment.rows(first + row, 1);
      if (!components.every(Number.isFinite)) throw refuse(row, 'finite components', 'NaN or an infinity');
      // The kernel has no magnitude for what has no direction.
      length = 0;
      column[row] = 0;
    }
    const stored = saved[row]!;
    if (metric === 'cosine') {
      if (length === 0 && Number.isNaN(stored)) {
        rejected.push(firstRow + row);
        continue;
      }
      if (!(Math.abs(length - 1) <= UNIT_TOLERANCE - MAGNITUDE_TOLERANCE)) {
        throw refuse(row, 'a row of length 1, as cosine keeps them', `length ${length}`);
      }
      if (!(stored > 0)) throw refuseMagnitude(firstRow + row, 'a positive magnitude', stored);
      column[row] = stored;
    } else if (!(stored === length || Math.abs(stored - length) <= FOREIGN_TOLERANCE * length)) {
      throw refuseMagnitude(firstRow + row, `${length}, the length of the row`, stored);
    }
  }
  return rejected;
  function refuseMagnitude(row: number, expected: string, found: number) {
    return malformed(
      source.name,
      `magnitude of row ${row} (byte ${magnitudes.byteOffset + 4 * row})`,
      expected,
      `${found}`,
    );
  }
}

/** Rejects with `MalformedFile` for what is no id, and for one that is there twice. */
export async function loadIds(index: IndexToLoad, table: IdTable): Promise<void> {
  const { source, places, signal } = index;
  const slices = new TimeSlices(signal);
  const ids: VectorId[] = [];
  let end = 0;
  for (let first = 0; first < places.count; first += PIECE_IDS) {
    const count = Math.min(PIECE_IDS, places.count - first);
    if (places.ids.kind === 'numbers') {
      const values = new BigInt64Array(count);
      await source.readInto(bytesOf(values), places.ids.values.byteOffset + 8 * first);
      for (const id of decodeIds(source.name, { kind: 'numbers', values }, first)) ids.push(id);
    } else {
      const offsets = new BigInt64Array(count + 1);
      await source.readInto(bytesOf(offsets), places.ids.offsets.byteOffset + 8 * first);
      const [begin, behind] = [Number(offsets[0]), Number(offsets[count])];
      const { byteOffset, byteLength } = places.ids.bytes;
      if (begin !== end || behind < begin || behind > byteLength) {
        throw malformed(
          source.name,
          `ids_offsets, row ${first}`,
          `offsets in order from ${end} on, up to ${byteLength}`,
          `${begin} to ${behind}`,
        );
      }
      const bytes = new Uint8Array(behind - begin);
      await source.readInto(bytes, byteOffset + begin);
      for (const id of decodeIds(source.name, { kind: 'strings', bytes, offsets }, first)) ids.push(id);
      end = behind;
    }
    if (slices.isDue()) await slices.nextTurn();
  }
  if (places.ids.kind === 'strings' && end !== places.ids.bytes.byteLength) {
    throw malformed(source.name, 'ids_bytes', `${end} bytes, as ids_offsets say`, `${places.ids.bytes.byteLength}`);
  }
  try {
    table.add(await table.checkIds(ids, places.count, slices));
  } catch (error) {
    if (!(error instanceof IndexingError)) throw error;
    throw malformed(source.name, 'ids', 'every id once', detailOf(error), { cause: error });
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
