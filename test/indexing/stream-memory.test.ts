/**
 * A file four times the memory an indexer may hold: refused whole, with the words that help, and indexed as a stream, whose memory
 * is that of its chunks whatever the file's size.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IndexingError, MonitoredParallelIndexer, readVectors } from 'simdex';
import { afterAll, expect, test } from 'vitest';
import { npyHeader } from '../cli/support.js';

const DIMS = 256;
const CHUNK_ROWS = 1024;
const LIMIT = 8 * 2 ** 20;
const COUNT = (4 * LIMIT) / (4 * DIMS);

const directory = mkdtempSync(join(tmpdir(), 'simdex-stream-'));
const file = join(directory, 'large.npy');
const rows = Float32Array.from({ length: COUNT * DIMS }, (_, i) => (i % DIMS === 0 ? Math.floor(i / DIMS) + 1 : 0));
writeFileSync(file, Buffer.concat([npyHeader(`(${COUNT}, ${DIMS})`), Buffer.from(rows.buffer)]));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('goes through as a stream in a memory that its rows do not fit into at once', async () => {
  const indexer = new MonitoredParallelIndexer(2, {}, { maxMemoryBytes: LIMIT });
  try {
    const refusal = await indexer.indexVectorsMonitored({ data: rows, dims: DIMS }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(IndexingError);
    expect((refusal as IndexingError).message).toMatch(/use indexStream/);
    let row = 0;
    for await (const { vectors } of indexer.indexStream(readVectors(file, { chunkVectors: CHUNK_ROWS }))) {
      expect(vectors.length).toBe(CHUNK_ROWS);
      for (const { magnitude } of vectors) expect(magnitude).toBe(++row);
    }
    expect(row).toBe(COUNT);
  } finally {
    await indexer.dispose();
  }
});
