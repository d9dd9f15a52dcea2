/**
 * `simdex index --what-if`, `--verify` and `--auto-optimize` on files.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { npyBytes, randomRows, runRefused, runWell, temporaryDirectory } from './support.js';

const DIMS = 32;
/** More than one chunk of 8 MiB. */
const COUNT = 90_000;

const directory = temporaryDirectory();
const input = directory.write('rows.npy', npyBytes(randomRows(COUNT, DIMS, 9)));
const empty = directory.write('empty.npy', npyBytes([], `(0, ${DIMS})`));

interface Prediction {
  readonly threads: number;
  readonly batchSize: number | null;
  readonly predictedMs: number;
}
interface WhatIf {
  readonly measuredMs: number;
  readonly predictions: readonly Prediction[];
  readonly best: Prediction;
  readonly verifiedMs: number | null;
  readonly error: number | null;
}

test('--what-if predicts as many threads as there are processors, and other batch sizes', async () => {
  const { stdout } = await runWell(['index', input, '--threads', '2', '--what-if', '--json']);
  const { whatIf } = JSON.parse(stdout) as { whatIf: WhatIf };
  const { measuredMs, predictions, best, verifiedMs, error } = whatIf;
  expect(error).toBeGreaterThan(0);
  expect(measuredMs).toBeGreaterThan(0);
  expect(verifiedMs).toBeNull();
  const threads = new Set(predictions.map((each) => each.threads));
  expect(threads).toContain(1);
  expect(threads).toContain(2);
  expect(Math.max(...threads)).toBeLessThanOrEqual(Math.max(2, availableParallelism()));
  expect(new Set(predictions.map(({ batchSize }) => batchSize))).toEqual(new Set([null, 64, 256, 1024, 4096]));
  for (const { predictedMs } of predictions) expect(predictedMs).toBeGreaterThan(0);
  expect(predictions).toContainEqual(best);
});

test('--verify runs the best prediction, and prints both beside each other', async () => {
  const { stdout } = await runWell(['index', input, '--threads', '2', '--verify', '--json']);
  const { whatIf, vectors, written } = JSON.parse(stdout);
  expect(whatIf.verifiedMs).toBeGreaterThan(0);
  expect(whatIf.best.predictedMs).toBeGreaterThan(0);
  // Counted once, and written once.
  expect(vectors).toBe(COUNT);
  expect(written).toEqual([]);
});

test('people get a table', async () => {
  const out = directory.at('unit.npy');
  const { stdout } = await runWell(['index', input, '--threads', '2', '--verify', '--out', out]);
  expect(stdout).toMatch(
    /^What if \(indexing alone took [\d.,]+ (µs|ms|s)\):\n {2}threads {2}batch size {3}predicted\n/m,
  );
  expect(stdout).toMatch(/^ {8}2 {3}as it was +[\d.,]+ (µs|ms|s)( {2}best)?$/m);
  expect(stdout).toMatch(/^ {8}1 {7}1,024 +[\d.,]+ (µs|ms|s)( {2}best)?$/m);
  expect(stdout.match(/ {2}best$/gm)).toHaveLength(1);
  expect(stdout).toMatch(
    /^Verified: \d+ threads, batch size [\w, ]+: predicted .* measured [\d.,]+ (µs|ms|s) \([\d.,]+ %\)$/m,
  );
});

test('without them nothing is predicted, and of nothing neither', async () => {
  expect(JSON.parse((await runWell(['index', input, '--json'])).stdout)).not.toHaveProperty('whatIf');
  const { stdout } = await runWell(['index', empty, '--verify', '--json']);
  expect(JSON.parse(stdout).whatIf).toEqual({
    error: null,
    measuredMs: 0,
    predictions: [],
    best: null,
    verifiedMs: null,
  });
  expect((await runWell(['index', empty, '--what-if'])).stdout).toMatch(/^What if: nothing was indexed/m);
});

test('--verify refuses what cannot be read again, before reading it', async () => {
  const pipe = directory.at('pipe.npy');
  execFileSync('mkfifo', [pipe]);
  await runRefused(
    ['index', pipe, '--verify'],
    2,
    /--verify reads the files again, and .*pipe\.npy is no regular file/,
  );
});

test('--auto-optimize tunes from chunk to chunk, and tells what it changed', async () => {
  // Longer rows make fewer batches of one row in a chunk, each of which a thread may have to be woken for.
  const rows = directory.write('long.npy', npyBytes(randomRows(12_000, 256, 9)));
  const command = ['index', rows, rows, '--threads', '2', '--batch-size', '1'];
  expect(JSON.parse((await runWell([...command, '--json'])).stdout)).not.toHaveProperty('optimizations');
  const tuned = JSON.parse((await runWell([...command, '--json', '--auto-optimize'])).stdout);
  expect(tuned.optimizations[0]).toMatchObject({ action: 'batchSize', when: 'between' });
  const { stdout } = await runWell([...command, '--auto-optimize']);
  expect(stdout).toMatch(
    /^ {2}tuned {7}\d+ → [\d,]+ vectors in a batch, ([\d.]+ times as fast, )?(kept|taken back|measuring)$/m,
  );
});

test('no run waits for threads to start', async () => {
  const { stdout } = await runWell(['index', input, '--threads', '2', '--json']);
  expect(JSON.parse(stdout).recommendations.join()).not.toContain('threads to start');
});

test('a report says how fast the memory is', async () => {
  const conditionsOfRun = async () => {
    await runWell(['index', input, '--report', directory.at('report.json')]);
    return JSON.parse(directory.read('report.json').toString()).conditions;
  };
  // Not said where a thread had no processor in time, as on a busy machine.
  let conditions = await conditionsOfRun();
  for (let attempt = 1; attempt < 20 && !conditions.memory; attempt++) conditions = await conditionsOfRun();
  expect(conditions.memory.bytesPerMs).toBeGreaterThan(0);
  expect(conditions.runs).toBeGreaterThan(1);
});
