/**
 * Reads a saved index into memory and checks it, since the search relies on this: every row is finite and, for cosine, of unit
 * length, every magnitude is that of its row, and no id occurs twice. A row of zeros whose magnitude is NaN was rejected when
 * it was indexed. It keeps the numbers of the other rows right, and is no vector.
 */
import { detailOf, IndexingError, invalidConfiguration } from '../base/errors.js';
import { unlessStopped } from '../base/signals.js';
import { TimeSlices } from '../base/time.js';
import { createBlobSource, createMemorySource } from '../formats/byte-sources.js';
import { boundFiles } from '../formats/file-access.js';
import type { ByteSource } from '../formats/format.js';
import { malformed } from '../formats/malformed.js';
import { decodeIds } from '../formats/saved-index.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { HeldSource } from './file/row-file.js';
import type { IndexCore } from './index-core.js';
import type { RowRoom } from './rows.js';
import { settleArrivingRows } from './rows-job.js';
import { checkRows, type IndexToLoad, loadSettling } from './saved-rows.js';
import { doInSlices } from './steps.js';

const PIECE_BYTES = 2 ** 21;
const PIECE_IDS = 1024;
export interface OpenIndexFile {
  readonly source: ByteSource;
  /** The same source, for a caller that goes on reading from it after the load, and then closes it. */
  readonly held: HeldSource;
  readonly path: string | undefined;
  close(): Promise<void>;
}

/**
 * Nobody waits for a read, or for the file to close, when `signal` is aborted. Rejects with `FileAccess` for what cannot be opened, and with
 * `InvalidConfiguration` for what is no file.
 */
export async function openIndexFile(file: string | Blob | Uint8Array, signal: AbortSignal): Promise<OpenIndexFile> {
  if (typeof file === 'string' && file !== '') {
    const source = await boundFiles().open(file);
    const close = () => unlessStopped(source.close(), signal);
    return { source: stoppedBy(source, signal), held: source, path: file, close };
  }
  const close = async () => undefined;
  if (file instanceof Uint8Array || file instanceof Blob) {
    const source = file instanceof Blob ? createBlobSource(file) : createMemorySource(file, 'bytes');
    return { source: stoppedBy(source, signal), held: { ...source, close }, path: undefined, close };
  }
  throw invalidConfiguration('file', 'a path, a Blob or a Uint8Array', file);
}

function stoppedBy(source: ByteSource, signal: AbortSignal): ByteSource {
  const { name, byteLength, isForwardOnly } = source;
  const readInto: ByteSource['readInto'] = (target, at) => unlessStopped(source.readInto(target, at), signal);
  const readUpTo: ByteSource['readUpTo'] =
    source.readUpTo && ((target, at) => unlessStopped(source.readUpTo!(target, at), signal));
  return { name, byteLength, isForwardOnly, readInto, readUpTo };
}

/**
 * Fills a new index. The rows stay in `file`, where that is given; it is the index's then.
 *
 * Rejects with `MalformedFile`, naming the file, the row and what is wrong with it; with `signal.reason`.
 */
export async function fillFromFile(
  core: IndexCore,
  index: IndexToLoad,
  file: Pick<OpenIndexFile, 'held' | 'path'> | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { count, dims } = index.places;
  if (dims === 0) return;
  const ids = await loadIds(index, signal);
  const filling = core.changes.fill(signal);
  const rejected: number[] = [];
  if (file) {
    const { loadInFile } = await import('./file/load-in-file.js');
    await loadInFile(core, index, filling, file, rejected, signal);
  } else if (index.places.precision === 'float32') {
    await filling.reserve(dims, count, count);
    await loadRows(core, index, filling.rooms, rejected, signal);
  } else {
    const { loadCompact } = await import('./load-compact.js');
    await loadCompact(core, index, filling, rejected, signal);
  }
  try {
    await filling.finish({ ids, replacing: false, leftOut: rejected });
  } catch (error) {
    if (!(error instanceof IndexingError)) throw error;
    throw malformed(index.source.name, 'ids', 'every id once', detailOf(error), { cause: error });
  }
  const { graph } = index.places;
  if (graph) await core.loadGraph(index.source, graph, filling.rooms, signal);
}

/** @param rejected gets the rows that were rejected */
async function loadRows(
  core: IndexCore,
  { source, places }: IndexToLoad,
  rooms: readonly RowRoom[],
  rejected: number[],
  signal: AbortSignal | undefined,
): Promise<void> {
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
  const settling = loadSettling(places, false);
  await settleArrivingRows(
    core.core,
    core.scope(dims),
    { rooms, settling, source: undefined, bring, bringAgain: undefined },
    signal,
  );
  await doInSlices(checkRows(source, places, rooms, { saved, position: 0, rejected }), new TimeSlices(signal));
}

/** Reads the ids. Rejects with `MalformedFile` for what is no id. */
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
