/**
 * Chooses and compiles the search kernel. It is that of the same backend as the indexing kernel if it answers a known question
 * rightly, else the JavaScript one. Its bytes are loaded when the first index is made.
 */
import { type CompiledKernel, hasExport, type PreparedKernel } from '../instantiate.js';
import { JAVASCRIPT, prepareKernel } from '../prepare-kernel.js';
import { instantiateSearchKernel } from './instantiate-search-kernel.js';
import { createJavaScriptSearchKernel } from './javascript-search-kernel.js';
import { codeCount, FACTOR_BYTES, INT8_TERMS, queryBytes } from './search-kernel.js';

/**
 * @param indexing the indexing kernel, which has been found to run here; a file of all kernels is the search kernel, too
 * @param shared whether the memories it is to work on are shared between threads
 * @param onFallback hears why it is JavaScript, where that of indexing is not
 */
export async function compileSearchKernel(
  indexing: PreparedKernel,
  shared: boolean,
  onFallback?: (reason: string) => void,
): Promise<PreparedKernel> {
  const { backend } = indexing.compiled;
  if (backend === 'javascript') return JAVASCRIPT;
  const prepared = hasExport(indexing.compiled, 'selectInt8')
    ? indexing
    : await prepareKernel(backend, await loadBytes(backend), shared, onFallback);
  if (!prepared) return JAVASCRIPT;
  if (answersKnownQuestion(prepared.compiled, shared) && answersInt8Question(prepared.compiled, shared))
    return prepared;
  onFallback?.('this engine computes wrong answers with it');
  return JAVASCRIPT;
}

async function loadBytes(backend: 'simd' | 'scalar'): Promise<Uint8Array<ArrayBuffer>> {
  if (backend === 'simd') return (await import('kernel:search-simd.wasm')).default;
  return (await import('kernel:search-scalar.wasm')).default;
}

const COUNT = 7;
const DIMS = 45;
const QUERIES = 5;

/** Small integers, so that float32 is exact and scores and lists must be equal, whole tiles and all that is left over. */
function answersKnownQuestion(kernel: CompiledKernel, shared: boolean): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared });
  const actual = new Float32Array(memory.buffer);
  const expected = new Float32Array(actual.length);
  const queries = 16 * Math.ceil((4 * COUNT * DIMS) / 16) + 64;
  const scores = queries + QUERIES * queryBytes(DIMS);
  for (let i = 0; i < scores / 4; i++) expected[i] = ((i * 7919) % 61) - 30;
  actual.set(expected);

  for (const { dots, distances, select } of [
    instantiateSearchKernel(kernel, memory),
    createJavaScriptSearchKernel(expected.buffer),
  ]) {
    const more = scores + 4 * COUNT * QUERIES;
    const list = more + 4 * COUNT * QUERIES;
    dots(0, COUNT, DIMS, queries, QUERIES, scores);
    distances(0, COUNT, DIMS, queries, QUERIES, more);
    select(scores, COUNT, QUERIES, 0, 0, 0, list);
  }
  return expected.every((value, i) => Object.is(value, actual[i]));
}

/** Integers up to 127 are their own codes, and products of codes are exact: what is listed is known. */
function answersInt8Question(kernel: CompiledKernel, shared: boolean): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared });
  const { quantize, selectInt8 } = instantiateSearchKernel(kernel, memory);
  const stride = codeCount(DIMS);
  const codes = 64 * Math.ceil((4 * COUNT * DIMS + 16) / 64);
  const factors = codes + COUNT * stride;
  const magnitudes = factors + COUNT * FACTOR_BYTES;
  const queries = magnitudes + 64;
  const terms = queries + 2 * QUERIES * stride;
  const limits = terms + 8 * QUERIES * INT8_TERMS;
  const list = limits + 64;

  const rows = Array.from({ length: COUNT * DIMS }, (_, i) => (i % DIMS === 0 ? 127 : ((i * 7919) % 255) - 127));
  new Float32Array(memory.buffer).set(rows);
  const expected: number[] = [];
  for (let q = 0; q < QUERIES; q++) {
    const query = Array.from({ length: DIMS }, (_, j) => (((q * DIMS + j) * 104729) % 60_000) - 30_000);
    new Int16Array(memory.buffer, queries + 2 * q * stride).set(query);
    // Only the product of the five terms is set: the upper bound is the product of the codes.
    new Float64Array(memory.buffer, terms).set([0, 1, 0, 0, 0], q * INT8_TERMS);
    for (let r = 0; r < COUNT; r++) {
      const product = query.reduce((sum, code, j) => sum + code * rows[r * DIMS + j]!, 0);
      if (product >= 0) expected.push(q * COUNT + r);
    }
  }
  quantize(0, COUNT, DIMS, codes, factors);
  const found = selectInt8(codes, factors, magnitudes, COUNT, DIMS, queries, terms, QUERIES, limits, list);
  const listed = Array.from(new Uint32Array(memory.buffer, list, found)).sort((a, b) => a - b);
  return listed.length === expected.length && listed.every((index, i) => index === expected[i]);
}
