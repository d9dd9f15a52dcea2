/**
 * The rows of a file in batches that fit a request, each with the number of its first row. Lines of `.jsonl` are sent as they
 * are, since they may hold payloads.
 */
import { open } from 'node:fs/promises';
import { IndexingError, messageOf } from '../../base/errors.js';
import { fileError } from '../../formats/node/file-error.js';
import { STANDARD_INPUT } from '../../formats/node/pipe-source.js';
import { openVectors } from '../../formats/node/read-vectors.js';
import type { IdentifiedMatrix } from '../../formats/row-chunk.js';
import { checkReadOptions, type ReadVectorsOptions, vectorChunks } from '../../formats/vector-file.js';

/** Some consecutive rows of a file. */
export interface Batch {
  /** Number of the first row in the file. */
  readonly first: number;
  readonly count: number;
  readonly rows: IdentifiedMatrix | { readonly lines: readonly string[] };
}

export interface BatchedFile {
  /** Rows of the file; undefined where only reading tells. */
  readonly count: number | undefined;
  /** Part of the file that was read, 0..1; undefined for a pipe. */
  readonly readShare: () => number | undefined;
  readonly batches: AsyncIterable<Batch>;
}

/** Length of the longest line that may be a vector. */
const LONGEST_LINE = 2 ** 28;

/** @param batchBytes of float32 or of lines in a batch, about */
export async function openBatches(file: string, options: ReadVectorsOptions, batchBytes: number): Promise<BatchedFile> {
  if (checkReadOptions(file, options).name === 'jsonl') {
    if (file === STANDARD_INPUT) return linesOf(process.stdin, undefined, batchBytes);
    const handle = await open(file).catch((error: unknown) => {
      throw fileError('read', file, error);
    });
    const { size } = await handle.stat();
    return linesOf(handle.createReadStream(), size, batchBytes);
  }
  const vectors = await openVectors(file, options);
  const share = () => (Number.isFinite(vectors.byteLength) ? vectors.bytesRead / vectors.byteLength : undefined);
  async function* batches(): AsyncGenerator<Batch, void, undefined> {
    let first = 0;
    for await (const chunk of vectorChunks(async () => vectors)) {
      const { data, dims, ids } = chunk;
      const total = data.length / dims;
      const step = Math.max(1, Math.floor(batchBytes / (4 * dims)));
      for (let at = 0; at < total; at += step) {
        const count = Math.min(step, total - at);
        const rows = { data: data.subarray(at * dims, (at + count) * dims), dims, ids: ids?.slice(at, at + count) };
        yield { first, count, rows };
        first += count;
      }
    }
  }
  return { count: vectors.count, readShare: share, batches: batches() };
}

function linesOf(stream: NodeJS.ReadableStream, size: number | undefined, batchBytes: number): BatchedFile {
  let bytesRead = 0;
  async function* batches(): AsyncGenerator<Batch, void, undefined> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let first = 0;
    let lines: string[] = [];
    let bytes = 0;
    let rest = '';
    const take = (): Batch => {
      const batch = { first, count: lines.length, rows: { lines } };
      first += lines.length;
      lines = [];
      bytes = 0;
      return batch;
    };
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytesRead += chunk.length;
      const parts = (rest + decode(decoder, chunk)).split('\n');
      rest = parts.pop()!;
      if (rest.length > LONGEST_LINE)
        throw new IndexingError(
          'MalformedFile',
          `row ${first + lines.length}: a line of more than ${LONGEST_LINE} characters`,
        );
      for (const line of parts) {
        if (line.trim() === '') continue;
        lines.push(line);
        bytes += line.length;
        if (bytes >= batchBytes) yield take();
      }
    }
    if (rest.trim() !== '') lines.push(rest);
    if (lines.length > 0) yield take();
  }
  return { count: undefined, readShare: () => (size ? bytesRead / size : undefined), batches: batches() };
}

function decode(decoder: TextDecoder, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw new IndexingError('MalformedFile', `the lines are not in UTF-8: ${messageOf(error)}`);
  }
}
