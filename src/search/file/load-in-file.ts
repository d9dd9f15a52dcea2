/**
 * Loads an index whose rows stay in their file. Where the file has codes, only a sample of the rows is read, to compare it
 * with its codes. Where it has none, all rows are read once, some at a time, and codes are made.
 */
import { TimeSlices } from '../../base/time.js';
import { Checksum } from '../../formats/checksum.js';
import type { ByteSource } from '../../formats/format.js';
import { malformed } from '../../formats/malformed.js';
import type { SavedCodes } from '../../formats/saved-index.js';
import { codeCount, FACTOR_BYTES } from '../../kernel/search/search-kernel.js';
import type { Filling } from '../changes.js';
import type { IndexCore } from '../index-core.js';
import { loadCompact, readCodes } from '../load-compact.js';
import type { RowRoom } from '../rows.js';
import type { IndexToLoad } from '../saved-rows.js';
import type { Segment } from '../segment.js';
import { IndexFiles, placeInFile } from './index-files.js';
import { type HeldSource, RowFile } from './row-file.js';
import { readRow } from './stored-rows.js';

/** Bytes of codes that are read at a time. */
const PIECE_BYTES = 2 ** 21;
const READS_AHEAD = 4;
/** Rows that are held against their codes. */
const SAMPLE = 64;

/**
 * Fills a new index with what is kept of rows that are in `held`, which is the index's to close from then on.
 *
 * @param path of the file; undefined for a Blob
 * @param rejected gets the rows that were rejected
 */
export async function loadInFile(
  core: IndexCore,
  index: IndexToLoad,
  filling: Filling,
  { held, path }: { readonly held: HeldSource; readonly path: string | undefined },
  rejected: number[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { places } = index;
  const { codes } = places;
  const file = await RowFile.open(held, places);
  core.useFiles(new IndexFiles(file, path));
  if (codes) await loadCodes(index, codes, filling, rejected, signal);
  else await loadCompact(core, index, filling, rejected, signal, 'elsewhere');
  placeInFile(file, filling.rooms, filling.rows);
  if (codes) await checkSample(filling.rooms, new Set(rejected), places.metric === 'cosine', signal);
}

async function loadCodes(
  { source, places }: IndexToLoad,
  { codes, scales, errors, check }: SavedCodes,
  filling: Filling,
  rejected: number[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { count, dims, magnitudes, metric } = places;
  const rooms = await filling.reserve(dims, count, count, 'elsewhere');
  const slices = new TimeSlices(signal);
  const checksum = new Checksum();
  // Reads go on while what was read is looked at.
  const eachPiece = async (bytesOfRow: number, read: (room: RowRoom, position: number) => Promise<ArrayBufferView>) => {
    const reads: Promise<ArrayBufferView>[] = [];
    const take = async () => {
      checksum.add(await reads.shift()!);
      if (slices.isDue()) await slices.nextTurn();
    };
    try {
      for (const [room, position] of pieces(rooms, Math.max(1, Math.floor(PIECE_BYTES / bytesOfRow)))) {
        if (reads.length === READS_AHEAD) await take();
        const reading = read(room, position);
        // Its rejection is handled when its turn comes.
        reading.catch(() => undefined);
        reads.push(reading);
      }
      while (reads.length > 0) await take();
    } finally {
      await Promise.allSettled(reads);
    }
  };
  await eachPiece(4, async ({ segment, first, count }, position) => {
    const column = segment.magnitudes(first, count);
    await source.readInto(bytesOf(column), magnitudes.byteOffset + 4 * position);
    for (let row = 0; row < count; row++) {
      const magnitude = column[row]!;
      const isRejected = Number.isNaN(magnitude) && metric === 'cosine';
      if (isRejected) rejected.push(position + row);
      else if (!(magnitude >= 0)) {
        throw malformed(source.name, `magnitude of row ${position + row}`, 'a magnitude', `${magnitude}`);
      }
    }
    return column;
  });
  await eachPiece(dims, async ({ segment, first, count }, position) => {
    const stride = codeCount(dims);
    const target = new Int8Array(segment.memory.buffer, segment.layout.int8!.codes + first * stride, count * stride);
    await readCodes(source, target, codes.byteOffset + dims * position, dims);
    return stride === dims ? target : segment.codes(first, count);
  });
  for (const [place, tensor] of [scales, errors].entries()) {
    await eachPiece(4, async ({ segment, first, count }, position) => {
      const column = new Float32Array(count);
      await source.readInto(bytesOf(column), tensor.byteOffset + 4 * position);
      placeFactors(source, segment, first, place, column, position);
      return column;
    });
  }
  const saved = new Uint32Array(1);
  await source.readInto(bytesOf(saved), check.byteOffset);
  if (saved[0] === checksum.value) return;
  const found = `${checksum.value}: codes or magnitudes are damaged; load it with rows: 'memory' and save it again`;
  throw malformed(source.name, 'code_check', `the checksum ${saved[0]}`, found);
}

/** Parts of rooms, `most` rows each, with the position of the first row in the file. */
function* pieces(rooms: readonly RowRoom[], most: number): Generator<[RowRoom, number]> {
  let position = 0;
  for (const { segment, first, count } of rooms) {
    for (let done = 0; done < count; done += most) {
      const some = Math.min(most, count - done);
      yield [{ segment, first: first + done, count: some }, position];
      position += some;
    }
  }
}

function placeFactors(
  source: ByteSource,
  { memory, layout }: Segment,
  first: number,
  place: number,
  column: Float32Array,
  position: number,
): void {
  const factors = new Float32Array(memory.buffer, layout.int8!.factors + first * FACTOR_BYTES, 2 * column.length);
  for (const [row, factor] of column.entries()) {
    if (!(factor >= 0)) {
      throw malformed(
        source.name,
        `code_${place === 0 ? 'scales' : 'errors'}, row ${position + row}`,
        'a number from 0 on',
        `${factor}`,
      );
    }
    factors[2 * row + place] = factor;
  }
}

/** Rows that somebody changed without their codes are found before anybody is answered by them, if they are many. */
async function checkSample(
  rooms: readonly RowRoom[],
  rejected: ReadonlySet<number>,
  isUnit: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const total = rooms.reduce((sum, { count }) => sum + count, 0);
  const step = Math.max(1, Math.floor(total / SAMPLE));
  const reads: Promise<unknown>[] = [];
  let before = 0;
  for (const { segment, first, count } of rooms) {
    for (let position = Math.ceil(before / step) * step; position < before + count; position += step) {
      if (rejected.has(position)) continue;
      reads.push(readRow(segment.stored!, segment, first + position - before, isUnit));
    }
    before += count;
  }
  const ended = await Promise.allSettled(reads);
  signal?.throwIfAborted();
  const failed = ended.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
