/**
 * Reads rows of a saved index that are not kept as float32 in memory, some at a time. They are read into a memory of their own
 * and checked there. Then what the index keeps of them is copied.
 */
import { TimeSlices } from '../base/time.js';
import type { ByteSource } from '../formats/format.js';
import { malformed } from '../formats/malformed.js';
import type { SavedIndexPlaces } from '../formats/saved-index.js';
import { codeCount, FACTOR_BYTES } from '../kernel/search/search-kernel.js';
import type { RowForm } from '../memory/segment-layout.js';
import type { Filling } from './changes.js';
import type { IndexCore } from './index-core.js';
import { settleArrivingRows } from './rows-job.js';
import { checkRows, type IndexToLoad, loadSettling } from './saved-rows.js';
import type { Segment } from './segment.js';
import { copyKeptRows, stagedRows } from './staging.js';
import { doInSlices } from './steps.js';

/**
 * @param rejected gets the rows that were rejected
 * @param form how the rows are kept; by default as they were saved
 */
export async function loadCompact(
  core: IndexCore,
  { source, places }: IndexToLoad,
  filling: Filling,
  rejected: number[],
  signal: AbortSignal | undefined,
  form?: RowForm,
): Promise<void> {
  const { count, dims, precision, magnitudes } = places;
  const slices = new TimeSlices(signal);
  const most = Math.min(count, stagedRows(dims));
  if (most === 0) return;
  const staging = await filling.createStaging(dims, most);
  try {
    for (let position = 0; position < count; position += most) {
      const some = Math.min(most, count - position);
      const saved = new Float32Array(some);
      await source.readInto(bytesOf(saved), magnitudes.byteOffset + 4 * position);
      const bring = async (inPlace: (rows: number) => void) => {
        await readKept(source, places, staging, position, some);
        inPlace(some);
      };
      const staged = [{ segment: staging, first: 0, count: some }];
      const settling = loadSettling(places, precision !== 'float32');
      const rows = { rooms: staged, settling, source: undefined, bring, bringAgain: undefined };
      await settleArrivingRows(core.core, core.scope(dims), rows, signal);
      await doInSlices(checkRows(source, places, staged, { saved, position, rejected }), slices);
      const rooms = await filling.reserve(dims, some, count - position, form);
      await doInSlices(copyKeptRows(staging, rooms), slices);
    }
  } finally {
    filling.discardStaging(staging);
  }
}

/** Reads rows as they were saved to where they are settled. */
async function readKept(
  source: ByteSource,
  places: SavedIndexPlaces,
  staging: Segment,
  position: number,
  count: number,
): Promise<void> {
  const { dims, precision, vectors, scales } = places;
  const { buffer } = staging.memory;
  const { halves, int8 } = staging.layout;
  const itemBytes = vectors.byteLength / (places.count * dims);
  const at = vectors.byteOffset + itemBytes * dims * position;
  switch (precision) {
    case 'float32':
      return source.readInto(new Uint8Array(buffer, 0, 4 * dims * count), at);
    case 'float16':
      return source.readInto(new Uint8Array(buffer, halves!, 2 * dims * count), at);
    case 'int8': {
      const codes = new Int8Array(buffer, int8!.codes, codeCount(dims) * count);
      await readCodes(source, codes, at, dims);
      // Sums of products of codes are only known to stay in range without it.
      const wrong = codes.indexOf(-128);
      if (wrong !== -1) {
        const row = position + Math.floor(wrong / codeCount(dims));
        throw malformed(source.name, `row ${row}`, 'codes of -127 to 127', '-128');
      }
      const kept = new Float32Array(count);
      await source.readInto(bytesOf(kept), scales!.byteOffset + 4 * position);
      const factors = new Float32Array(buffer, int8!.factors, (FACTOR_BYTES / 4) * count);
      for (const [i, scale] of kept.entries()) {
        if (!(scale >= 0 && scale < Number.POSITIVE_INFINITY)) {
          throw malformed(source.name, `scale of row ${position + i}`, 'a finite scale from 0 on', `${scale}`);
        }
        factors[2 * i] = scale;
      }
    }
  }
}

/** Reads codes, dense in the file, to where each row takes whole vectors of sixteen. */
export async function readCodes(
  source: ByteSource,
  target: Int8Array,
  byteOffset: number,
  dims: number,
): Promise<void> {
  const stride = codeCount(dims);
  const count = target.length / stride;
  await source.readInto(bytesOf(target.subarray(0, count * dims)), byteOffset);
  if (stride === dims) return;
  // From the last row to the first, so that none is written over that was not moved yet.
  for (let row = count - 1; row >= 0; row--) {
    target.copyWithin(row * stride, row * dims, (row + 1) * dims);
    target.fill(0, row * stride + dims, (row + 1) * stride);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
