import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { createColumnWriter, createVectorWriter, writeVectors } from '../../src/formats/node/write-vectors.js';
import { createNpyHeader, readNpyHeader } from '../../src/formats/npy-header.js';
import type { VectorFormat } from '../../src/formats/registry.js';
import type { VectorMatrix } from '../../src/vectors/vector-source.js';
import { runsOf } from '../seed.js';
import {
  bitsOf,
  bytesOf,
  collect,
  createRandom,
  dictOf,
  expectClosed,
  expectRefusal,
  fvecsBytes,
  memorySource,
  npyBytes,
  temporaryDirectory,
} from './support.js';

const directory = temporaryDirectory();
const binary: VectorFormat[] = ['npy', 'fvecs', 'fbin', 'safetensors'];
const formats: VectorFormat[] = [...binary, 'csv'];

/** Any bits, in shared or ordinary memory, as a subarray at any float32 offset. */
function randomMatrix(random: (below: number) => number, rows: number, dims: number): VectorMatrix {
  const offset = random(5);
  const bytes = (offset + rows * dims + random(3)) * 4;
  const buffer = random(2) === 0 ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  const words = new Uint32Array(buffer);
  for (let i = 0; i < words.length; i++) words[i] = random(2 ** 32);
  return { data: new Float32Array(buffer, offset * 4, rows * dims), dims };
}

function matrixOf(rows: number, dims: number): VectorMatrix {
  return { data: Float32Array.from({ length: rows * dims }, (_, i) => i), dims };
}

async function expectOnly(place: string, names: string[]): Promise<void> {
  expect((await readdir(place)).sort()).toEqual(names);
}

test.each(binary)('what is written as .%s is read back bit for bit', async (format) => {
  const file = directory.at(`round-trip.${format}`);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 70 }),
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer(),
      async (dims, rowsOfChunks, chunkVectors, seed) => {
        const random = createRandom(seed);
        const chunks = rowsOfChunks.map((rows) => randomMatrix(random, rows, dims));
        await writeVectors(file, chunks, { dims });
        const found = await collect(readVectors(file, { chunkVectors, dims }));
        expect(bitsOf(found)).toEqual(bitsOf(chunks));
      },
    ),
    runsOf(500),
  );
});

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const anyId = fc.string({ unit: 'binary', maxLength: 6 });

test.each(['csv', 'jsonl'] as const)(
  'finite numbers of any kind written as .%s are read back, and ids where the format is written with them',
  async (format) => {
    const file = directory.at(`text.${format}`);
    const chunk = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 })).chain(([dims, count]) =>
      fc.record({
        dims: fc.constant(dims),
        data: fc
          .array(finite, { minLength: dims * count, maxLength: dims * count })
          .map((row) => Float32Array.from(row)),
        ids: fc.array(fc.oneof(anyId, fc.maxSafeInteger()), { minLength: count, maxLength: count }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(chunk, fc.boolean(), async ({ dims, data, ids }, withIds) => {
        await writeVectors(file, [withIds ? { dims, data, ids } : { dims, data }]);
        const found = await collect(readVectors(file));
        expect(bitsOf(found)).toEqual(bitsOf([{ data, dims }]));
        expect(found.flatMap((matrix) => matrix.ids ?? [])).toEqual(withIds && format === 'jsonl' ? ids : []);
      }),
      runsOf(300),
    );
  },
);

test('.npy is written as the published format has it', async () => {
  const file = directory.at('golden.npy');
  await writeVectors(file, [matrixOf(2, 3), matrixOf(1, 3)]);
  const data = bytesOf(Float32Array.of(0, 1, 2, 3, 4, 5, 0, 1, 2));
  expect([...(await readFile(file))]).toEqual([...npyBytes({ dict: dictOf('<f4', '(3, 3)'), data })]);
});

test('.fvecs is written as the published format has it, across staging memory', async () => {
  const file = directory.at('golden.fvecs');
  await writeVectors(file, [{ data: Float32Array.of(1, 2, 3, 4), dims: 2 }]);
  expect([...(await readFile(file))]).toEqual([
    ...fvecsBytes([
      [1, 2],
      [3, 4],
    ]),
  ]);
  const large = matrixOf(300_001, 3);
  await writeVectors(file, [large]);
  expect((await stat(file)).size).toBe(300_001 * 16);
  const [found] = await collect(readVectors(file, { chunkVectors: 300_001 }));
  expect(found!.data.every((value, i) => value === Math.fround(i))).toBe(true);
});

test('a column is a 1-D .npy array', async () => {
  const file = directory.at('column.npy');
  const writer = await createColumnWriter(file);
  await writer.write(Float32Array.of(1, 2));
  await writer.write(new Float32Array(0));
  await writer.write(Float32Array.of(3));
  expect(writer.count).toBe(3);
  await writer.finish();
  const data = bytesOf(Float32Array.of(1, 2, 3));
  expect([...(await readFile(file))]).toEqual([...npyBytes({ dict: dictOf('<f4', '(3,)'), data })]);
  await (await createColumnWriter(file)).finish();
  expect([...(await readFile(file))].length).toBe(128);
  await expectRefusal(
    () => createColumnWriter(directory.at('column.fvecs')),
    /\.fvecs holds vectors only; name a \.npy file/,
    'InvalidConfiguration',
  );
});

test('the header has room for any shape', async () => {
  for (const shape of [[0], [2 ** 53 - 1], [0, 1], [2 ** 53 - 1, 2 ** 31 - 1]]) {
    const header = createNpyHeader(shape);
    expect(header.length).toBe(128);
    expect(header[127]).toBe(10);
    expect(await readNpyHeader(memorySource(header))).toEqual({
      descr: '<f4',
      fortranOrder: false,
      shape,
      dataOffset: 128,
    });
  }
});

test.each(['csv', 'fvecs', 'jsonl'])('a .%s file without rows is empty', async (format) => {
  const file = directory.at(`none.${format}`);
  await writeVectors(file, []);
  expect((await readFile(file)).length).toBe(0);
});

test.each(formats.filter((format) => !['csv', 'fvecs'].includes(format)))(
  'a .%s file without rows needs dims',
  async (format) => {
    const place = directory.at(`empty-${format}`);
    await mkdir(place);
    const file = join(place, `x.${format}`);
    await expectRefusal(
      () => writeVectors(file, []),
      /no rows were written; give dims for a file without rows/,
      'InvalidConfiguration',
    );
    await expectOnly(place, []);
    await writeVectors(file, [], { dims: 4 });
    expect(await collect(readVectors(file, { dims: 4 }))).toEqual([]);
  },
);

test.each(formats)('when a chunk of .%s fails, the source is closed and the old file is whole', async (format) => {
  const place = directory.at(`failing-${format}`);
  await mkdir(place);
  const file = join(place, `x.${format}`);
  await writeFile(file, 'old');
  let closed = false;
  async function* failing(): AsyncGenerator<VectorMatrix> {
    yield matrixOf(1000, 8);
    throw new Error('the source broke');
  }
  function* ragged(): Generator<VectorMatrix> {
    try {
      yield matrixOf(2, 3);
      yield matrixOf(2, 4);
    } finally {
      closed = true;
    }
  }
  await expect(writeVectors(file, failing())).rejects.toThrow('the source broke');
  await expectRefusal(
    () => writeVectors(file, ragged()),
    /expected rows of 3 components, got 4 at row 2/,
    'InvalidConfiguration',
  );
  expect(closed).toBe(true);
  const partial = [{ data: new Float32Array(5), dims: 2 }];
  await expectRefusal(
    () => writeVectors(file, partial),
    /expected whole rows of 2 components, got 5 numbers at row 0/,
    'InvalidConfiguration',
  );
  await expectRefusal(
    () => writeVectors(file, [{ data: new Float32Array(0), dims: 0 }]),
    /dims must be a positive integer/,
    'InvalidConfiguration',
  );
  await expectOnly(place, [`x.${format}`]);
  expect(await readFile(file, 'utf8')).toBe('old');
  await expectClosed(place);
});

test('a writer refuses overlapping calls and calls after the end, and counts its rows', async () => {
  const file = directory.at('writer.npy');
  const writer = await createVectorWriter(file, { dims: 2 });
  const under = writer.write(matrixOf(1000, 2));
  await expectRefusal(
    () => writer.write(matrixOf(1, 2)),
    /a call is still under way; wait for its promise/,
    'InvalidConfiguration',
  );
  await under;
  expect(writer.count).toBe(1000);
  await writer.finish();
  await expectRefusal(() => writer.write(matrixOf(1, 2)), /it was finished before/, 'Disposed');
  expect((await collect(readVectors(file)))[0]!.data.length).toBe(2000);
  const aborted = await createVectorWriter(file, { dims: 2 });
  const write = aborted.write(matrixOf(100_000, 2));
  await aborted.abort();
  await Promise.allSettled([write]);
  await expectRefusal(() => aborted.finish(), /it was aborted before/, 'Disposed');
  expect((await collect(readVectors(file)))[0]!.data.length).toBe(2000);
});

test('a count given beforehand is kept to', async () => {
  const file = directory.at('counted.npy');
  await writeVectors(file, [matrixOf(3, 2)], { count: 3 });
  expect((await collect(readVectors(file)))[0]!.data.length).toBe(6);
  await expectRefusal(
    () => writeVectors(file, [matrixOf(4, 2)], { count: 3 }),
    /expected 3 rows, as count says, got 4/,
    'InvalidConfiguration',
  );
  await expectRefusal(
    () => writeVectors(file, [matrixOf(2, 2)], { count: 3 }),
    /expected 3 rows, as count says, got 2/,
    'InvalidConfiguration',
  );
});

test('options out of their domain are refused by name', async () => {
  const file = directory.at('options.npy');
  await expectRefusal(
    () => createVectorWriter(file, { dims: 0 }),
    /dims must be a positive integer, got 0/,
    'InvalidConfiguration',
  );
  await expectRefusal(
    () => createVectorWriter(file, { dims: 2 ** 31 }),
    /rows of at most 2147483647 components/,
    'InvalidConfiguration',
  );
  await expectRefusal(
    () => createVectorWriter(file, { count: -1 }),
    /count must be a non-negative integer, got -1/,
    'InvalidConfiguration',
  );
  await expectRefusal(
    () => createVectorWriter(directory.at('x.bin')),
    /file must be a name that ends in/,
    'InvalidConfiguration',
  );
  await expectRefusal(() => createVectorWriter(''), /file must be a path/, 'InvalidConfiguration');
  expect((await directory.names()).filter((name) => name.startsWith('.') || name.startsWith('options'))).toEqual([]);
});

test('a pipe gets .npy when the count is known, and .fvecs always', async ({ skip }) => {
  if (process.platform === 'win32') return skip('Windows has no such pipes');
  const pipe = directory.at('pipe');
  execFileSync('mkfifo', [pipe]);
  const sent = matrixOf(50_000, 3);
  for (const options of [{ format: 'npy', count: 50_000 }, { format: 'fvecs' }] as const) {
    const reader = spawn('cat', [pipe]);
    const received: Buffer[] = [];
    reader.stdout.on('data', (bytes: Buffer) => received.push(bytes));
    const ended = new Promise((resolve) => reader.on('close', resolve));
    await writeVectors(pipe, [sent], options);
    await ended;
    const copy = directory.at(`from-pipe.${options.format}`);
    await writeFile(copy, Buffer.concat(received));
    expect(bitsOf(await collect(readVectors(copy)))).toEqual(bitsOf([sent]));
  }
  await expectRefusal(
    () => createVectorWriter('/dev/null', { format: 'npy', dims: 2 }),
    /a \.npy header needs the count of rows first, and this is a pipe or device: give count/,
    'InvalidConfiguration',
  );
});

test('a full device is refused and stays what it is', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('needs /dev/full');
  await expectRefusal(
    () => writeVectors('/dev/full', [matrixOf(2, 2)], { format: 'fvecs' }),
    /cannot write \/dev\/full: the disk is full; free some space or choose another place/,
    'FileAccess',
  );
  expect((await stat('/dev/full')).isCharacterDevice()).toBe(true);
});

test('a full disk leaves the old file and nothing half-written', async ({ skip }) => {
  const place = directory.at('small-disk');
  await mkdir(place);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', place], { stdio: 'ignore' });
  } catch {
    return skip('mounting a small disk needs root on Linux');
  }
  try {
    for (const format of formats) {
      const file = join(place, `x.${format}`);
      await writeFile(file, 'old');
      const chunks = Array.from({ length: 40 }, () => matrixOf(100, 100));
      const refusal = await expectRefusal(() => writeVectors(file, chunks), /x\.\w+: the disk is full/, 'FileAccess');
      expect(refusal.cause).toMatchObject({ code: 'ENOSPC' });
      expect(await readFile(file, 'utf8')).toBe('old');
    }
    await expectOnly(place, formats.map((format) => `x.${format}`).sort());
  } finally {
    execFileSync('umount', [place]);
  }
});
