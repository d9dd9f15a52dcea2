/**
 * Rows with their int8 copy, and room for queries and a list, in a memory of their own.
 */
import type { CompiledKernel } from '../../src/kernel/instantiate.js';
import { compileSearchKernel } from '../../src/kernel/search/compile-search-kernel.js';
import { instantiateSearchKernel } from '../../src/kernel/search/instantiate-search-kernel.js';
import type { SearchKernelExports } from '../../src/kernel/search/search-kernel.js';
import { codeCount, FACTOR_BYTES, INT8_TERMS } from '../../src/kernel/search/search-kernel.js';
import { indexingKernel } from './indexing-kernel.js';

const GUARD = 0x7fc0a5a5;
export const backends = ['simd', 'scalar', 'javascript'] as const;
type Backend = (typeof backends)[number];
const compiled = Object.fromEntries(
  await Promise.all(
    backends.map(async (each) => [each, (await compileSearchKernel(await indexingKernel(each), true)).compiled]),
  ),
) as Record<Backend, CompiledKernel>;

export class Int8Bench {
  readonly kernel: SearchKernelExports;
  readonly buffer: ArrayBufferLike;
  readonly dims: number;
  readonly count: number;
  readonly at: Record<'rows' | 'codes' | 'factors' | 'magnitudes' | 'queries' | 'terms' | 'limits' | 'list', number>;

  constructor(rows: readonly Float32Array[], queryCount: number, backend: Backend = 'simd') {
    const dims = rows[0]!.length;
    const count = rows.length;
    let end = 64;
    const reserve = (bytes: number) => {
      const at = end;
      end = 64 * Math.ceil((end + bytes + 64) / 64);
      return at;
    };
    this.dims = dims;
    this.count = count;
    this.at = {
      rows: reserve(4 * dims * count),
      codes: reserve(codeCount(dims) * count),
      factors: reserve(FACTOR_BYTES * count),
      magnitudes: reserve(4 * count),
      queries: reserve(2 * codeCount(dims) * queryCount),
      terms: reserve(8 * INT8_TERMS * queryCount),
      limits: reserve(4 * queryCount),
      list: reserve(4 * count * queryCount),
    };
    const pages = Math.ceil(end / 65_536);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.buffer = memory.buffer;
    this.kernel = instantiateSearchKernel(compiled[backend], memory);
    // What lies behind the rows is NaN.
    new Uint32Array(this.buffer).fill(GUARD);
    for (const [i, row] of rows.entries()) {
      new Float32Array(this.buffer, this.at.rows + 4 * dims * i, dims).set(row);
      this.magnitudes[i] = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    }
  }

  get magnitudes(): Float32Array {
    return new Float32Array(this.buffer, this.at.magnitudes, this.count);
  }

  quantize(): void {
    this.kernel.quantize(this.at.rows, this.count, this.dims, this.at.codes, this.at.factors);
  }

  codes(row: number): Int8Array {
    const stride = codeCount(this.dims);
    return new Int8Array(this.buffer, this.at.codes + row * stride, stride);
  }

  /** Scale and error. */
  factors(row: number): [number, number] {
    const [scale, error] = new Float32Array(this.buffer, this.at.factors + row * FACTOR_BYTES, 2);
    return [scale!, error!];
  }

  queryCodes(query: number): Int16Array {
    const stride = codeCount(this.dims);
    return new Int16Array(this.buffer, this.at.queries + 2 * stride * query, stride);
  }

  terms(query: number): Float64Array {
    return new Float64Array(this.buffer, this.at.terms + 8 * INT8_TERMS * query, INT8_TERMS);
  }

  /** What is listed for these limits, one for each query, in ascending order. */
  select(limits: readonly number[]): number[] {
    const { codes, factors, magnitudes, queries, terms, limits: limitsAt, list } = this.at;
    new Float32Array(this.buffer, limitsAt, limits.length).set(limits);
    const { count, dims } = this;
    const place = [codes, factors, magnitudes, count, dims, queries, terms, limits.length, limitsAt, list] as const;
    const found = this.kernel.selectInt8(...place);
    return [...new Uint32Array(this.buffer, list, found)].sort((a, b) => a - b);
  }

  /** All of the memory but for codes and factors. */
  rest(): Buffer {
    const bytes = new Uint8Array(this.buffer).slice();
    bytes.fill(0, this.at.codes, this.at.codes + codeCount(this.dims) * this.count);
    bytes.fill(0, this.at.factors, this.at.factors + FACTOR_BYTES * this.count);
    return Buffer.from(bytes.buffer);
  }
}
