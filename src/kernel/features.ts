/**
 * Which features this engine's WebAssembly has. Each is tried with the smallest module that needs it. So an engine that lacks a feature is
 * told apart from a kernel whose bytes are damaged.
 */

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** A function that gives `i8x16.splat(0)`: sections of types, functions and code. */
const SIMD = [...[1, 5, 1, 0x60, 0, 1, 0x7b], ...[3, 2, 1, 0], ...[10, 8, 1, 6, 0, 0x41, 0, 0xfd, 15, 11]];
/** A shared memory of one page. */
const SHARED_MEMORY = [5, 4, 1, 3, 1, 1];

/** The feature that is missing for a kernel of `backend`, in words that follow "this engine has no"; undefined where nothing is missing. */
export function missingFeature(backend: 'simd' | 'scalar', shared: boolean): string | undefined {
  if (typeof WebAssembly !== 'object') return 'WebAssembly';
  if (backend === 'simd' && !isValid(SIMD)) return 'WebAssembly SIMD';
  return shared && !isValid(SHARED_MEMORY) ? 'WebAssembly shared memory' : undefined;
}

function isValid(sections: readonly number[]): boolean {
  return WebAssembly.validate(Uint8Array.from([...HEADER, ...sections]));
}
