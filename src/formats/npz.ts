/**
 * `.npz`, NumPy's archive of arrays (`savez`, `savez_compressed`): rows are the array `vectors`, or the only one in it. Only
 * read; an archive of one array says nothing that its .npy does not.
 */
import type { ByteSource, Format, RowChunk, RowOptions, VectorRows } from './format.js';
import { InflatedSource } from './inflated-source.js';
import { malformed } from './malformed.js';
import { npy } from './npy.js';
import type { ChunkMemories } from './row-chunks.js';
import { dataOffsetOf, readZipDirectory, type ZipMember } from './zip-directory.js';

export const npz: Format = { open };

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const member = findArray(source.name, await readZipDirectory(source));
  const offset = await dataOffsetOf(source, member);
  const createSource = () =>
    member.method === 'stored' ? storedSource(source, member, offset) : new InflatedSource(source, member, offset);
  const { dims, count, dtype } = await npy.open(createSource(), options);
  async function* chunks(memories?: ChunkMemories): AsyncGenerator<RowChunk, void, undefined> {
    // Deflated data are read from front to back: every reader begins anew, at the header.
    const rows = await npy.open(createSource(), options);
    yield* rows.chunks(memories);
  }
  return { dims, count, dtype, chunks };
}

function findArray(file: string, members: readonly ZipMember[]): ZipMember {
  const arrays = members.filter(({ name }) => name.endsWith('.npy'));
  const found = arrays.find(({ name }) => name === 'vectors.npy') ?? (arrays.length === 1 ? arrays[0] : undefined);
  if (found) return found;
  const names = arrays.map(({ name }) => name.slice(0, -4)).join(', ');
  throw malformed(file, 'directory', 'an array called vectors, or one alone', names.slice(0, 200) || 'no arrays');
}

function storedSource(archive: ByteSource, { name, byteLength }: ZipMember, dataOffset: number): ByteSource {
  return {
    name: `${archive.name}:${name}`,
    byteLength,
    readInto: (target, byteOffset) => archive.readInto(target, dataOffset + byteOffset),
  };
}
