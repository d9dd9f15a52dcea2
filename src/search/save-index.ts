/**
 * Writes a saved index (formats/saved-index.ts): rows that were removed are left out.
 */

import { TimeSlices } from '../base/time-slices.js';
import { Checksum } from '../formats/checksum.js';
import { boundFiles } from '../formats/file-access.js';
import { createSavedIndexHeader, type EncodedIds, encodeIds, type SavedIds } from '../formats/saved-index.js';
import type { Metric } from '../kernel/search/error-bound.js';
import { canBeCompact } from '../kernel/search/int8-bound.js';
import type { Precision } from '../memory/segment-layout.js';
import type { VectorId } from '../vectors/vector-id.js';
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

/** Writes `file`, as a whole or not at all; `signal` ends it. */
export async function saveIndex(index: IndexToSave, file: string, signal: AbortSignal): Promise<void> {
  const out = await boundFiles().create(file);
  const slices = new TimeSlices(signal);
  try {
    for (const piece of savedPieces(index)) {
      if (piece.length > 0) await out.append(piece);
      if (slices.isDue()) await slices.nextTurn();
    }
    await out.finish();
  } catch (error) {
    await out.abort();
    throw error;
  }
}

/** The bytes of that file. Holds the calling thread for as long as it takes. */
export function indexToBytes(index: IndexToSave): Uint8Array<ArrayBuffer> {
  // Pieces are views that are good until the next one: sizes first, then bytes.
  let byteLength = 0;
  for (const piece of savedPieces(index)) byteLength += piece.length;
  const bytes = new Uint8Array(byteLength);
  let end = 0;
  for (const piece of savedPieces(index)) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

/**
 * The file from its first byte to its last. Pieces are views, valid until the next one is asked for; some are empty, where
 * there was work but nothing to write yet.
 */
function* savedPieces({ rows, dims, metric, precision, graph }: IndexToSave): Generator<Uint8Array> {
  const encoded: EncodedIds[] = [];
  const hasCodes = precision !== 'int8' && canBeCompact(dims);
  // A header before any id would have to be written twice, which a pipe cannot.
  for (const some of liveIds(rows)) {
    encoded.push(encodeIds(some));
    yield NOTHING;
  }
  yield createSavedIndexHeader({
    count: rows.size,
    dims,
    metric,
    order: 'original',
    ids: shapeOf(encoded),
    precision,
    codes: hasCodes,
    graph: graph?.shape,
  });
  const rowsOfPiece = Math.max(1, Math.floor(PIECE_BYTES / (4 * Math.max(1, dims))));
  for (const { segment, first, count } of liveSpans(rows, rowsOfPiece)) {
    yield precision === 'int8' ? bytesOf(segment.codes(first, count)) : segment.keptBytes(first, count);
  }
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
  if (hasCodes) yield* codePieces(rows, rowsOfPiece, check);
  if (graph) yield* graph.pieces();
}

/** Codes of all rows, then their scales, their errors, and the checksum. */
function* codePieces(rows: Snapshot, rowsOfPiece: number, check: Checksum): Generator<Uint8Array> {
  const told = (piece: ArrayBufferView) => {
    check.add(piece);
    return bytesOf(piece);
  };
  const scales: Float32Array[] = [];
  const errors: Float32Array[] = [];
  for (const { segment, first, count } of liveSpans(rows, rowsOfPiece)) {
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
