/**
 * Handwritten digits (many zeros and ties) and word embeddings against float64. The files are not part of the project:
 * SIMDEX_DATA names their folder.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readVectors, type VectorMatrix } from 'simdex';
import { expect, test } from 'vitest';
import { differencesFrom } from './reference.js';
import { createIndexer, rowsOf } from './support.js';

const folder = process.env['SIMDEX_DATA'] ?? '';
const files = [
  ['mnist-784.npy', 10_000, 784],
  ['word2vec-300.fvecs', 1000, 300],
] as const;

async function readAll(file: string): Promise<VectorMatrix> {
  const chunks: VectorMatrix[] = [];
  for await (const { data, dims } of readVectors(file)) chunks.push({ data: data.slice(), dims });
  const data = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.data.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    data.set(chunk.data, at);
    at += chunk.data.length;
  }
  return { data, dims: chunks[0]!.dims };
}

for (const [name, count, dims] of files) {
  const file = join(folder, name);
  const present = folder !== '' && existsSync(file);
  if (!present) console.warn(`${name} is not indexed in tests: set SIMDEX_DATA to the folder that holds it`);
  test.skipIf(!present)(
    `${name}: magnitudes and components as in float64, sorted as by Float32Array.sort`,
    { timeout: 120_000 },
    async () => {
      const matrix = await readAll(file);
      const rows = rowsOf(matrix);
      expect([rows.length, matrix.dims]).toEqual([count, dims]);
      const indexer = createIndexer(2);
      const original = await indexer.indexVectorsMonitored(matrix, { order: 'original' });
      expect(differencesFrom(rows, original)).toEqual([]);
      const sorted = await indexer.indexVectorsMonitored(matrix);
      expect(differencesFrom(rows, sorted)).toEqual([]);
      expect(sorted.vectors.magnitudes).toEqual(original.vectors.magnitudes);
      const expected = original.vectors.matrix.data.slice();
      for (let i = 0; i < count; i++) expected.subarray(i * dims, (i + 1) * dims).sort();
      const { buffer, byteOffset, byteLength } = sorted.vectors.matrix.data;
      // As bytes: -0 and 0 are different, and their order is defined.
      expect(Buffer.from(buffer, byteOffset, byteLength).equals(Buffer.from(expected.buffer))).toBe(true);
    },
  );
}
