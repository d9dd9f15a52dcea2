/**
 * The int8 copy of the rows takes a byte for each component, and is made only where it is of use.
 */
import type { BuildOptions } from 'simdex';
import { expect, onTestFinished, test } from 'vitest';
import { build, load, randomRows } from './support.js';

const ROWS = 4000;
const DIMS = 128;
const COPY_BYTES = ROWS * (DIMS + 8);

test.each([
  ['by default', {}, true],
  ["for 'int8'", { scan: 'int8' }, true],
  ["not for 'float32'", { scan: 'float32' }, false],
  ['not without SIMD', { kernel: 'scalar' }, false],
] satisfies [string, BuildOptions, boolean][])('memory holds a copy of the rows %s', async (_, options, copied) => {
  const without = await bytesOf(() => build(randomRows(ROWS, DIMS), { ...options, scan: 'float32' }));
  const bytes = await bytesOf(() => build(randomRows(ROWS, DIMS), options));
  if (copied) expect(bytes - without).toBeGreaterThanOrEqual(COPY_BYTES);
  else expect(bytes).toBe(without);
});

test('loaded, too', async () => {
  const saved = (await build(randomRows(ROWS, DIMS))).toBytes();
  const [without, bytes] = [await bytesOf(() => load(saved, { scan: 'float32' })), await bytesOf(() => load(saved))];
  expect(bytes - without).toBeGreaterThanOrEqual(COPY_BYTES);
});

test('rows of few components have none', async () => {
  const bytes = await bytesOf(() => build(randomRows(ROWS, 63)));
  expect(bytes).toBe(await bytesOf(() => build(randomRows(ROWS, 63), { scan: 'float32' })));
});

/** Bytes of all memories that are made meanwhile; kernels are asked known questions in memories of their own. */
async function bytesOf(make: () => Promise<unknown>): Promise<number> {
  await make();
  const original = WebAssembly.Memory;
  let bytes = 0;
  WebAssembly.Memory = class extends original {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      bytes += this.buffer.byteLength;
    }
  };
  const restore = () => {
    WebAssembly.Memory = original;
  };
  onTestFinished(restore);
  await make();
  restore();
  return bytes;
}
