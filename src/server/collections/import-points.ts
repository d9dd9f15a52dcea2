/**
 * Many rows from a stream, committed in blocks: what is committed stays, whatever becomes of the rest. One block is read while the one before is
 * stored.
 */
import type { VectorFormat } from '../../formats/registry.js';
import { ChunkMemories, createOwnRows } from '../../formats/row-chunks.js';
import {
  type ClosableSource,
  openSource,
  type ReadVectorsOptions,
  type VectorChunks,
  vectorChunks,
} from '../../formats/vector-file.js';
import { FOLLOWING_HEAD_BYTES } from '../store/block.js';
import type { Collection } from './collection.js';
import { readJsonLines } from './json-lines.js';
import { NO_PAYLOAD } from './payload.js';
import { toPointId } from './point-id.js';
import { checkDims, isSearchable, unsearchableRows } from './vectors.js';
import type { NewPoint } from './write-group.js';

/** Rows that were stored, and rows that are no vectors of the collection: of NaN, of nothing, or of zeros where directions are compared. */
export interface ImportCounts {
  imported: number;
  rejected: number;
}

export interface ImportOptions extends Pick<ReadVectorsOptions, 'column' | 'header'> {
  readonly format: VectorFormat;
  /** Id of the first row, for rows without ids. */
  readonly firstId: number | undefined;
}

/** A block of rows that were read. */
interface ImportBlock {
  readonly count: number;
  readonly rejected: number;
  readonly store: () => Promise<void>;
}

/** Size of a block of rows, which are stored as they come. A flush is a small part of its time. */
const BLOCK_BYTES = 2 ** 24;
const MOST_ROWS = 2 ** 16;
/** Size of a block of JSON lines, which take more memory until they are stored. */
const JSON_BYTES = 2 ** 22;
const MOST_LINES = 2 ** 14;

/**
 * Puts all rows into a collection, and counts them in `counts`, which tell what is stored also where this rejects: with `MalformedFile` for what is not
 * of the format, `InvalidConfiguration`, or {@link RequestError} 400 for rows of other dims and ids that are none, 507.
 */
export async function importPoints(
  collection: Collection,
  source: ClosableSource,
  options: ImportOptions,
  counts: ImportCounts,
): Promise<void> {
  const numbers = new RowIds(collection, options.firstId);
  /** The block before is stored while the next one is read. */
  let storing: Promise<void> = Promise.resolve();
  const blocks =
    options.format === 'jsonl'
      ? lineBlocks(collection, source, options.column, numbers)
      : matrixBlocks(collection, source, options, numbers);
  try {
    for await (const { count, rejected, store } of blocks) {
      await storing;
      storing = store().then(() => {
        counts.imported += count - rejected;
        counts.rejected += rejected;
      });
      // Its rejection is handled when the next block is there, or below.
      storing.catch(() => undefined);
    }
  } finally {
    await storing.catch(() => undefined);
    numbers.release();
  }
  await storing;
}

/** Ids of rows that have none: their numbers, from the first id on. */
class RowIds {
  readonly #collection: Collection;
  #first: number | undefined;
  #isClaimed = false;

  constructor(collection: Collection, first: number | undefined) {
    this.#collection = collection;
    this.#first = first;
  }

  of(row: number): number {
    if (this.#first === undefined) {
      this.#first = this.#collection.claimNumbers();
      this.#isClaimed = true;
    }
    return this.#first + row;
  }

  release(): void {
    if (this.#isClaimed) this.#collection.releaseNumbers();
  }
}

async function* lineBlocks(
  collection: Collection,
  source: ClosableSource,
  column: string | undefined,
  numbers: RowIds,
): AsyncGenerator<ImportBlock> {
  const { settings } = collection;
  const most = Math.max(1, Math.min(MOST_LINES, Math.floor(JSON_BYTES / (4 * settings.size))));
  let row = 0;
  for await (const lines of readJsonLines(source, most, column)) {
    const points: NewPoint[] = [];
    for (const { vector, id, payload, json } of lines) {
      const number = row++;
      if (!isSearchable(settings, vector, `row ${number}`)) continue;
      points.push({ id: toPointId(id ?? numbers.of(number)), vector, payload, json });
    }
    const store = () => collection.importPoints(points);
    yield { count: lines.length, rejected: lines.length - points.length, store };
  }
}

async function* matrixBlocks(
  collection: Collection,
  source: ClosableSource,
  { format, column, header }: ImportOptions,
  numbers: RowIds,
): AsyncGenerator<ImportBlock> {
  const { settings } = collection;
  const chunkVectors = Math.max(1, Math.min(MOST_ROWS, Math.floor(BLOCK_BYTES / (4 * settings.size))));
  const memories = new ChunkMemories(createOwnRows, FOLLOWING_HEAD_BYTES);
  const open = () => openSource(source, { format, column, header, chunkVectors });
  const chunks: VectorChunks = vectorChunks(open, memories);
  let first = 0;
  for await (const chunk of chunks) {
    const { data, dims, ids } = chunk;
    checkDims(settings, dims, `row ${first}`);
    const count = data.length / dims;
    const rejected = await unsearchableRows(settings, data);
    const row = first;
    first += count;
    const storeRows = () => collection.importRows({ firstId: numbers.of(row), data });
    const points = () => {
      const left = new Set(rejected);
      const rows = Array.from({ length: count }, (_, i) => i).filter((i) => !left.has(i));
      return rows.map((i) => ({
        id: toPointId(ids?.[i] ?? numbers.of(row + i)),
        vector: data.subarray(i * dims, (i + 1) * dims),
        payload: NO_PAYLOAD,
        json: undefined,
      }));
    };
    // Rows that a file has among rows of other lengths may lie anywhere in their memory.
    const isAlone = data.byteOffset === FOLLOWING_HEAD_BYTES;
    const storeAll = ids || rejected.length > 0 || !isAlone ? () => collection.importPoints(points()) : storeRows;
    yield { count, rejected: rejected.length, store: () => storeAll().finally(() => chunks.reuse(chunk)) };
  }
}
