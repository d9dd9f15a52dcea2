/**
 * A collection as one file: the index as `VectorIndex.save` writes it, with the ids of the points, and in the same file `payloads_bytes` U8 (JSON, one
 * after the other; nothing for a point without a payload) with `payloads_offsets` I64 [count + 1]. The metadata have `settings`, as JSON. Ids that are
 * numbers are I64; UUIDs are texts; where both occur each is JSON text, and the metadata say `ids: json`.
 */
import { TimeSlices } from '../../base/time.js';
import { createAtomicFile } from '../../formats/node/atomic-file.js';
import { openFileSource } from '../../formats/node/file-source.js';
import { createSafetensorsHeader, readSafetensorsHeader, type TensorShape } from '../../formats/safetensors-header.js';
import { type EncodedIds, encodeIds, idTensors } from '../../formats/saved-index.js';
import type { PointId } from '../collections/point-id.js';

/** Parts of a snapshot. */
interface SnapshotParts {
  /** A saved index, whose ids are not those of the points. */
  readonly index: string;
  /** Ids of all points, in the order of the index's rows. */
  readonly ids: readonly PointId[];
  /** JSON of a point's payload; undefined for none. */
  payload(id: PointId): string | undefined;
  readonly settings: object;
}

const PIECE_BYTES = 2 ** 20;
const STRIDE = 64;

/** Writes a snapshot. Rejects with `FileAccess`; there is no file then. */
export async function writeSnapshot(file: string, { index, ids, payload, settings }: SnapshotParts): Promise<void> {
  const source = await openFileSource(index);
  const slices = new TimeSlices();
  const forAll = async (step: (id: PointId, row: number) => Promise<void> | void) => {
    for (const [row, id] of ids.entries()) {
      await step(id, row);
      if (row % STRIDE === 0 && slices.isDue()) await slices.nextTurn();
    }
  };
  try {
    const { metadata, tensors } = await readSafetensorsHeader(source);
    const isMixed = ids.some((id) => typeof id === 'number') && ids.some((id) => typeof id === 'string');
    const encoded = encodeIds(isMixed ? ids.map((id) => JSON.stringify(id)) : ids);
    const offsets = new BigInt64Array(ids.length + 1);
    let end = 0;
    await forAll((id, row) => {
      end += Buffer.byteLength(payload(id) ?? '');
      offsets[row + 1] = BigInt(end);
    });
    const shapes: Record<string, TensorShape> = {};
    for (const [name, shape] of tensors) if (!isOfIds(name)) shapes[name] = shape;
    const added = {
      ...idTensors(ids.length, shapeOf(encoded)),
      payloads_bytes: { dtype: 'U8', shape: [end] },
      payloads_offsets: { dtype: 'I64', shape: [ids.length + 1] },
    } as const;
    const told = {
      ...Object.fromEntries(metadata),
      settings: JSON.stringify(settings),
      ...(isMixed && { ids: 'json' }),
    };
    const out = await createAtomicFile(file, { durable: true });
    try {
      await out.append(createSafetensorsHeader({ ...shapes, ...added }, told));
      for (const [name, { byteOffset, byteLength }] of tensors) {
        if (isOfIds(name)) continue;
        for (let at = 0; at < byteLength; at += PIECE_BYTES) {
          const piece = new Uint8Array(Math.min(PIECE_BYTES, byteLength - at));
          await source.readInto(piece, byteOffset + at);
          await out.append(piece);
        }
      }
      if (encoded.kind === 'numbers') await out.append(bytesOf(encoded.values));
      else {
        await out.append(encoded.bytes);
        await out.append(bytesOf(encoded.offsets));
      }
      let some: string[] = [];
      await forAll(async (id, row) => {
        some.push(payload(id) ?? '');
        if (row % STRIDE < STRIDE - 1 && row < ids.length - 1) return;
        await out.append(some.join(''));
        some = [];
      });
      await out.append(bytesOf(offsets));
      await out.finish();
    } catch (error) {
      await out.abort();
      throw error;
    }
  } finally {
    await source.close();
  }
}

function isOfIds(tensor: string): boolean {
  return tensor === 'ids' || tensor === 'ids_bytes' || tensor === 'ids_offsets';
}

function shapeOf(encoded: EncodedIds) {
  return encoded.kind === 'numbers'
    ? ({ kind: 'numbers' } as const)
    : ({ kind: 'strings', byteLength: encoded.bytes.length } as const);
}

function bytesOf({ buffer, byteOffset, byteLength }: BigInt64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
