/**
 * Sources that are read from front to back: standard input, pipes by name, and what cannot be read so.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openVectors, readVectors } from '../../src/formats/node/read-vectors.js';
import { formatOf, type VectorFormat, vectorFormats } from '../../src/formats/registry.js';
import { byteRows, ids, rows, samples } from './samples.js';
import { collectRows, expectRefusal, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const forward = vectorFormats.filter((name) => formatOf('', name as VectorFormat).format.readsPipes) as VectorFormat[];

let pipes = 0;
/** A pipe that holds `bytes`, written in pieces of `pieceBytes`. */
function pipeOf(bytes: Uint8Array, extension: string, pieceBytes = 7): string {
  const path = directory.at(`pipe${pipes++}.${extension}`);
  execFileSync('mkfifo', [path]);
  const stream = createWriteStream(path);
  stream.on('error', () => undefined);
  for (let at = 0; at < bytes.length; at += pieceBytes) stream.write(bytes.subarray(at, at + pieceBytes));
  stream.end();
  return path;
}

test('what is read from front to back', () => {
  expect(forward.toSorted()).toEqual(['bvecs', 'csv', 'fbin', 'fvecs', 'jsonl', 'npy']);
});

describe.skipIf(process.platform === 'win32').each(forward)('.%s through a pipe', (name) => {
  const expected = { rows: name === 'bvecs' ? byteRows : rows, ids: ['jsonl', 'csv'].includes(name) ? ids : [] };

  test('gives the rows, in any chunks, and says no more than a header does', async () => {
    const bytes = await samples[name]!();
    for (const chunkVectors of [1, 2, undefined])
      expect(await collectRows(readVectors(pipeOf(bytes, name), { chunkVectors }))).toEqual(expected);
    const vectors = await openVectors(pipeOf(bytes, name));
    expect(vectors.createReader).toBeUndefined();
    expect(await collectRows(vectors.chunks())).toEqual(expected);
    await vectors.close();
  });

  test('cut short, or with bytes behind it, it is refused where its length is told', async () => {
    const bytes = await samples[name]!();
    if (!['jsonl', 'csv'].includes(name))
      await expectRefusal(() => collectRows(readVectors(pipeOf(bytes.slice(0, -1), name))), /pipe\d+\.\w+, .*the end/);
    if (['npy', 'fbin'].includes(name))
      await expectRefusal(() => collectRows(readVectors(pipeOf(Uint8Array.of(...bytes, 0), name))), /trailing bytes/);
    if (['npy', 'fbin'].includes(name))
      await expectRefusal(() => collectRows(readVectors(pipeOf(new Uint8Array(0), name))));
  });

  test('an early return closes it', async () => {
    for await (const { dims } of readVectors(pipeOf(await samples[name]!(), name), { chunkVectors: 1 })) {
      expect(dims).toBe(4);
      break;
    }
  });
});

test.skipIf(process.platform === 'win32')('a pipe can be read once', async () => {
  const vectors = await openVectors(pipeOf(await samples['npy']!(), 'npy'));
  await collectRows(vectors.chunks());
  await expectRefusal(() => collectRows(vectors.chunks()), /a pipe can be read once/, 'FileAccess');
  await vectors.close();
});

describe('standard input', () => {
  const program = `
    import { readVectors } from ${JSON.stringify(new URL('../../dist/index.node.js', import.meta.url).href)};
    const rows = [];
    for await (const { data, dims } of readVectors('-', { format: process.argv[1] }))
      for (let at = 0; at < data.length; at += dims) rows.push([...data.subarray(at, at + dims)]);
    console.log(JSON.stringify(rows));`;
  const run = (format: string, input: Uint8Array | undefined, redirect = '') =>
    new Promise<string>((resolve, reject) => {
      const node = `exec "${process.execPath}" --input-type=module -e "$PROGRAM" ${format} ${redirect}`;
      const child = spawn('sh', ['-c', node], { env: { ...process.env, PROGRAM: program } });
      let out = '';
      child.stdout.on('data', (text) => (out += text));
      child.stderr.on('data', (text) => (out += text));
      child.on('error', reject);
      child.on('close', () => resolve(out));
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });

  test.skipIf(process.platform === 'win32')('is read as a pipe, and as a file where it is one', async () => {
    for (const name of ['npy', 'csv', 'fvecs'])
      expect(JSON.parse(await run(name, await samples[name]!()))).toEqual(rows);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(directory.at('x.parquet'), await samples['parquet']!());
    expect(JSON.parse(await run('parquet', undefined, `< ${directory.at('x.parquet')}`))).toEqual(rows);
    expect(await run('parquet', await samples['parquet']!())).toContain(
      'standard input is a pipe, and .parquet is not',
    );
  });
});
