/**
 * A server in one file: threads cannot start from it, so the calling thread does all the work, and the process is told once what to mark
 * as external.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'simdex-bundled-'));
afterAll(() => rmSync(folder, { recursive: true }));

const library = fileURLToPath(new URL('../../dist/index.node.js', import.meta.url));
const program = `
import { MonitoredParallelIndexer, VectorIndex } from ${JSON.stringify(library)};
async function main() {
  const data = Float32Array.from({ length: 20_000 * 16 }, (_, i) => Math.sin(i));
  const indexed = [];
  for (let i = 0; i < 2; i++) {
    const indexer = new MonitoredParallelIndexer(2);
    const result = await indexer.indexVectorsMonitored({ data, dims: 16 });
    indexed.push(result.indexedCount);
    await indexer.dispose();
  }
  const index = await VectorIndex.build({ data, dims: 16 });
  const { ids } = await index.search(data.subarray(16, 32), 1);
  await index.dispose();
  console.log(JSON.stringify({ indexed, ids }));
}
main();
`;

test.each(['esm', 'cjs'] as const)('by esbuild, as %s', { timeout: 60_000 }, async (format) => {
  const entry = join(folder, 'server.mjs');
  writeFileSync(entry, program);
  const outfile = join(folder, format === 'esm' ? 'out.mjs' : 'out.cjs');
  await build({ entryPoints: [entry], bundle: true, platform: 'node', format, outfile, logLevel: 'silent' });
  const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8', cwd: folder });
  expect(JSON.parse(stdout)).toEqual({ indexed: [20_000, 20_000], ids: [1] });
  expect(status).toBe(0);
  const told = stderr.match(/SIMDEX_BUNDLED.*--external:simdex.*/g);
  expect(told).toHaveLength(1);
});
