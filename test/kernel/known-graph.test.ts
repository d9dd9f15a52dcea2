/**
 * The graphs by which a graph kernel is tried before it is used: those that the JavaScript twin makes, and not those of a kernel that computes wrong.
 */
import { afterEach, expect, test, vi } from 'vitest';
import { compileGraphKernel, hashOfKnownGraph, KNOWN_GRAPHS } from '../../src/kernel/graph/compile-graph-kernel.js';
import { JAVASCRIPT } from '../../src/kernel/prepare-kernel.js';
import { indexingKernel } from './indexing-kernel.js';

afterEach(() => vi.restoreAllMocks());

test.each(KNOWN_GRAPHS)('the graph of $dims dims is that of the JavaScript twin', ({ dims, hash }) => {
  expect(hashOfKnownGraph(JAVASCRIPT.compiled, false, dims)).toBe(hash);
});

test.each([
  ['simd', true],
  ['simd', false],
  ['scalar', true],
  ['scalar', false],
] as const)('the kernel %s, on shared memory: %s, makes them, too', async (backend, shared) => {
  const refused = vi.fn();
  const { compiled } = await compileGraphKernel(await indexingKernel(backend, shared), shared, refused);
  expect(refused.mock.calls).toEqual([]);
  expect(compiled.backend).toBe(backend);
  for (const { dims, hash } of KNOWN_GRAPHS) expect(hashOfKnownGraph(compiled, shared, dims)).toBe(hash);
});

test('a kernel whose engine adds where it should subtract is refused', async () => {
  const indexing = await indexingKernel('simd');
  const compile = WebAssembly.compile;
  let changed = 0;
  vi.spyOn(WebAssembly, 'compile').mockImplementation((bytes) => {
    const wrong = new Uint8Array(bytes as Uint8Array);
    for (let i = 0; i < wrong.length - 2; i++) {
      // f32x4.sub, which becomes f32x4.add.
      if (wrong[i] !== 0xfd || wrong[i + 1] !== 0xe5 || wrong[i + 2] !== 0x01) continue;
      wrong[i + 1] = 0xe4;
      changed++;
    }
    return compile(wrong);
  });
  const reasons: string[] = [];
  const { compiled } = await compileGraphKernel(indexing, true, (reason) => reasons.push(reason));
  expect(changed).toBeGreaterThan(0);
  expect([compiled.backend, reasons]).toEqual(['javascript', ['this engine computes wrong answers with it']]);
});
