/**
 * What may be a row and a component, for the asynchronous look at a source and for the one at once: they are to say the same.
 */
import { describe, expect, test } from 'vitest';
import { TimeSlices } from '../../src/base/time.js';
import { describeNow, describeSource, MAX_ROWS_AT_ONCE, type SourceRows } from '../../src/vectors/source-rows.js';
import type { VectorSource } from '../../src/vectors/vector-source.js';

type Describe = (source: VectorSource, target?: ArrayBufferLike) => Promise<SourceRows>;

const ways: [string, Describe][] = [
  ['describeSource', (source, target) => describeSource(source, new TimeSlices(), target)],
  ['describeNow', async (source, target) => describeNow(source, target)],
];

/** All rows in processing order, as they are copied. */
function copied({ groups, copyInto }: SourceRows): number[][] {
  const rows: number[][] = [];
  for (const { dims, count } of groups) {
    const data = new Float32Array(count * dims).fill(Number.NaN);
    copyInto(data, rows.length, count, dims);
    for (let row = 0; row < count; row++) rows.push([...data.subarray(row * dims, (row + 1) * dims)]);
  }
  return rows;
}

function detached<T extends ArrayBufferView>(view: T): T {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
  return view;
}

function outOfBounds(): Float32Array {
  const buffer = new ArrayBuffer(16, { maxByteLength: 16 } as never) as ArrayBuffer & { resize(bytes: number): void };
  const view = new Float32Array(buffer, 8, 2);
  buffer.resize(8);
  return view;
}

describe.each(ways)('%s', (_, describeIt) => {
  test.each([
    ['Float32Array', Float32Array],
    ['Float64Array', Float64Array],
    ['Int8Array', Int8Array],
    ['Uint8Array', Uint8Array],
    ['Uint8ClampedArray', Uint8ClampedArray],
    ['Int16Array', Int16Array],
    ['Uint16Array', Uint16Array],
    ['Int32Array', Int32Array],
    ['Uint32Array', Uint32Array],
  ])('rows of %s, short and long, are copied as their numbers', async (_kind, Kind) => {
    const long = Array.from({ length: 40 }, (_, i) => i);
    const source = [Kind.from([3, 4, 5]), Kind.from(long), Kind.from([7, 8, 9])];
    const rows = await describeIt(source);
    expect(copied(rows)).toEqual([[3, 4, 5], [7, 8, 9], long]);
    expect(rows.order).toEqual(Uint32Array.of(0, 2, 1));
  });

  test('float64 beyond float32 and between two of it is rounded as a Float32Array rounds it', async () => {
    const numbers = [0.1, 1e39, -1e39, 1e-50, 16_777_217];
    expect(copied(await describeIt([Float64Array.from(numbers), numbers]))).toEqual([
      [...Float32Array.from(numbers)],
      [...Float32Array.from(numbers)],
    ]);
  });

  const wrong: [string, unknown, string][] = [
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['a string of digits', '3', '"3"'],
    ['true', true, 'true'],
    ['a nested array', [1], 'an array of 1'],
    ['a bigint', 3n, '3'],
    ['an object', { valueOf: () => 3 }, 'an object (Object)'],
    ['a Number object', Object(3), 'an object (Number)'],
  ];
  test.each(wrong)('%s for a component is refused with its row and position', async (_what, component, found) => {
    for (const dims of [3, 40]) {
      const bad = Array.from({ length: dims }, (_, i) => (i === dims - 1 ? component : i)) as number[];
      const rows = await describeIt([[1], [2], bad]);
      expect(() => copied(rows)).toThrow(
        expect.objectContaining({
          code: 'InvalidConfiguration',
          vectorIndex: 2,
          message: `Invalid indexing configuration: vectors[2][${dims - 1}] must be a number, got ${found}`,
        }),
      );
    }
  });

  test('a hole in a row is refused', async () => {
    // biome-ignore lint/suspicious/noSparseArray: it is what is tested
    const rows = await describeIt([[1, , 3] as number[]]);
    expect(() => copied(rows)).toThrow('vectors[0][1] must be a number, got undefined');
  });

  test.each([
    ['a BigInt64Array', new BigInt64Array(2)],
    ['a BigUint64Array', new BigUint64Array(2)],
    ['a DataView', new DataView(new ArrayBuffer(8))],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a string', 'ab'],
    ['an array-like object', { length: 2, 0: 1, 1: 2 }],
    ['undefined', undefined],
  ])('%s for a row is refused with its position', async (_what, row) => {
    await expect(describeIt([[1, 2], row as never])).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('vectors[1] must be an array or a typed array of numbers, got'),
    });
    await expect(describeIt([row as never])).rejects.toMatchObject({ code: 'InvalidConfiguration' });
  });

  test('detached and out-of-bounds arrays are refused, as rows and as a matrix; empty ones are not', async () => {
    for (const gone of [detached(new Float32Array(2)), detached(new Float64Array(2)), outOfBounds()]) {
      const refusal = {
        code: 'InvalidConfiguration',
        message: expect.stringContaining('vectors[1] is a view on memory'),
      };
      await expect(describeIt([[1, 2], gone])).rejects.toMatchObject(refusal);
      if (gone instanceof Float32Array)
        await expect(describeIt({ data: gone, dims: 2 })).rejects.toMatchObject({
          code: 'InvalidConfiguration',
          message: expect.stringContaining('vectors.data is a view on memory that is gone'),
        });
    }
    expect((await describeIt([new Float32Array(0), []])).groups).toEqual([{ dims: 0, count: 2 }]);
    expect((await describeIt({ data: new Float32Array(0), dims: 2 })).count).toBe(0);
  });

  test('rows of another realm are rows', async () => {
    const { runInNewContext } = await import('node:vm');
    const foreign = runInNewContext('[new Float32Array([1, 2]), [3, 4], new Float64Array([5, 6])]') as number[][];
    expect(copied(await describeIt([...foreign]))).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  test('says whether any row, of any kind, lies in the target, and whether all lie densely in shared memory', async () => {
    const memory = new SharedArrayBuffer(32);
    const dense = [new Float32Array(memory, 0, 2), new Float32Array(memory, 8, 2)];
    expect(await describeIt(dense, memory)).toMatchObject({ overlapsTarget: true, shared: { byteOffset: 0 } });
    expect((await describeIt([...dense, [1, 2]])).shared).toBeUndefined();
    expect((await describeIt([[1], new Int32Array(memory, 16, 1)], memory)).overlapsTarget).toBe(true);
  });

  test('rows that change meanwhile are cut or leave old components', async () => {
    const rows = [[1, 2, 3], [4, 5, 6], new Float32Array(20)];
    const described = await describeIt(rows);
    (rows[0] as number[]).push(9);
    (rows[1] as number[]).length = 1;
    const data = new Float32Array(6).fill(-1);
    described.copyInto(data, 0, 2, 3);
    expect([...data]).toEqual([1, 2, 3, 4, -1, -1]);
  });
});

test('a source of more rows than are looked over at once is refused there', () => {
  const row = [1];
  expect(describeNow(new Array(MAX_ROWS_AT_ONCE).fill(row)).count).toBe(MAX_ROWS_AT_ONCE);
  expect(() => describeNow(new Array(MAX_ROWS_AT_ONCE + 1).fill(row))).toThrow('vectors.length must be at most 4096');
});
