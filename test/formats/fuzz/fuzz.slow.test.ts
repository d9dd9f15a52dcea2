/**
 * Every reader on damaged files: each ends in rows or in the contract's error, in time, and never in a hang. They are read in a child
 * process, which is killed where one file holds it. The seed is new each day; `SIMDEX_FUZZ_SEED` repeats one, and `SIMDEX_FUZZ=20000` reads
 * ten times as many.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tableToIPC } from 'apache-arrow';
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { type VectorFormat, vectorFormats } from '../../../src/formats/registry.js';
import { arrowTable, h5File, parquetFile, rows, samples } from '../samples.js';
import { bytesOf, dictOf, npyBytes, temporaryDirectory } from '../support.js';

const directory = temporaryDirectory();
const ROUNDS = Number(process.env['SIMDEX_FUZZ'] ?? 2000);
const SEED = Number(process.env['SIMDEX_FUZZ_SEED'] ?? Math.floor(Date.now() / 86_400_000) * 1_000_003);
/** For one file, on a machine that may be busy with other tests. */
const LIMIT_MS = 30_000;

console.log(`fuzzing with SIMDEX_FUZZ_SEED=${SEED} SIMDEX_FUZZ=${ROUNDS}`);

const text = (content: string) => new TextEncoder().encode(content);
const columns = npyBytes({ dict: dictOf('>i2', '(3, 4)', 'True'), data: bytesOf(Int16Array.from(rows.flat())) });

/** Valid files beside the samples, of other kinds of the same format. */
const more: Partial<Record<VectorFormat, () => Promise<Uint8Array[]>>> = {
  npy: async () => [columns],
  npz: async () => [zipSync({ 'a.npy': columns, 'vectors.npy': columns }, { level: 0 })],
  jsonl: async () => [text('[1,NaN,3]\n{"id":7,"vector":null,"x":{"y":["z\\u0041"]}}\n')],
  csv: async () => [text('x,"id",vector\n1,"a ""b""\n","[1, 2.5e-3]"\n'), text('0,1\n"1",\nnan,-inf\n')],
  parquet: async () => [parquetFile('UNCOMPRESSED', [3])],
  arrow: async () => [
    tableToIPC(arrowTable(), 'stream'),
    await fixture('polars-lz4.arrow'),
    await fixture('polars-zstd.arrow'),
  ],
  h5: async () => [await h5File('train', [2, 4])],
};

async function fixture(name: string): Promise<Uint8Array> {
  const { readFile } = await import('node:fs/promises');
  return new Uint8Array(await readFile(new URL(`../fixtures/${name}`, import.meta.url)));
}

interface Told {
  readonly round: number;
  readonly failure?: string;
  readonly read?: number;
  readonly refused?: number;
}

/** Reads the rounds; gives what was told last, and whether it ended by itself. */
async function run(format: string, paths: readonly string[]): Promise<{ last: Told | undefined; hangs: boolean }> {
  const program = fileURLToPath(new URL('./read-damaged.mjs', import.meta.url));
  const library = new URL('../../../dist/index.node.js', import.meta.url).href;
  const args = [program, library, format, String(SEED), '0', String(ROUNDS), ...paths];
  const child = spawn(process.execPath, ['--max-old-space-size=512', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let last: Told | undefined;
  let hangs = false;
  const stop = () => {
    hangs = true;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(stop, LIMIT_MS);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(stop, LIMIT_MS);
    last = JSON.parse(line) as Told;
  }
  clearTimeout(timer);
  return { last, hangs };
}

test.each(vectorFormats as VectorFormat[])('.%s', { timeout: 3_600_000 }, async (format) => {
  const valid = [await samples[format]!(), ...((await more[format]?.()) ?? [])];
  const paths = valid.map((_, i) => directory.at(`valid-${i}.${format}`));
  for (const [i, path] of paths.entries()) await writeFile(path, valid[i]!);
  const { last, hangs } = await run(format, paths);
  const where = `SIMDEX_FUZZ_SEED=${SEED}, round ${(last?.round ?? -1) + (last?.failure ? 0 : 1)}`;
  if (hangs) expect.fail(`a file was not read within ${LIMIT_MS} ms: ${where}`);
  expect(last?.failure, where).toBeUndefined();
  // Neither is everything refused, nor is everything read.
  expect(last, where).toMatchObject({ round: ROUNDS - 1 });
  expect(last!.read, where).toBeGreaterThan(0);
  expect(last!.refused, where).toBeGreaterThan(0);
});
