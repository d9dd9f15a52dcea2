import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { memoryBytes } from '../../src/memory/create-memory.js';
import { createMatrixMemory, formatBytes } from '../../src/memory/matrix-memory.js';
import { MemoryPool } from '../../src/memory/memory-pool.js';
import { runsOf } from '../seed.js';

const MIB = 2 ** 20;

test('a memory that was given back is handed out again for what is about as large', () => {
  const pool = new MemoryPool(Number.POSITIVE_INFINITY);
  const first = pool.acquire(10 * MIB);
  pool.release(first);
  expect(pool.acquire(9 * MIB)).toBe(first);
  pool.release(first);
  expect(pool.acquire(MIB)).not.toBe(first);
  expect(pool.acquire(11 * MIB)).not.toBe(first);
});

test('of several the smallest that suffices is handed out', () => {
  const pool = new MemoryPool(Number.POSITIVE_INFINITY);
  const memories = [6, 4, 5].map((size) => pool.acquire(size * MIB));
  for (const memory of memories) pool.release(memory);
  expect(pool.acquire(4 * MIB)).toBe(memories[1]);
  expect(pool.acquire(4 * MIB)).toBe(memories[2]);
  expect(pool.acquire(4 * MIB)).toBe(memories[0]);
});

test('what two holders have at a time never is one memory', () => {
  const sizes = fc.array(fc.integer({ min: -8, max: 20 }), { maxLength: 60 });
  fc.assert(
    fc.property(sizes, (steps) => {
      const pool = new MemoryPool(Number.POSITIVE_INFINITY);
      const held = [];
      // A positive step acquires so many pages; a negative one releases the memory held at that place.
      for (const step of steps) {
        if (step > 0) {
          const memory = pool.acquire(step * 65_536);
          expect(held).not.toContain(memory);
          expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(step * 65_536);
          held.push(memory);
        } else if (held.length > 0) {
          pool.release(held.splice(-step % held.length, 1)[0]!);
        }
      }
    }),
    runsOf(1000),
  );
});

test('more than the bound is refused with both sizes and the way out', () => {
  const pool = new MemoryPool(4 * MIB);
  const held = pool.acquire(3 * MIB);
  expect(() => pool.acquire(2 * MIB)).toThrow(
    expect.objectContaining({
      code: 'InsufficientMemory',
      message: expect.stringMatching(
        /^Insufficient memory for indexing operation: .*2,097,152 bytes.* needed.*4,194,304 bytes.*3,145,728 bytes.*use indexStream/,
      ),
    }),
  );
  expect(pool.acquire(MIB).buffer.byteLength).toBe(MIB);
  expect(pool.heldBytes).toBe(4 * MIB);
  expect(held.buffer.byteLength).toBe(3 * MIB);
});

test('memories kept for later do not count against one of another size', () => {
  const pool = new MemoryPool(10 * MIB);
  for (const size of [6, 8, 2, 10, 1, 9]) {
    const memory = pool.acquire(size * MIB);
    expect(pool.heldBytes).toBeLessThanOrEqual(10 * MIB);
    pool.release(memory);
  }
});

test('a memory the pool no longer keeps leaves the account at once', () => {
  const pool = new MemoryPool(Number.POSITIVE_INFINITY);
  const memories = Array.from({ length: 8 }, () => pool.acquire(MIB));
  for (const memory of memories) pool.release(memory);
  expect(pool.heldBytes).toBe(4 * MIB);
});

test('a memory is let go also where the system has no more room', () => {
  const pool = new MemoryPool(Number.POSITIVE_INFINITY);
  const memory = pool.acquire(MIB, 'index');
  vi.stubGlobal(
    'ArrayBuffer',
    class {
      constructor() {
        throw new RangeError('Array buffer allocation failed');
      }
    },
  );
  try {
    pool.discard(memory);
  } finally {
    vi.unstubAllGlobals();
  }
  expect(pool.heldBytes).toBe(0);
});

test('a closed pool keeps nothing', () => {
  const pool = new MemoryPool(Number.POSITIVE_INFINITY);
  const memory = pool.acquire(MIB);
  pool.release(pool.acquire(2 * MIB));
  pool.close();
  pool.release(memory);
  expect(pool.heldBytes).toBe(0);
});

test('memories are whole pages, of 4 GiB at most', () => {
  expect([0, 1, 65_536, 65_537].map(memoryBytes)).toEqual([65_536, 65_536, 65_536, 131_072]);
  expect(() => createMatrixMemory(2 ** 32 + 1)).toThrow(
    /4,294,967,297 bytes\) are needed, but one.*4\.0 GiB.*use indexStream/,
  );
});

test.each([
  [0, '0 bytes'],
  [1023, '1,023 bytes'],
  [1024, '1.0 KiB (1,024 bytes)'],
  [1_572_864, '1.5 MiB (1,572,864 bytes)'],
  [2 ** 50, '1024.0 TiB (1,125,899,906,842,624 bytes)'],
])('%d is written as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('memory is touched first once, as far as it was used', () => {
  const pool = new MemoryPool(Number.POSITIVE_INFINITY);
  const memory = pool.acquire(200_000);
  expect(pool.touch(memory, 100_000)).toBe(100_000);
  expect(pool.touch(memory, 60_000)).toBe(0);
  expect(pool.touch(memory, 150_000)).toBe(50_000);
  pool.release(memory);
  expect(pool.touch(pool.acquire(200_000), 150_000)).toBe(0);
});
