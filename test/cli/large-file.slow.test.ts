/**
 * A file larger than memory may be: `simdex index --out` holds a few chunks of it at a time.
 */
import { closeSync, ftruncateSync, openSync, readSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { expectClose, npyHeader, reference, start, temporaryDirectory } from './support.js';

const DIMS = 768;
const COUNT = 500_000;
const HEADER = 128;
const ROW_BYTES = 4 * DIMS;
const MOST_RESIDENT_KB = 256 * 1024;
const NEEDED_DISK_BYTES = 4 * 2 ** 30;

const directory = temporaryDirectory();

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(tmpdir());
  return bavail * bsize;
}

/** Row `row` holds row + 1 in component `row % DIMS` and 1 in the one after it; the file is sparse between such rows. */
const PROBED = [0, 1, 2729, 2730, 250_000, COUNT - 1];

function probedRow(row: number): Float32Array {
  const components = new Float32Array(DIMS);
  components[row % DIMS] = row + 1;
  components[(row + 1) % DIMS] = 1;
  return components;
}

test('1.5 GB in less than 256 MB of memory (skipped with less than 4 GB of free disk)', { timeout: 120_000 }, async ({
  skip,
}) => {
  if (process.platform !== 'linux') return skip('needs /proc');
  if (freeBytes() < NEEDED_DISK_BYTES) return skip('needs 4 GB of free disk');
  const [input, output] = [directory.at('large.npy'), directory.at('out.npy')];
  const file = openSync(input, 'w+');
  writeSync(file, npyHeader(`(${COUNT}, ${DIMS})`));
  ftruncateSync(file, HEADER + COUNT * ROW_BYTES);
  for (const row of PROBED) writeSync(file, probedRow(row), 0, ROW_BYTES, HEADER + row * ROW_BYTES);
  closeSync(file);

  const { child, ended } = start(['index', input, '--out', output, '--on-invalid', 'skip', '--json', '--threads', '2']);
  let peakKb = 0;
  const sampling = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peakKb = Math.max(peakKb, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
  }, 20);
  try {
    const { status, stdout, stderr } = await ended;
    expect(stderr).not.toContain('error');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      vectors: COUNT,
      indexed: PROBED.length,
      rejected: COUNT - PROBED.length,
    });
    expect(peakKb).toBeGreaterThan(0);
    expect(peakKb).toBeLessThan(MOST_RESIDENT_KB);
    expect(statSync(output).size).toBe(HEADER + COUNT * ROW_BYTES);
    const result = openSync(output, 'r');
    for (const row of PROBED) {
      const found = new Float32Array(DIMS);
      readSync(result, found, 0, ROW_BYTES, HEADER + row * ROW_BYTES);
      expectClose(found, reference([...probedRow(row)]).row);
    }
    closeSync(result);
  } finally {
    clearInterval(sampling);
    for (const path of [input, output]) rmSync(path, { force: true });
  }
});
