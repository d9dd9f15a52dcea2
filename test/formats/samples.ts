/**
 * Small valid files of every format that is read, made by hand or by the packages' own writers: three rows of four
 * components, with the ids a, b and c where the format has ids.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Field, FixedSizeList, Float32, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { zipSync } from 'fflate';
import h5wasm from 'h5wasm/node';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { createSafetensorsHeader } from '../../src/formats/safetensors-header.js';
import { bytesOf, dictOf, fvecsBytes, npyBytes } from './support.js';

export const rows: readonly (readonly number[])[] = [
  [1, -2, 3.5, 0.25],
  [4, 5, 6, 7],
  [8, 9, 10, 11.125],
];
/** For formats whose numbers are bytes. */
export const byteRows: readonly (readonly number[])[] = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
  [9, 10, 11, 255],
];
export const ids: readonly string[] = ['a', 'b', 'c'];

const floats = bytesOf(Float32Array.from(rows.flat()));
const concat = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const text = (content: string) => new TextEncoder().encode(content);
const npyFile = npyBytes({ dict: dictOf('<f4', '(3, 4)'), data: floats });

function safetensorsFile(): Uint8Array {
  const header = createSafetensorsHeader({
    vectors: { dtype: 'F32', shape: [3, 4] },
    ids_bytes: { dtype: 'U8', shape: [3] },
    ids_offsets: { dtype: 'I64', shape: [4] },
  });
  return concat(header, floats, text('abc'), bytesOf(BigInt64Array.of(0n, 1n, 2n, 3n)));
}

function bvecsFile(): Uint8Array {
  return concat(...byteRows.flatMap((row) => [bytesOf(Int32Array.of(row.length)), Uint8Array.from(row)]));
}

export function arrowTable(): Table {
  const list = new FixedSizeList(4, new Field('item', new Float32(), true));
  return new Table({
    id: vectorFromArray([...ids], new Utf8()),
    vector: vectorFromArray(
      rows.map((row) => [...row]),
      list,
    ),
  });
}

export function parquetFile(codec: 'UNCOMPRESSED' | 'SNAPPY', rowGroupSize: number[] = [2, 1]): Uint8Array {
  const schema = [
    { name: 'root', num_children: 2 },
    { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ] as const;
  const columnData = [
    { name: 'id', data: [...ids] },
    { name: 'vector', data: rows.map((row) => [...row]) },
  ];
  return new Uint8Array(parquetWriteBuffer({ codec, rowGroupSize, columnData, schema: [...schema] }));
}

/** An .h5 file of one dataset; `chunks` makes it a compressed one. */
export async function h5File(name = 'vectors', chunks?: number[]): Promise<Uint8Array> {
  await h5wasm.ready;
  const directory = mkdtempSync(join(tmpdir(), 'simdex-h5-'));
  try {
    const path = join(directory, 'made.h5');
    const file = new h5wasm.File(path, 'w');
    const data = Float32Array.from(rows.flat());
    const compression = chunks && { chunks, compression: 'gzip' as const };
    file.create_dataset({ name, data, shape: [3, 4], dtype: '<f4', ...compression });
    file.close();
    return new Uint8Array(readFileSync(path));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const samples: Readonly<Record<string, () => Uint8Array | Promise<Uint8Array>>> = {
  npy: () => npyFile,
  npz: () => zipSync({ 'vectors.npy': [npyFile, { level: 6 }] }),
  fvecs: () => fvecsBytes(rows),
  bvecs: bvecsFile,
  fbin: () => concat(bytesOf(Uint32Array.of(3, 4)), floats),
  safetensors: safetensorsFile,
  jsonl: () => text(rows.map((vector, row) => `${JSON.stringify({ id: ids[row], vector })}\n`).join('')),
  csv: () => text(`id,w,x,y,z\n${rows.map((row, i) => `${ids[i]},${row.join(',')}\n`).join('')}`),
  parquet: () => parquetFile('SNAPPY'),
  arrow: () => tableToIPC(arrowTable(), 'file'),
  h5: () => h5File(),
};

/** The output of a Python that has `modules`; undefined where there is none. */
export function runPython(
  modules: readonly string[],
  program: string,
  args: readonly string[] = [],
): string | undefined {
  for (const python of ['python3', '/usr/bin/python3']) {
    try {
      execFileSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
    } catch {
      continue;
    }
    return execFileSync(python, ['-c', program, ...args], { encoding: 'utf8' });
  }
  return undefined;
}
