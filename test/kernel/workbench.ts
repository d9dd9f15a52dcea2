/**
 * Runs one kernel function on a memory of its own: rows at any 4-byte boundary, a poisoned scratch, and guards around
 * every region that must be the same afterwards.
 */
import { expect } from 'vitest';
import type { KernelExports } from '../../src/kernel/kernel-exports.js';
import { scratchBytes } from '../../src/kernel/kernel-exports.js';

export interface Rows {
  readonly data: Float32Array;
  readonly count: number;
  readonly dims: number;
  /** The rows start so many floats behind a 64-byte boundary. */
  readonly shift: number;
}

export interface Outcome {
  readonly rows: Float32Array;
  readonly magnitudes: Float32Array;
  readonly rejected: number;
}

const GUARD = 64;
const GUARD_BYTE = 0xa5;

export class Workbench {
  readonly #kernel: KernelExports;
  readonly #bytes: Uint8Array;
  readonly #base: number;

  constructor(instantiate: (memory: WebAssembly.Memory) => KernelExports, pages = 64, base = 0) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.#kernel = instantiate(memory);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#base = base;
  }

  run(name: keyof KernelExports, { data, count, dims, shift }: Rows): Outcome {
    let end = this.#base;
    const guards: number[] = [];
    const reserve = (size: number, alignment: number, offset = 0): number => {
      guards.push(end);
      const start = Math.ceil((end + GUARD) / alignment) * alignment + offset;
      this.#bytes.fill(GUARD_BYTE, end, start);
      end = start + size;
      return start;
    };
    const rowsAt = reserve(4 * data.length, 64, 4 * shift);
    const rowsEnd = end;
    const magnitudesAt = reserve(4 * count, 4);
    const magnitudesEnd = end;
    const scratchAt = reserve(scratchBytes(dims), 64);
    const scratchEnd = end;
    reserve(0, 64);
    guards.push(end);

    const { buffer } = this.#bytes;
    const rows = new Float32Array(buffer, rowsAt, data.length);
    const magnitudes = new Float32Array(buffer, magnitudesAt, count);
    rows.set(data);
    magnitudes.fill(Number.NaN);
    for (let at = scratchAt, word = scratchAt | 1; at < scratchEnd; at++) {
      word = Math.imul(word, 1664525) + 1013904223;
      this.#bytes[at] = word >>> 24;
    }

    const kernel = this.#kernel;
    let rejected = 0;
    if (name === 'sort') kernel.sort(rowsAt, count, dims, scratchAt);
    else if (name === 'process') rejected = kernel.process(rowsAt, count, dims, magnitudesAt, scratchAt);
    else rejected = kernel[name](rowsAt, count, dims, magnitudesAt);

    for (const [from, to] of [
      [this.#base, rowsAt],
      [rowsEnd, magnitudesAt],
      [magnitudesEnd, scratchAt],
      [scratchEnd, end],
    ] as const) {
      const guard = this.#bytes.subarray(from, to);
      if (!guard.every((byte) => byte === GUARD_BYTE)) expect.fail(`${name} wrote outside its regions: ${from}..${to}`);
    }
    return { rows: rows.slice(), magnitudes: magnitudes.slice(), rejected };
  }
}

export function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}

/** `toEqual` would take seconds for what a loop does in milliseconds. */
export function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  const [found, wanted] = [bitsOf(actual), bitsOf(expected)];
  expect(found.length).toBe(wanted.length);
  const at = found.findIndex((bits, i) => bits !== wanted[i]);
  if (at >= 0) expect.fail(`component ${at}: ${actual[at]} (${found[at]}) for ${expected[at]} (${wanted[at]})`);
}

export function rowOf(data: Float32Array, dims: number, i: number): Float32Array {
  return data.subarray(i * dims, (i + 1) * dims);
}
