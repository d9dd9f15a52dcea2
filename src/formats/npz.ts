/**
 * `.npz`, NumPy's archive of arrays (`savez`, `savez_compressed`): rows are the array `vectors`, or the only one in it,
 * or the only one of floats with two dimensions. Only read; an archive of one array says nothing that its .npy does not.
 */

import { IndexingError } from '../base/errors.js';
import type { ByteSource, Format, RowChunk, RowOptions, VectorRows } from './format.js';
import { InflatedSource } from './inflated-source.js';
import { malformed } from './malformed.js';
import { npy } from './npy.js';
import { readNpyHeader } from './npy-header.js';
import type { ChunkMemories } from './row-chunks.js';
import { dataOffsetOf, readZipDirectory, type ZipMember } from './zip-directory.js';

export const npz: Format = { open };

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const member = await findArray(source, await readZipDirectory(source));
  const offset = await dataOffsetOf(source, member);
  const createSource = () => memberSource(source, member, offset);
  const { dims, count, dtype } = await npy.open(createSource(), options);
  async function* chunks(memories?: ChunkMemories): AsyncGenerator<RowChunk, void, undefined> {
    // Deflated data are read from front to back: every reader begins anew, at the header.
    const rows = await npy.open(createSource(), options);
    yield* rows.chunks(memories);
  }
  return { dims, count, dtype, chunks };
}

/** More are not looked into. */
const MAX_ARRAYS = 64;

async function findArray(source: ByteSource, members: readonly ZipMember[]): Promise<ZipMember> {
  const arrays = members.filter(({ name }) => name.endsWith('.npy'));
  const named = arrays.find(({ name }) => name === 'vectors.npy') ?? (arrays.length === 1 ? arrays[0] : undefined);
  if (named) return named;
  const matrices: ZipMember[] = [];
  for (const member of arrays.slice(0, MAX_ARRAYS)) if (await isFloatMatrix(source, member)) matrices.push(member);
  const [only, ...others] = matrices;
  if (only && others.length === 0 && arrays.length <= MAX_ARRAYS) return only;
  const names = arrays.map(({ name }) => name.slice(0, -4)).join(', ');
  const expected = 'an array called vectors, or one alone of floats with two dimensions';
  throw malformed(source.name, 'directory', expected, names.slice(0, 200) || 'no arrays');
}

/** Labels and texts that lie beside the vectors are not. */
async function isFloatMatrix(archive: ByteSource, member: ZipMember): Promise<boolean> {
  try {
    const { descr, shape } = await readNpyHeader(memberSource(archive, member, await dataOffsetOf(archive, member)));
    return /f[248]$/.test(descr) && shape.length === 2;
  } catch (error) {
    // What is asked for is one that can be read.
    if (error instanceof IndexingError) return false;
    throw error;
  }
}

function memberSource(archive: ByteSource, member: ZipMember, dataOffset: number): ByteSource {
  if (member.method === 'deflated') return new InflatedSource(archive, member, dataOffset);
  return storedSource(archive, member, dataOffset);
}

function storedSource(archive: ByteSource, { name, byteLength }: ZipMember, dataOffset: number): ByteSource {
  return {
    name: `${archive.name}:${name}`,
    byteLength,
    readInto: (target, byteOffset) => archive.readInto(target, dataOffset + byteOffset),
  };
}
