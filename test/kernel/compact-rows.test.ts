/**
 * Rows in less than float32: halves are the nearest ones, codes become rows as their definition has it, and every kernel has the same bits.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { widenHalvesInto } from '../../src/base/float16.js';
import { TOO_LARGE, ZERO_MAGNITUDE } from '../../src/kernel/rejection.js';
import { compileSearchKernel } from '../../src/kernel/search/compile-search-kernel.js';
import { instantiateSearchKernel } from '../../src/kernel/search/instantiate-search-kernel.js';
import { codeCount } from '../../src/kernel/search/search-kernel.js';
import { runsOf } from '../seed.js';
import { indexingKernel } from './indexing-kernel.js';
import { backends } from './int8-bench.js';

const PAGE = 65_536;

/** The memory after some work of each kernel, from the same beginning. */
async function run(pages: number, prepare: (buffer: ArrayBufferLike) => void, work: (kernel: Kernel) => void) {
  const buffers: Uint8Array[] = [];
  for (const backend of backends) {
    const { compiled } = await compileSearchKernel(await indexingKernel(backend), true);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    new Uint8Array(memory.buffer).fill(0xa5);
    prepare(memory.buffer);
    work(instantiateSearchKernel(compiled, memory));
    buffers.push(new Uint8Array(memory.buffer).slice());
  }
  for (const other of buffers.slice(1)) expect(Buffer.compare(other, buffers[0]!)).toBe(0);
  return buffers[0]!.buffer as ArrayBuffer;
}
type Kernel = ReturnType<typeof instantiateSearchKernel>;

test('every half widens to its value, infinities and NaN among them', async () => {
  const prepare = (buffer: ArrayBufferLike) => {
    const halves = new Uint16Array(buffer, 4, 65_536);
    // A signalling NaN may become a quiet one.
    for (let half = 0; half < 65_536; half++) halves[half] = (half & 0x7fff) > 0x7c00 ? 0x7e00 : half;
  };
  const result = await run(8, prepare, (kernel) => kernel.widen(4, 65_536, 3 * PAGE));
  const expected = new Float32Array(65_536);
  widenHalvesInto(new Uint32Array(expected.buffer), 0, new Uint16Array(result, 4, 65_536));
  const actual = new Float32Array(result, 3 * PAGE, 65_536);
  for (let half = 0; half < 65_536; half++) expect(Object.is(actual[half], expected[half])).toBe(true);
});

test('rows become the nearest halves, and what those are', async () => {
  const finite = fc.oneof(
    fc.float({ min: -65_504, max: 65_504, noNaN: true }),
    fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4), noNaN: true }),
    // Between two halves.
    fc.integer({ min: 0, max: 0x7bff }).map((half) => (numberOf(half) + numberOf(half - 1)) / 2),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(finite, { minLength: 1, maxLength: 40 }), async (given) => {
      const dims = given.length;
      const row = Float32Array.from(given);
      const prepare = (buffer: ArrayBufferLike) => {
        new Float32Array(buffer, 64, dims).set(row);
        new Float32Array(buffer, 2048, 1)[0] = 1;
      };
      const result = await run(1, prepare, (kernel) => kernel.narrow(64, 1, dims, 1024, 2048));
      const kept = new Float32Array(result, 64, dims);
      for (let j = 0; j < dims; j++) {
        const half = new Uint16Array(result, 1024, dims)[j]!;
        expect(kept[j]).toBe(numberOf(half));
        const off = Math.abs(row[j]! - numberOf(half));
        const [below, above] = [half - 1, half + 1].map((each) => Math.abs(row[j]! - numberOf(each)));
        // Zero and the greatest have but one neighbour of their sign.
        if ((half & 0x7fff) > 0) expect(off < below! || (off === below && half % 2 === 0)).toBe(true);
        if ((half & 0x7fff) < 0x7bff) expect(off < above! || (off === above && half % 2 === 0)).toBe(true);
      }
    }),
    runsOf(200),
  );
});

test('a row beyond float16 is told, one without a magnitude is zeros, and the others are kept', async () => {
  const rows = Float32Array.of(1, 65_504, 2, -65_505, 7, 7, -3, 4);
  const prepare = (buffer: ArrayBufferLike) => {
    new Float32Array(buffer, 64, 8).set(rows);
    new Float32Array(buffer, 2048, 4).set([9, 9, 0, 5]);
    new Uint32Array(buffer, 2048, 4)[2] = ZERO_MAGNITUDE;
  };
  const result = await run(1, prepare, (kernel) => kernel.narrow(64, 4, 2, 1024, 2048));
  const words = new Uint32Array(result, 2048, 4);
  expect(words[1]).toBe(TOO_LARGE);
  expect(words[2]).toBe(ZERO_MAGNITUDE);
  expect([...new Uint16Array(result, 1024, 8)].map(numberOf).slice(0, 2)).toEqual([1, 65_504]);
  expect([...new Uint16Array(result, 1024, 8)].map(numberOf).slice(4)).toEqual([0, 0, -3, 4]);
  expect([...new Float32Array(result, 64, 8)]).toEqual([...rows]);
});

test('codes become rows: unit ones by their own length, others with their magnitudes', async () => {
  const code = fc.integer({ min: -127, max: 127 });
  const input = fc.record({
    codes: fc.array(code, { minLength: 1, maxLength: 70 }),
    scale: fc.oneof(fc.float({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 2 ** -149, 3.4e38 / 127, 2.6793e36)),
    unit: fc.boolean(),
    product: fc.integer({ min: -200, max: 200 }),
  });
  await fc.assert(
    fc.asyncProperty(input, async ({ codes, scale, unit, product }) => {
      const dims = codes.length;
      const prepare = (buffer: ArrayBufferLike) => {
        new Int8Array(buffer, 1024, codeCount(dims)).fill(0);
        new Int8Array(buffer, 1024, dims).set(codes);
        new Float32Array(buffer, 2048, 3).set([scale, 99, 42]);
        new Int16Array(buffer, 4096, codeCount(dims)).fill(0);
        new Int16Array(buffer, 4096, dims).fill(product);
      };
      let sum = Number.NaN;
      const result = await run(1, prepare, (kernel) => {
        kernel.keepCodes(1024, 1, dims, 2048, 2056, unit ? 1 : 0);
        const kept = kernel.codeProduct(1024, 4096, codeCount(dims));
        expect(Number.isNaN(sum) || kept === sum).toBe(true);
        sum = kept;
        kernel.widenCodes(1024, dims, Math.fround(0.001), 8192);
      });
      const [kept, error, magnitude] = new Float32Array(result, 2048, 3) as unknown as [number, number, number];
      const length = Math.sqrt(codes.reduce((squares, each) => squares + each * each, 0));
      expect(kept).toBe(unit ? (length > 0 ? Math.fround(1 / length) : 0) : Math.fround(scale));
      expect(magnitude).toBe(unit ? 42 : Math.fround(kept * length));
      const off = Math.sqrt(
        codes.reduce((squares, each) => squares + (Math.fround(kept * each) - kept * each) ** 2, 0),
      );
      expect(off).toBeLessThanOrEqual(error);
      expect(error).toBeLessThanOrEqual(length * kept * 2 ** -23 + Math.sqrt(dims) * 2 ** -147);
      expect(sum).toBe(codes.reduce((all, each) => all + each * product, 0));
      expect([...new Float32Array(result, 8192, dims)]).toEqual(
        codes.map((each) => Math.fround(each * Math.fround(0.001))),
      );
    }),
    runsOf(200),
  );
});

function numberOf(half: number): number {
  const one = new Float32Array(1);
  widenHalvesInto(new Uint32Array(one.buffer), 0, Uint16Array.of(half < 0 ? 0 : half));
  return one[0]!;
}
