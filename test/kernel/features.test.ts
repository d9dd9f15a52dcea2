/**
 * What keeps a kernel from running is told apart: the engine lacks something, or the bytes are not what they were.
 */
import { afterEach, expect, test, vi } from 'vitest';
import { compileKernel } from '../../src/kernel/compile.js';
import { compileGraphKernel } from '../../src/kernel/graph/compile-graph-kernel.js';
import { compileSearchKernel } from '../../src/kernel/search/compile-search-kernel.js';
import { indexingKernel } from './indexing-kernel.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.doUnmock('kernel:simd.wasm');
  vi.resetModules();
});

const SIMD_PREFIX = 0xfd;
/** The end of a module with a shared memory of one page. */
const SHARED = String([5, 4, 1, 3, 1, 1]);

/** An engine that refuses modules of which `lacks` is true. */
function engineWithout(lacks: (bytes: Uint8Array) => boolean): void {
  const validate = WebAssembly.validate;
  vi.spyOn(WebAssembly, 'validate').mockImplementation((bytes) => !lacks(bytes as Uint8Array) && validate(bytes));
}

/** Why 'auto' is JavaScript. */
async function reasonOf(compile: typeof compileKernel): Promise<string[]> {
  const reasons: string[] = [];
  const { backend } = await compile('auto', { onFallback: (reason) => reasons.push(reason) });
  expect(backend).toBe('javascript');
  return reasons;
}

test('without SIMD', async () => {
  engineWithout((bytes) => bytes.includes(SIMD_PREFIX));
  expect(await reasonOf(compileKernel)).toEqual(['this engine has no WebAssembly SIMD']);
});

test('without shared memory', async () => {
  engineWithout((bytes) => String([...bytes]).endsWith(SHARED));
  expect(await reasonOf(compileKernel)).toEqual(['this engine has no WebAssembly shared memory']);
  expect((await compileKernel('auto', { shared: false })).backend).toBe('simd');
});

test('without WebAssembly', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  expect(await reasonOf(compileKernel)).toEqual(['this engine has no WebAssembly']);
});

test('bytes that were changed on their way', async () => {
  const { default: bytes } = await import('kernel:simd.wasm');
  vi.doMock('kernel:simd.wasm', () => ({ default: bytes.map((byte) => (byte > 0x7f ? 0x3f : byte)) }));
  vi.resetModules();
  const { compileKernel: compileAnew } = await import('../../src/kernel/compile.js');
  expect(await reasonOf(compileAnew)).toEqual([expect.stringMatching(/^the bytes of the kernel are damaged; /)]);
  const error = await compileAnew('simd').catch((thrown: Error) => thrown);
  expect(error).toMatchObject({
    code: 'InvalidConfiguration',
    message: expect.stringContaining("kernel 'simd' cannot run here: the bytes of the kernel are damaged"),
  });
});

test.each([
  ['search', compileSearchKernel],
  ['graph', compileGraphKernel],
])('the kernel of %s that does not compile is JavaScript, and told', async (_, compile) => {
  const indexing = await indexingKernel('simd');
  const reasons: string[] = [];
  const tell = (reason: string) => reasons.push(reason);
  vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new Error('a policy forbids it'));
  expect((await compile(indexing, true, tell)).compiled.backend).toBe('javascript');
  expect(reasons).toEqual(['a policy forbids it']);
});
