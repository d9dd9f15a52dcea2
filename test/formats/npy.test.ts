import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { IndexingError } from '../../src/base/errors.js';
import type { RowOptions } from '../../src/formats/format.js';
import { npy } from '../../src/formats/npy.js';
import { runsOf } from '../seed.js';
import { bitsOf, bytesOf, collect, createRandom, dictOf, expectRefusal, memorySource, npyBytes } from './support.js';

afterEach(() => vi.unstubAllGlobals());

const six = bytesOf(Float32Array.of(1, -2, 3.5, 0, -0, 1e-40));

async function read(bytes: Uint8Array, options: RowOptions = {}) {
  const rows = await npy.open(memorySource(bytes, 'x.npy'), options);
  const chunks = await collect(rows.chunks());
  return { count: rows.count, dims: rows.dims, chunks, values: chunks.flatMap(({ data }) => [...data]) };
}

describe('what is read', () => {
  test('the bytes of the published format, written out by hand', async () => {
    const hex =
      '934e554d5059 0100 7600 7b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a' +
      `2028312c2032292c207d ${'20'.repeat(58)} 0a 0000803f 000000c0`;
    const bytes = Uint8Array.from(hex.replaceAll(' ', '').match(/../g)!, (pair) => Number.parseInt(pair, 16));
    expect(bytes.length).toBe(128 + 8);
    expect(await read(bytes)).toMatchObject({ count: 1, dims: 2, values: [1, -2] });
  });

  test.each([1, 2, 3] as const)('format version %i.0', async (version) => {
    const found = await read(npyBytes({ dict: dictOf('<f4', '(2, 3)'), data: six, version }));
    expect(found).toMatchObject({ count: 2, dims: 3, values: [...new Float32Array(six.buffer)] });
  });

  test.each(['<f4', '=f4', '|f4', 'f4'])('float32 as %s', async (descr) => {
    const { values } = await read(npyBytes({ dict: dictOf(descr, '(3, 2)'), data: six }));
    expect(values).toEqual([...new Float32Array(six.buffer)]);
  });

  test('float16, exactly, with denormals, infinities and NaN', async () => {
    const halves = Uint16Array.of(0x3c00, 0x0001, 0x03ff, 0x7bff, 0xfc00, 0x7e00);
    const { values } = await read(npyBytes({ dict: dictOf('<f2', '(2, 3)'), data: bytesOf(halves) }));
    const tiny = 2 ** -24;
    expect(values).toEqual([1, tiny, 1023 * tiny, 65504, Number.NEGATIVE_INFINITY, Number.NaN]);
  });

  test('float64, rounded, beyond float32 to infinity', async () => {
    const doubles = Float64Array.of(0.1, 1e39, -1e300, 1e-46, Number.NaN, 3);
    const { values } = await read(npyBytes({ dict: dictOf('<f8', '(2, 3)'), data: bytesOf(doubles) }));
    expect(values).toEqual([Math.fround(0.1), Infinity, -Infinity, 0, Number.NaN, 3]);
  });

  test('NaN payloads of float32 keep their bits', async () => {
    const bits = Uint32Array.of(0x7fc00001, 0xffffffff, 0x7f800001);
    const { chunks } = await read(npyBytes({ dict: dictOf('<f4', '(1, 3)'), data: bytesOf(bits) }));
    expect(bitsOf(chunks)).toEqual([...bits]);
  });

  test.each([
    ['other key order', `{'shape': (2, 3), 'descr': '<f4', 'fortran_order': False}`],
    ['double quotes', `{"descr": "<f4", "fortran_order": False, "shape": (2, 3)}`],
    ['no spaces', `{'descr':'<f4','fortran_order':False,'shape':(2,3)}`],
    ['many spaces', ` {  'descr' :\t'<f4' , 'fortran_order' : False ,\n'shape' : ( 2 , 3 , ) , } `],
    ['long integers of Python 2', dictOf('<f4', '(2L, 3L)')],
  ])('a header with %s', async (_, dict) => {
    expect(await read(npyBytes({ dict, data: six }))).toMatchObject({ count: 2, dims: 3 });
  });

  test('headers of every length, so data at every alignment', async () => {
    for (let padding = 0; padding < 70; padding++) {
      for (const [descr, shape] of [
        ['<f4', '(2, 3)'],
        ['<f8', '(1, 3)'],
        ['<f2', '(4, 3)'],
      ] as const) {
        const expected = await read(npyBytes({ dict: dictOf(descr, shape), data: six }));
        const found = await read(npyBytes({ dict: dictOf(descr, shape), data: six, padding }));
        expect(bitsOf(found.chunks)).toEqual(bitsOf(expected.chunks));
      }
    }
  });

  test('a 1-D array as one vector, or as rows of the option dims', async () => {
    const bytes = npyBytes({ dict: dictOf('<f4', '(6,)'), data: six });
    expect(await read(bytes)).toMatchObject({ count: 1, dims: 6 });
    expect(await read(bytes, { dims: 2 })).toMatchObject({ count: 3, dims: 2 });
    await expectRefusal(
      () => read(bytes, { dims: 4 }),
      /shape: expected a multiple of the option dims \(4\), found \(6,\)/,
    );
  });

  test('a 1-D array in Fortran order, which is C order too', async () => {
    expect(await read(npyBytes({ dict: dictOf('<f4', '(6,)', 'True'), data: six }))).toMatchObject({ dims: 6 });
  });

  test('an array without rows, which still has dims', async () => {
    const none = new Uint8Array(0);
    const found = await read(npyBytes({ dict: dictOf('<f4', '(0, 5)'), data: none }));
    expect(found).toMatchObject({ count: 0, dims: 5, chunks: [] });
    expect(await read(npyBytes({ dict: dictOf('<f8', '(0,)'), data: none }), { dims: 3 })).toMatchObject({
      count: 0,
      dims: 3,
    });
  });
});

describe('what is refused', () => {
  const cases: [string, string, RegExp][] = [
    ['complex numbers', dictOf('<c8', '(2, 3)'), /x\.npy, descr: expected a dtype of floats or integers, found "<c8"/],
    ['truth values', dictOf('|b1', '(2, 3)'), /found "\|b1"/],
    ['floats of one byte', dictOf('<f1', '(2, 3)'), /found "<f1"/],
    ['long doubles', dictOf('<f16', '(2, 3)'), /found "<f16"/],
    [
      'a structured dtype',
      `{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}`,
      /byte 20: .*structured dtype/,
    ],
    ['a scalar', dictOf('<f4', '()'), /shape: expected one or two dimensions, found \(\)/],
    ['three dimensions', dictOf('<f4', '(1, 2, 3)'), /found \(1, 2, 3\)/],
    ['rows without components', dictOf('<f4', '(6, 0)'), /rows of 1 to 2147483647 components, found \(6, 0\)/],
    ['an empty 1-D array', dictOf('<f4', '(0,)'), /expected numbers, or the option dims/],
    [
      'a shape larger than the file',
      dictOf('<f4', '(3, 3)'),
      /36 bytes of data .* found 24 bytes: the file is truncated/,
    ],
    ['trailing bytes', dictOf('<f4', '(1, 3)'), /12 bytes of data .* found 24 bytes: there are trailing bytes/],
    ['2^31 components', dictOf('<f4', '(1, 2147483648)'), /at most|1 to 2147483647 components/],
    ['2^31 rows', dictOf('<f4', '(2147483648, 3)'), /truncated/],
    ['2^53 - 1 rows', dictOf('<f4', '(9007199254740991, 2147483647)'), /77371252419307461572296708 bytes .*truncated/],
    ['2^53 rows', dictOf('<f4', '(9007199254740992, 3)'), /a length below 2\^53/],
    ['a length of 400 digits', dictOf('<f4', `(${'9'.repeat(400)}, 3)`), /a length below 2\^53/],
    ['a product that wraps to the right one', dictOf('<f4', '(4294967298, 2147483651)'), /components/],
    ['a negative length', dictOf('<f4', '(-2, 3)'), /a length that is not negative .*found "-2, 3\), }/],
    ['a leading zero', dictOf('<f4', '(02, 3)'), /a comma or the closing \)/],
    ['an integer for a shape', dictOf('<f4', '6'), /a shape in parentheses/],
    ['a parenthesised integer', dictOf('<f4', '(6)'), /a shape such as \(3,\)/],
    ['a missing key', `{'descr': '<f4', 'shape': (2, 3)}`, /without all three/],
    [
      'a key twice',
      `{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}`,
      /once each .*found "descr"/,
    ],
    ['an unknown key', `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}`, /once each .*found "x"/],
    ['something behind the dict', `${dictOf('<f4', '(2, 3)')} + 1`, /nothing but spaces behind the dict/],
    ['code', `__import__('os')`, /byte 10: expected a dict that begins with \{/],
    ['an escape', `{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (2, 3)}`, /a dtype in quotes/],
    ['lower case', dictOf('<f4', '(2, 3)', 'false'), /True or False .*found "false/],
    ['a comma only', `{,}`, /a key in quotes/],
    ['nothing', '', /a dict that begins with \{ .*found the end of the header/],
  ];
  test.each(cases)('%s', async (_, dict, message) => {
    await expectRefusal(() => read(npyBytes({ dict, data: six })), message);
  });

  test('dims that are not those of the file', async () => {
    const bytes = npyBytes({ dict: dictOf('<f4', '(2, 3)'), data: six });
    await expectRefusal(
      () => read(bytes, { dims: 2 }),
      /rows of 2 components, as the option dims says, found 3/,
      'InvalidConfiguration',
    );
  });

  test('another kind of file, another version, a header longer than the file', async () => {
    await expectRefusal(() => read(new Uint8Array(0)), /x\.npy, byte 0: expected a \.npy header, found an empty file/);
    await expectRefusal(() => read(new TextEncoder().encode('PK\x03\x04 and more')), /found the bytes 50 4b 03 04/);
    const bytes = npyBytes({ dict: dictOf('<f4', '(2, 3)'), data: six, version: 2 });
    await expectRefusal(() => read(bytes.with(6, 4)), /byte 6: expected format version 1.0, 2.0 or 3.0, found 4.0/);
    await expectRefusal(() => read(bytes.with(10, 15)), /byte 8: expected a header within the/);
    await expectRefusal(() => read(bytes.with(11, 255)), /byte 8: expected a header of at most 1048576 bytes/);
  });

  test.each([1, 2, 3] as const)('a valid file of version %i.0 cut at every byte', async (version) => {
    const bytes = npyBytes({ dict: dictOf('<f4', '(2, 3)'), data: six, version });
    for (let length = 0; length < bytes.length; length++) await expectRefusal(() => read(bytes.slice(0, length)));
  });
});

test('a damaged header is refused or read, and never claims memory that the file does not have', async () => {
  let largest = 0;
  vi.stubGlobal(
    'SharedArrayBuffer',
    class extends SharedArrayBuffer {
      constructor(byteLength: number) {
        largest = Math.max(largest, byteLength);
        super(Math.min(byteLength, 4096));
      }
    },
  );
  const random = createRandom(20_240_607);
  let refused = 0;
  const rounds = 6000;
  for (let round = 0; round < rounds; round++) {
    const descr = ['<f2', '<f4', '<f8'][round % 3]!;
    const shape = ['(4, 3)', '(2, 3)', '(1, 3)'][round % 3]!;
    const bytes = npyBytes({
      dict: dictOf(descr, shape),
      data: six,
      version: ((round % 3) + 1) as 1 | 2 | 3,
      padding: 3,
    });
    for (let flips = random(3); flips >= 0; flips--) bytes[random(bytes.length - six.length)] = random(256);
    try {
      await read(bytes, round % 2 === 0 ? {} : { chunkVectors: 1 + random(5) });
    } catch (error) {
      expect(error).toBeInstanceOf(IndexingError);
      refused++;
    }
    // float16 doubles in size; nothing else grows.
    expect(largest).toBeLessThanOrEqual(2 * bytes.length);
  }
  expect(refused).toBeGreaterThan(rounds / 2);
});

test('chunks of any size hold the same rows in order, in shared memory of their own', async () => {
  const dimsAndCount = fc.record({ dims: fc.integer({ min: 1, max: 9 }), count: fc.integer({ min: 0, max: 40 }) });
  await fc.assert(
    fc.asyncProperty(dimsAndCount, fc.integer({ min: 1, max: 50 }), async ({ dims, count }, chunkVectors) => {
      const data = Float32Array.from({ length: count * dims }, (_, i) => i);
      const bytes = npyBytes({ dict: dictOf('<f4', `(${count}, ${dims})`), data: bytesOf(data) });
      const found = await read(bytes, { chunkVectors });
      expect(found.values).toEqual([...data]);
      expect(found.chunks.length).toBe(Math.ceil(count / chunkVectors));
      for (const { data } of found.chunks.slice(0, -1)) expect(data.length).toBe(chunkVectors * dims);
      for (const { data } of found.chunks) expect(data.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(new Set(found.chunks.map(({ data }) => data.buffer)).size).toBe(found.chunks.length);
    }),
    runsOf(1000),
  );
});

test('a page without SharedArrayBuffer gets ordinary memory', async () => {
  vi.stubGlobal('SharedArrayBuffer', undefined);
  const { chunks } = await read(npyBytes({ dict: dictOf('<f4', '(2, 3)'), data: six }));
  expect(chunks[0]!.data.buffer).toBeInstanceOf(ArrayBuffer);
});

test('a chunk that no memory can hold is InsufficientMemory, with its size', async () => {
  vi.stubGlobal(
    'SharedArrayBuffer',
    class {
      constructor() {
        throw new RangeError('Array buffer allocation failed');
      }
    },
  );
  const rows = await npy.open(memorySource(npyBytes({ dict: dictOf('<f4', '(2, 3)'), data: six })), {});
  await expect(collect(rows.chunks())).rejects.toMatchObject({
    code: 'InsufficientMemory',
    message: expect.stringMatching(/a chunk of 2 rows of 3 components needs 24 bytes; give a smaller chunkVectors/),
    cause: expect.any(RangeError),
  });
});

test('conversion is the same wherever the staging memory ends', async () => {
  const count = 150_001;
  const doubles = Float64Array.from({ length: count * 3 }, (_, i) => Math.sin(i) * 10 ** (i % 60));
  const { values } = await read(npyBytes({ dict: dictOf('<f8', `(${count}, 3)`), data: bytesOf(doubles) }));
  expect(values.length).toBe(doubles.length);
  expect(values.every((value, i) => value === Math.fround(doubles[i]!))).toBe(true);
});
