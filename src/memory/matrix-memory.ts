/**
 * The memories of matrices, and the error where there is no more memory.
 */
import { IndexingError } from '../base/errors.js';
import { createMemory, type MatrixMemory, type MemoryUse } from './create-memory.js';

const MAX_BYTES = 2 ** 32;

/**
 * Makes a memory of at least `byteLength` bytes, zero-filled.
 *
 * @param shared whether threads are to share it
 * @throws {IndexingError} `InsufficientMemory` above 4 GiB, or where the system gives no more.
 */
export function createMatrixMemory(byteLength: number, shared = true, use?: MemoryUse): MatrixMemory {
  if (byteLength > MAX_BYTES) {
    throw insufficientMemory(byteLength, `one WebAssembly memory holds at most ${formatBytes(MAX_BYTES)}`);
  }
  try {
    return createMemory(byteLength, shared, use);
  } catch (cause) {
    const limit = `the system refused it (${String(cause)}); ulimit -v may be too low`;
    throw insufficientMemory(byteLength, limit, cause);
  }
}

/** `InsufficientMemory` with the size asked for, the limit it met, and what to do. */
export function insufficientMemory(byteLength: number, limit: string, cause?: unknown): IndexingError {
  return new IndexingError(
    'InsufficientMemory',
    `${formatBytes(byteLength)} are needed, but ${limit}; use indexStream for data larger than memory`,
    { cause },
  );
}

/** `1,234,567 bytes`, with a rounded figure in the largest binary unit where that helps. */
export function formatBytes(bytes: number): string {
  const exact = `${bytes.toLocaleString('en')} bytes`;
  if (bytes < 1024) return exact;
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]} (${exact})`;
}
