/**
 * Bytes that are in memory already, or in a Blob, as a `ByteSource`.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import type { ByteSource } from './format.js';
import { malformed } from './malformed.js';

/** @param name what errors call it */
export function createMemorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    byteLength: bytes.length,
    async readInto(target, byteOffset) {
      requireInside(name, bytes.length, byteOffset + target.length);
      target.set(bytes.subarray(byteOffset, byteOffset + target.length));
    },
  };
}

/** Reads the pieces of a Blob that are asked for. Called by its name where it is a File. */
export function createBlobSource(blob: Blob): ByteSource {
  if (!(blob instanceof Blob)) throw invalidConfiguration('file', 'a path or a Blob', blob);
  const name = nameOfBlob(blob);
  return {
    name,
    byteLength: blob.size,
    async readInto(target, byteOffset) {
      requireInside(name, blob.size, byteOffset + target.length);
      const piece = blob.slice(byteOffset, byteOffset + target.length);
      const bytes = await piece.arrayBuffer().catch((cause: unknown) => {
        throw new IndexingError('FileAccess', `cannot read ${name}: ${String(cause)}`, { cause });
      });
      target.set(new Uint8Array(bytes));
    },
  };
}

/** What errors call a Blob, and what its format is told by. */
function nameOfBlob(blob: Blob): string {
  return 'name' in blob && typeof blob.name === 'string' ? blob.name : 'blob';
}

/** Fills as much of `target` as the source has from `byteOffset` on; less than all of it only at its end. */
export async function readUpTo(source: ByteSource, target: Uint8Array, byteOffset: number): Promise<number> {
  if (source.readUpTo) return source.readUpTo(target, byteOffset);
  const length = Math.max(0, Math.min(target.length, source.byteLength - byteOffset));
  await source.readInto(target.subarray(0, length), byteOffset);
  return length;
}

/** Refuses more than `end` bytes. Only a pipe does not tell its length before. */
export async function requireEnd(source: ByteSource, end: number): Promise<void> {
  if (!source.readUpTo) return;
  if ((await source.readUpTo(new Uint8Array(1), end)) === 0) return;
  throw malformed(source.name, `byte ${end}`, 'the end, as the header says', 'trailing bytes');
}

function requireInside(name: string, byteLength: number, end: number): void {
  if (end <= byteLength) return;
  throw malformed(name, `byte ${byteLength}`, `${end} bytes`, 'the end of the file');
}
