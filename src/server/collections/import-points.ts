/**
 * Many rows from a stream, committed in blocks: what is committed stays, whatever becomes of the rest.
 */

import type { VectorFormat } from '../../formats/registry.js';
import type { ClosableSource } from '../../formats/vector-file.js';
import { openSource, vectorChunks } from '../../formats/vector-file.js';
import { RequestError } from '../errors.js';
import type { Collection } from './collection.js';
import { type ImportRows, readJsonLines } from './json-lines.js';
import { NO_PAYLOAD } from './payload.js';
import { toPointId } from './point-id.js';
import { isSearchable } from './vectors.js';
import type { NewPoint } from './write-group.js';

/** Rows that were stored, and rows that are no vectors of the collection: of NaN, of nothing, or of zeros where directions are compared. */
export interface ImportCounts {
  imported: number;
  rejected: number;
}

export interface ImportOptions {
  readonly format: VectorFormat;
  /** Number of the first row, for rows without ids. */
  readonly firstId: number | undefined;
}

const BLOCK_BYTES = 2 ** 22;
const MOST_ROWS = 2 ** 14;
const EMPTY = { payload: NO_PAYLOAD, json: undefined };

/**
 * Puts all rows into a collection, and counts them in `counts`, which tell what is stored also where this rejects: with `MalformedFile` for what is not
 * of the format, `InvalidConfiguration`, or {@link RequestError} 400 for rows of other dims and ids that are none, 507.
 */
export async function importPoints(
  collection: Collection,
  source: ClosableSource,
  { format, firstId }: ImportOptions,
  counts: ImportCounts,
): Promise<void> {
  const { size: dims } = collection.settings;
  const rowsOfBlock = Math.max(1, Math.min(MOST_ROWS, Math.floor(BLOCK_BYTES / (4 * dims))));
  let first = firstId;
  let row = 0;
  /** The block before is stored while the next one is read. */
  let storing: Promise<void> = Promise.resolve();
  const blocks = format === 'jsonl' ? readJsonLines(source, rowsOfBlock) : matricesOf(source, format, rowsOfBlock);
  try {
    for await (const { vectors, ids, payloads, done } of blocks) {
      const points: NewPoint[] = [];
      let rejected = 0;
      for (const [i, vector] of vectors.entries()) {
        const number = row++;
        if (!isSearchable(collection.settings, vector, `row ${number}`)) {
          rejected++;
          continue;
        }
        const { payload, json } = payloads?.[i] ?? EMPTY;
        const own = ids?.[i];
        if (own === undefined) first ??= collection.claimNumbers();
        points.push({ id: toPointId(own ?? first! + number), vector, payload, json });
      }
      await storing;
      storing = collection.importBlock(points).then(() => {
        counts.imported += points.length;
        counts.rejected += rejected;
        done?.();
      });
      // Heard of when the next block is there, or below.
      storing.catch(() => undefined);
    }
  } finally {
    await storing.catch(() => undefined);
    if (firstId === undefined && first !== undefined) collection.releaseNumbers();
  }
  await storing;
}

async function* matricesOf(
  source: ClosableSource,
  format: VectorFormat,
  chunkVectors: number,
): AsyncGenerator<ImportRows> {
  const chunks = vectorChunks(() => openSource(source, { format, chunkVectors }));
  for await (const chunk of chunks) {
    const { data, dims, ids } = chunk;
    const vectors = Array.from({ length: data.length / dims }, (_, i) => data.subarray(i * dims, (i + 1) * dims));
    yield { vectors, ids, payloads: undefined, done: () => chunks.reuse(chunk) };
  }
}

/** @throws {RequestError} 400 for a name that is no format */
export function requireFormat(name: string, known: readonly string[]): VectorFormat {
  if (known.includes(name)) return name as VectorFormat;
  throw new RequestError(
    400,
    `Wrong input: format must be one of ${known.join(', ')}, got ${JSON.stringify(name.slice(0, 40))}`,
  );
}
