/**
 * Reads a saved index into memory, and makes sure that it is one: every row finite and, for cosine, of unit length, since
 * that is what the search relies on; every magnitude that of its row; no id twice. Rows of zeros whose magnitude is NaN were
 * rejected when they were indexed: they keep the numbers of the others right, and are no vectors.
 */
import { detailOf, IndexingError, invalidConfiguration } from '../base/errors.js';
import { TimeSlices } from '../base/time-slices.js';
import { unlessStopped } from '../base/unless-stopped.js';
import { createBlobSource, createMemorySource } from '../formats/byte-sources.js';
import { boundFiles } from '../formats/file-access.js';
import type { ByteSource } from '../formats/format.js';
import { malformed } from '../formats/malformed.js';
import { decodeIds, type SavedIndexPlaces } from '../formats/saved-index.js';
import { UNIT_TOLERANCE } from '../kernel/search/error-bound.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { IndexCore } from './index-core.js';
import type { RowRoom } from './rows.js';
import { settleArrivingRows } from './rows-job.js';
import { doInSlices, type Steps } from './steps.js';

const PIECE_BYTES = 2 ** 21;
const PIECE_IDS = 1024;
/** Rows checked between two steps. */
const STRIDE = 4096;
/** Of a magnitude: the kernel's own tolerance. */
const MAGNITUDE_TOLERANCE = 1e-6;
/** Of a magnitude in a file that says the same in its own way. */
const FOREIGN_TOLERANCE = 1e-5;

export interface IndexToLoad {
  readonly source: ByteSource;
  readonly places: SavedIndexPlaces;
}

/**
 * Nobody waits for a read, or for the file to close, when `signal` is aborted. Rejects with `FileAccess` for what cannot be opened, and with
 * `InvalidConfiguration` for what is no file.
 */
export async function openIndexFile(
  file: string | Blob | Uint8Array,
  signal: AbortSignal,
): Promise<{ source: ByteSource; close(): Promise<void> }> {
  if (typeof file === 'string' && file !== '') {
    const source = await boundFiles().open(file);
    const close = () => unlessStopped(source.close(), signal);
    return { source: stoppedBy(source, signal), close };
  }
  const close = async () => undefined;
  if (file instanceof Uint8Array) return { source: createMemorySource(file, 'bytes'), close };
  if (file instanceof Blob) return { source: stoppedBy(createBlobSource(file), signal), close };
  throw invalidConfiguration('file', 'a path, a Blob or a Uint8Array', file);
}

function stoppedBy(source: ByteSource, signal: AbortSignal): ByteSource {
  const { name, byteLength, isForwardOnly } = source;
  const readInto: ByteSource['readInto'] = (target, at) => unlessStopped(source.readInto(target, at), signal);
  const readUpTo: ByteSource['readUpTo'] =
    source.readUpTo && ((target, at) => unlessStopped(source.readUpTo!(target, at), signal));
  return { name, byteLength, isForwardOnly, readInto, readUpTo };
}

/** Fills a new index. Rejects with `MalformedFile`, naming the file, the row and what is wrong with it; with `signal.reason`. */
export async function fillFromFile(
  core: IndexCore,
  index: IndexToLoad,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { count, dims } = index.places;
  if (dims === 0) return;
  const ids = await loadIds(index, signal);
  const filling = core.changes.fill(signal);
  const rooms = await filling.reserve(dims, count, count);
  const rejected = await loadRows(core, index, rooms, signal);
  try {
    await filling.finish({ ids, replacing: false, leftOut: rejected });
  } catch (error) {
    if (!(error instanceof IndexingError)) throw error;
    throw malformed(index.source.name, 'ids', 'every id once', detailOf(error), { cause: error });
  }
  const { graph } = index.places;
  if (graph) await core.loadGraph(index.source, graph, rooms, signal);
}

/** Gives the rows that were rejected. */
async function loadRows(
  core: IndexCore,
  { source, places }: IndexToLoad,
  rooms: readonly RowRoom[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const { count, dims, vectors, magnitudes } = places;
  const saved = new Float32Array(count);
  const most = Math.max(1, Math.floor(PIECE_BYTES / (4 * dims)));
  const bring = async (inPlace: (rows: number) => void) => {
    const slices = new TimeSlices(signal);
    let before = 0;
    for (const { segment, first, count } of rooms) {
      for (let done = 0; done < count; done += most) {
        const rows = segment.rows(first + done, Math.min(most, count - done));
        await source.readInto(bytesOf(rows), vectors.byteOffset + 4 * dims * (before + done));
        inPlace(before + done + rows.length / dims);
        if (slices.isDue()) await slices.nextTurn();
      }
      before += count;
    }
    for (let first = 0; first < saved.length; first += PIECE_BYTES / 4) {
      const some = saved.subarray(first, first + PIECE_BYTES / 4);
      await source.readInto(bytesOf(some), magnitudes.byteOffset + 4 * first);
      if (slices.isDue()) await slices.nextTurn();
    }
  };
  // Only magnitudes are computed, and the rows stay as they are: a thread that dies harms none.
  const rows = { rooms, operation: 'magnitudes', source: undefined, bring, bringAgain: undefined } as const;
  await settleArrivingRows(core.core, core.scope(dims), rows, signal);
  return doInSlices(checkRows(source, places, rooms, saved), new TimeSlices(signal));
}

/** Leaves in the column what was saved for cosine, and what the rows say for the other metrics. Gives rows that were rejected. */
function* checkRows(
  source: ByteSource,
  { metric, dims, vectors, magnitudes }: SavedIndexPlaces,
  rooms: readonly RowRoom[],
  saved: Float32Array,
): Steps<number[]> {
  const rejected: number[] = [];
  const refuse = (at: number, expected: string, found: string) =>
    malformed(source.name, `row ${at} (byte ${vectors.byteOffset + 4 * dims * at})`, expected, found);
  const refuseMagnitude = (at: number, expected: string, found: number) => {
    const place = `magnitude of row ${at} (byte ${magnitudes.byteOffset + 4 * at})`;
    return malformed(source.name, place, expected, `${found}`);
  };
  let at = 0;
  for (const { segment, first, count } of rooms) {
    const column = segment.magnitudes(first, count);
    for (let row = 0; row < count; row++, at++) {
      let length = column[row]!;
      if (Number.isNaN(length)) {
        const components = segment.rows(first + row, 1);
        if (!components.every(Number.isFinite)) throw refuse(at, 'finite components', 'NaN or an infinity');
        // The kernel has no magnitude for what has no direction.
        length = 0;
        column[row] = 0;
      }
      const stored = saved[at]!;
      if (metric === 'cosine') {
        if (length === 0 && Number.isNaN(stored)) {
          rejected.push(at);
        } else {
          if (!(Math.abs(length - 1) <= UNIT_TOLERANCE - MAGNITUDE_TOLERANCE)) {
            throw refuse(at, 'a row of length 1, as cosine keeps them', `length ${length}`);
          }
          if (!(stored > 0)) throw refuseMagnitude(at, 'a positive magnitude', stored);
          column[row] = stored;
        }
      } else if (!(stored === length || Math.abs(stored - length) <= FOREIGN_TOLERANCE * length)) {
        throw refuseMagnitude(at, `${length}, the length of the row`, stored);
      }
      if (at % STRIDE === STRIDE - 1) yield;
    }
  }
  return rejected;
}

/** Rejects with `MalformedFile` for what is no id. */
async function loadIds({ source, places }: IndexToLoad, signal: AbortSignal | undefined): Promise<VectorId[]> {
  const slices = new TimeSlices(signal);
  const ids: VectorId[] = new Array(places.count);
  let end = 0;
  for (let first = 0; first < places.count; first += PIECE_IDS) {
    const count = Math.min(PIECE_IDS, places.count - first);
    if (places.ids.kind === 'numbers') {
      const values = new BigInt64Array(count);
      await source.readInto(bytesOf(values), places.ids.values.byteOffset + 8 * first);
      for (const [i, id] of decodeIds(source.name, { kind: 'numbers', values }, first).entries()) ids[first + i] = id;
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
      for (const [i, id] of decodeIds(source.name, { kind: 'strings', bytes, offsets }, first).entries())
        ids[first + i] = id;
      end = behind;
    }
    if (slices.isDue()) await slices.nextTurn();
  }
  if (places.ids.kind === 'strings' && end !== places.ids.bytes.byteLength) {
    throw malformed(source.name, 'ids_bytes', `${end} bytes, as ids_offsets say`, `${places.ids.bytes.byteLength}`);
  }
  return ids;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
