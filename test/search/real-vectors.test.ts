/**
 * Real vectors with many ties and zeros: some rows of each file against all rows of it, every metric. All rows against all:
 * scripts/search-exactness.mjs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const data = process.env['SIMDEX_DATA'] ?? join(root, '../shared/data');

const files = [
  { name: 'mnist-784.npy', rows: 10_000, queries: 10 },
  { name: 'word2vec-300.fvecs', rows: 1000, queries: 50 },
];

for (const { name, rows, queries } of files) {
  const file = join(data, name);
  test.skipIf(!existsSync(file))(`hits in ${name} are those of a brute force (needs SIMDEX_DATA)`, () => {
    const script = join(root, 'scripts/search-exactness.mjs');
    const ended = spawnSync(process.execPath, [script, file, '--queries', `${queries}`], { encoding: 'utf8' });
    expect(ended.stderr).toBe('');
    expect(ended.status).toBe(0);
    for (const metric of ['cosine', 'dot', 'euclidean']) {
      expect(ended.stdout).toContain(`${metric}: ${queries} × 10 hits of ${rows} rows are right`);
    }
  });
}
