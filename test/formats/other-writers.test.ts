import { tableToIPC } from 'apache-arrow';
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { arrowTable, h5File, ids, parquetFile, rows, runPython } from './samples.js';
import { bytesOf, collectRows, dictOf, expectRefusal, npyBytes, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const read = (bytes: Uint8Array, name: string) =>
  collectRows(readVectors(new File([Uint8Array.from(bytes)], name), { chunkVectors: 2 }));

test('Arrow streams, uncompressed Parquet of one row group, and compressed HDF5 under the name train', async () => {
  expect(await read(tableToIPC(arrowTable(), 'stream'), 'x.arrow')).toEqual({ rows, ids });
  expect(await read(parquetFile('UNCOMPRESSED', [3]), 'x.parquet')).toEqual({ rows, ids });
  expect(await read(await h5File('train', [2, 2]), 'x.h5')).toEqual({ rows, ids: [] });
});

test('an .npz of vectors beside labels, whatever they are called', async () => {
  const matrix = npyBytes({ dict: dictOf('<f4', '(3, 4)'), data: bytesOf(Float32Array.from(rows.flat())) });
  const labels = npyBytes({ dict: dictOf('<i8', '(3,)'), data: new Uint8Array(24) });
  const weights = npyBytes({ dict: dictOf('<f4', '(3,)'), data: new Uint8Array(12) });
  const damaged = new Uint8Array(20);
  const others = { 'labels.npy': labels, 'weights.npy': weights, 'damaged.npy': damaged };
  for (const level of [0, 6] as const) {
    const archive = zipSync({ ...others, 'embeddings.npy': matrix }, { level });
    expect(await read(archive, 'x.npz')).toEqual({ rows, ids: [] });
  }
  await expectRefusal(
    () => read(zipSync({ 'a.npy': matrix, 'b.npy': matrix }), 'x.npz'),
    /several arrays hold rows of numbers, "a", "b"; name one by the option column/,
    'InvalidConfiguration',
  );
  await expectRefusal(
    () => read(zipSync(others), 'x.npz'),
    /one alone, of rows of numbers, found "labels", "weights", "damaged"/,
  );
});

test('what NumPy saves', async ({ skip }) => {
  const program = `import sys, numpy as n
a = n.array(${JSON.stringify(rows)})
n.savez(sys.argv[1] + '/s.npz', a.astype('<f4'))
n.savez_compressed(sys.argv[1] + '/c.npz', vectors=a, other=n.zeros(3))
n.savez(sys.argv[1] + '/e.npz', embeddings=a, labels=n.arange(3), names=n.array(['x', 'y', 'z'], dtype=object))`;
  if (runPython(['numpy'], program, [directory.at('')]) === undefined) return skip('there is no Python with numpy');
  for (const name of ['s.npz', 'c.npz', 'e.npz'])
    expect(await collectRows(readVectors(directory.at(name)))).toEqual({ rows, ids: [] });
});

test('what h5py saves', async ({ skip }) => {
  const program = `import sys, h5py, numpy as n
f = h5py.File(sys.argv[1], 'w')
f.create_dataset('vectors', data=n.array(${JSON.stringify(rows)}), compression='gzip', chunks=(2, 3))
f.close()`;
  if (runPython(['h5py'], program, [directory.at('p.h5')]) === undefined) return skip('there is no Python with h5py');
  expect(await collectRows(readVectors(directory.at('p.h5')))).toEqual({ rows, ids: [] });
});
