/**
 * What the tests of formats share: files in a directory of their own, sources in memory, .npy bytes made by hand from
 * NumPy's "NPY format" document, and the one way to expect a refusal.
 */
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { IndexingError, type IndexingErrorCode } from '../../src/base/errors.js';
import type { ByteSource } from '../../src/formats/format.js';
import type { IdentifiedMatrix, RowChunk } from '../../src/formats/row-chunk.js';
import type { VectorMatrix } from '../../src/vectors/vector-source.js';

/** A directory for the tests of a file; `at(name)` is a path in it. */
export function temporaryDirectory(): { at(name: string): string; names(): Promise<string[]> } {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'simdex-formats-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return { at: (name) => join(directory, name), names: async () => (await readdir(directory)).sort() };
}

/** A source in memory that refuses to be read, or read into more memory than it has bytes. */
export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource {
  return {
    name,
    byteLength: bytes.length,
    async readInto(target, byteOffset) {
      expect(target.length).toBeLessThanOrEqual(bytes.length);
      expect(byteOffset + target.length).toBeLessThanOrEqual(bytes.length);
      target.set(bytes.subarray(byteOffset, byteOffset + target.length));
    },
  };
}

export interface NpyParts {
  readonly dict: string;
  readonly data: Uint8Array;
  readonly version?: 1 | 2 | 3;
  /** Spaces behind the dict, by default as many as make the header a multiple of 64. */
  readonly padding?: number;
}

export function npyBytes({ dict, data, version = 1, padding }: NpyParts): Uint8Array {
  const preamble = version === 1 ? 10 : 12;
  const spaces = padding ?? 63 - ((preamble + dict.length) % 64);
  const text = new TextEncoder().encode(`${dict}${' '.repeat(spaces)}\n`);
  const bytes = new Uint8Array(preamble + text.length + data.length);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, preamble);
  bytes.set(data, preamble + text.length);
  return bytes;
}

export function dictOf(descr: string, shape: string, fortranOrder = 'False'): string {
  return `{'descr': '${descr}', 'fortran_order': ${fortranOrder}, 'shape': ${shape}, }`;
}

export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Rows of .fvecs, each with the dims it has. */
export function fvecsBytes(rows: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(
    rows.flatMap((row) => [...bytesOf(Int32Array.of(row.length)), ...bytesOf(Float32Array.from(row))]),
  );
}

/** Chunks of rows of one length. */
export async function collect(chunks: AsyncIterable<RowChunk>): Promise<IdentifiedMatrix[]> {
  const matrices: IdentifiedMatrix[] = [];
  for await (const chunk of chunks) matrices.push('data' in chunk ? chunk : expect.fail('rows of different lengths'));
  return matrices;
}

/** Rows of any lengths, one by one. */
export async function collectRows(chunks: AsyncIterable<RowChunk>): Promise<{ rows: number[][]; ids: unknown[] }> {
  const rows: number[][] = [];
  const ids: unknown[] = [];
  for await (const chunk of chunks) {
    if ('rows' in chunk) rows.push(...chunk.rows.map((row) => [...row]));
    else
      for (let at = 0; at < chunk.data.length; at += chunk.dims)
        rows.push([...chunk.data.subarray(at, at + chunk.dims)]);
    ids.push(...(chunk.ids ?? []));
  }
  return { rows, ids };
}

/** All components in order, as bits, so that NaN payloads and -0 count. */
export function bitsOf(matrices: readonly VectorMatrix[]): number[] {
  return matrices.flatMap(({ data }) => [...new Uint32Array(data.buffer, data.byteOffset, data.length)]);
}

/** Expects an error of this code whose message matches, and gives it. */
export async function expectRefusal(
  work: () => unknown,
  message: RegExp = /./,
  code: IndexingErrorCode = 'MalformedFile',
): Promise<IndexingError> {
  const error = await Promise.resolve()
    .then(work)
    .then(
      () => expect.fail('expected a refusal, but it went well'),
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(IndexingError);
  const refusal = error as IndexingError;
  expect(refusal.code).toBe(code);
  expect(refusal.message).toMatch(message);
  return refusal;
}

/** Expects that this process has no descriptor on `path` or what is below it. Passes where there is no /proc. */
export async function expectClosed(path: string): Promise<void> {
  expect(await openDescriptors(path)).toEqual([]);
}

export async function expectOpen(path: string): Promise<void> {
  if (process.platform === 'linux') expect(await openDescriptors(path)).not.toEqual([]);
}

async function openDescriptors(path: string): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const links = (await readdir('/proc/self/fd')).map((descriptor) => `/proc/self/fd/${descriptor}`);
  // The descriptor that listed the folder is gone already.
  const targets = await Promise.all(links.map((link) => readlink(link).catch(() => '')));
  return targets.filter((target) => target.startsWith(path));
}

/** A seeded generator (mulberry32) of integers in 0..below-1. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
