/**
 * Writes a saved index (formats/saved-index.ts). Rows that were removed are left out.
 */

import { IndexingError } from '../base/errors.js';
import { TimeSlices } from '../base/time.js';
import { Checksum } from '../formats/checksum.js';
import { boundFiles, type FileToWrite } from '../formats/file-access.js';
import {
  createSavedIndexHeader,
  type EncodedIds,
  encodeIds,
  SAVED_HEADER_BYTES,
  type SavedIds,
} from '../formats/saved-index.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { canBeCompact } from '../kernel/search/int8-bound.js';
import type { Precision } from '../memory/segment-layout.js';
import type { VectorId } from '../vectors/vector-id.js';
import { holdFiles } from './file/board-candidates.js';
import type { StoredRows } from './file/stored-rows.js';
import type { GraphToSave } from './graph/save-graph.js';
import { liveSpans, type Snapshot } from './rows.js';

export interface IndexToSave {
  readonly rows: Snapshot;
  readonly dims: number;
  readonly metric: Metric;
  readonly precision: Precision;
  readonly graph: GraphToSave | undefined;
}

const PIECE_BYTES = 2 ** 20;
const PIECE_IDS = 4096;
const NOTHING = new Uint8Array();

/** Rows that are in another file than the index's own. */
interface RowsInFile {
  readonly stored: StoredRows;
  readonly first: number;
  readonly count: number;
}

/** Writes `file`, as a whole or not at all; `signal` ends it. */
export async function saveIndex(index: IndexToSave, file: string, signal: AbortSignal): Promise<void> {
  const release = holdFiles(index.rows);
  try {
    const out = await boundFiles().create(file);
    try {
      await appendPieces(out, savedPieces(index), signal);
      await out.finish();
    } catch (error) {
      await out.abort();
      throw error;
    }
  } finally {
    release();
  }
}

async function appendPieces(
  out: Pick<FileToWrite, 'append'>,
  pieces: Iterable<Uint8Array | RowsInFile>,
  signal: AbortSignal,
): Promise<void> {
  const slices = new TimeSlices(signal);
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) await out.append(await readRows(piece));
    else if (piece.length > 0) await out.append(piece);
    signal.throwIfAborted();
    if (slices.isDue()) await slices.nextTurn();
  }
}

async function readRows({ stored, first, count }: RowsInFile): Promise<Uint8Array> {
  const { file, positions } = stored;
  const rows = positions
    ? positions.subarray(first, first + count)
    : Array.from({ length: count }, (_, row) => stored.first + first + row);
  const bytes = new Uint8Array(count * file.rowBytes);
  await file.read(rows, bytes);
  return bytes;
}

/** The bytes of the file. Holds the calling thread for as long as it takes. */
export function indexToBytes(index: IndexToSave): Uint8Array<ArrayBuffer> {
  // Pieces are views that are good until the next one: sizes first, then bytes.
  let byteLength = 0;
  for (const piece of savedPieces(index)) byteLength += inMemory(piece).length;
  const bytes = new Uint8Array(byteLength);
  let end = 0;
  for (const piece of savedPieces(index)) {
    const own = inMemory(piece);
    bytes.set(own, end);
    end += own.length;
  }
  return bytes;
}

function inMemory(piece: Uint8Array | RowsInFile): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  const detail = `rows of the index are in ${piece.stored.file.name}, and toBytes takes those in memory; use save`;
  throw new IndexingError('InvalidConfiguration', detail);
}

/**
 * The file from its first byte to its last. Pieces are views, valid until the next one is asked for; some are empty, where
 * there was work but nothing to write yet.
 */
function* savedPieces(index: IndexToSave): Generator<Uint8Array | RowsInFile> {
  const { rows, precision } = index;
  const encoded: EncodedIds[] = [];
  // A header before any id would have to be written twice, which a pipe cannot.
  for (const some of liveIds(rows)) {
    encoded.push(encodeIds(some));
    yield NOTHING;
  }
  yield headerOf(index, encoded);
  for (const { segment, first, count } of liveSpans(rows, rowsOfPiece(index))) {
    const stored = rows.stored.get(segment);
    if (stored) yield { stored, first, count };
    else yield precision === 'int8' ? bytesOf(segment.codes(first, count)) : segment.keptBytes(first, count);
  }
  yield* piecesBehindRows(index, encoded);
}

function headerOf({ rows, dims, metric, precision, graph }: IndexToSave, encoded: readonly EncodedIds[]): Uint8Array {
  return createSavedIndexHeader({
    count: rows.size,
    dims,
    metric,
    order: 'original',
    ids: shapeOf(encoded),
    precision,
    codes: hasCodes({ dims, precision }),
    graph: graph?.shape,
  });
}

/** Whether codes are saved. Int8 rows are their own codes, and codes of very long rows are of no use. */
function hasCodes({ dims, precision }: Pick<IndexToSave, 'dims' | 'precision'>): boolean {
  return precision !== 'int8' && canBeCompact(dims);
}

function rowsOfPiece({ dims }: Pick<IndexToSave, 'dims'>): number {
  return Math.max(1, Math.floor(PIECE_BYTES / (4 * Math.max(1, dims))));
}

/** Writes all that follows the rows. */
function* piecesBehindRows(index: IndexToSave, encoded: readonly EncodedIds[]): Generator<Uint8Array> {
  const { rows, precision, graph } = index;
  const check = new Checksum();
  for (const { segment, first, count } of liveSpans(rows, PIECE_BYTES / 4)) {
    const piece = segment.magnitudes(first, count);
    check.add(piece);
    yield bytesOf(piece);
  }
  yield* encodedIds(encoded);
  if (precision === 'int8') {
    for (const { segment, first, count } of liveSpans(rows, PIECE_BYTES / 4)) {
      yield bytesOf(segment.factors(first, count).scales);
    }
  }
  if (hasCodes(index)) yield* codePieces(rows, rowsOfPiece(index), check);
  if (graph) yield* graph.pieces();
}

/** Codes of all rows, then their scales, their errors, and the checksum. */
function* codePieces(rows: Snapshot, most: number, check: Checksum): Generator<Uint8Array> {
  const told = (piece: ArrayBufferView) => {
    check.add(piece);
    return bytesOf(piece);
  };
  const scales: Float32Array[] = [];
  const errors: Float32Array[] = [];
  for (const { segment, first, count } of liveSpans(rows, most)) {
    yield told(segment.codes(first, count));
    const factors = segment.factors(first, count);
    scales.push(factors.scales);
    errors.push(factors.errors);
  }
  for (const piece of scales) yield told(piece);
  for (const piece of errors) yield told(piece);
  yield bytesOf(Uint32Array.of(check.value));
}

function* liveIds(rows: Snapshot): Generator<VectorId[]> {
  let some: VectorId[] = [];
  for (const { segment, first, count } of liveSpans(rows, PIECE_IDS)) {
    for (let row = first; row < first + count; row++) some.push(segment.ids.get(row));
    if (some.length < PIECE_IDS) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

function shapeOf(encoded: readonly EncodedIds[]): SavedIds {
  if (encoded[0]?.kind !== 'strings') return { kind: 'numbers' };
  const byteLength = encoded.reduce((sum, piece) => sum + (piece.kind === 'strings' ? piece.bytes.length : 0), 0);
  return { kind: 'strings', byteLength };
}

function* encodedIds(encoded: readonly EncodedIds[]): Generator<Uint8Array> {
  for (const piece of encoded) yield piece.kind === 'numbers' ? bytesOf(piece.values) : piece.bytes;
  if (encoded[0]?.kind !== 'strings') return;
  let begin = 0n;
  yield bytesOf(BigInt64Array.of(begin));
  for (const piece of encoded) {
    if (piece.kind !== 'strings') continue;
    const before = begin;
    yield bytesOf(piece.offsets.subarray(1).map((offset) => before + offset));
    begin += piece.offsets.at(-1)!;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** An index whose rows go to its file as they come, and the rest when all have come. It appears as a whole or not at all. */
export class IndexWriter {
  readonly #out: FileToWrite;
  #hasHeader = false;

  /** Rejects with `FileAccess`. */
  static async create(file: string): Promise<IndexWriter> {
    const out = await boundFiles().create(file);
    if (out.seekable) return new IndexWriter(out);
    await out.abort();
    throw new IndexingError('FileAccess', `cannot write ${file}: it is a pipe or a device; name a file`);
  }

  private constructor(out: FileToWrite) {
    this.#out = out;
  }

  async append(rows: Uint8Array): Promise<void> {
    await this.#begin();
    await this.#out.append(rows);
  }

  /** @param index whose rows were appended, all of them and in this order; it has no graph yet */
  async finish(index: IndexToSave, signal: AbortSignal): Promise<void> {
    await this.#begin();
    const slices = new TimeSlices(signal);
    const encoded: EncodedIds[] = [];
    for (const some of liveIds(index.rows)) {
      encoded.push(encodeIds(some));
      if (slices.isDue()) await slices.nextTurn();
    }
    await appendPieces(this.#out, piecesBehindRows(index, encoded), signal);
    await this.#out.overwrite(headerOf(index, encoded), 0);
    await this.#out.finish();
  }

  async abort(): Promise<void> {
    await this.#out.abort();
  }

  /** Leaves room for the header, since its numbers are not known yet. */
  async #begin(): Promise<void> {
    if (this.#hasHeader) return;
    this.#hasHeader = true;
    await this.#out.append(new Uint8Array(SAVED_HEADER_BYTES));
  }
}
