import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { IndexingError } from '../../src/base/errors.js';
import { compileKernel } from '../../src/kernel/compile.js';
import { ownKernel } from '../../src/kernel/own-kernel.js';

const simdBytes = readFileSync(new URL('../../build/kernel/simd.wasm', import.meta.url));
const nothing = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

afterEach(() => vi.restoreAllMocks());

describe('compileKernel', () => {
  test.each(['simd', 'scalar', 'javascript'] as const)('gives the kernel asked for: %s', async (backend) => {
    expect((await compileKernel(backend)).backend).toBe(backend);
  });

  test('takes SIMD where it runs', async () => {
    expect((await compileKernel('auto')).backend).toBe('simd');
  });

  test('gives what can be posted to a worker', async () => {
    const kernel = structuredClone(await compileKernel('scalar'));
    expect(kernel.backend).toBe('scalar');
  });

  test('takes bytes that the user serves', async () => {
    expect((await compileKernel('auto', { own: ownKernel(new Uint8Array(simdBytes)) })).backend).toBe('simd');
  });

  test('falls back to JavaScript without SIMD', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    expect(await compileKernel('auto')).toEqual({ backend: 'javascript' });
  });

  test('falls back to JavaScript where SIMD computes wrong', async () => {
    // As long as the known question is asked, the fastest instruction of the sort is its opposite.
    const wrong = new Uint8Array(simdBytes);
    const minS = wrong.findIndex((byte, i) => byte === 0xfd && wrong[i + 1] === 0xb6 && wrong[i + 2] === 0x01);
    wrong[minS + 1] = 0xb8;
    expect(await compileKernel('auto', { own: ownKernel(wrong) })).toEqual({ backend: 'javascript' });
    await expect(compileKernel('simd', { own: ownKernel(wrong) })).rejects.toThrow('computes wrong answers');
  });

  test('refuses a kernel that cannot run', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    const refused = compileKernel('simd');
    await expect(refused).rejects.toBeInstanceOf(IndexingError);
    await expect(refused).rejects.toMatchObject({ code: 'InvalidConfiguration' });
    await expect(refused).rejects.toThrow("kernel 'simd' cannot run here: this engine has no WebAssembly SIMD");
  });

  test.each([
    ['text', new TextEncoder().encode('<!doctype html>'), 'bytes that do not compile'],
    ['another module', nothing, 'a module with other imports or exports'],
  ])('refuses %s in place of the kernel', async (_, bytes, reason) => {
    const refused = compileKernel('auto', { own: ownKernel(bytes) });
    await expect(refused).rejects.toMatchObject({ code: 'InvalidConfiguration' });
    await expect(refused).rejects.toThrow(reason);
  });
});
