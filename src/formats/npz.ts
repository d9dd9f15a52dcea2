/**
 * `.npz`, NumPy's archive of arrays (`savez`, `savez_compressed`): rows are the array `vectors`, or the only one in it,
 * or the only one of numbers with two dimensions. Only read; an archive of one array says nothing that its .npy does not.
 */

import { IndexingError, type RowRange } from '../base/errors.js';
import { chooseVectors } from './choose-vectors.js';
import type { ByteSource, Format, RowOptions, VectorRows } from './format.js';
import { InflatedSource } from './inflated-source.js';
import { npy } from './npy.js';
import { readNpyHeader } from './npy-header.js';
import type { RowChunk } from './row-chunk.js';
import type { ChunkMemories } from './row-chunks.js';
import { dataOffsetOf, readZipDirectory, type ZipMember } from './zip-directory.js';

export const npz: Format = { hasColumns: true, open };

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  const member = await findArray(source, await readZipDirectory(source), options.column);
  const offset = await dataOffsetOf(source, member);
  const createSource = () => memberSource(source, member, offset);
  const { dims, count, dtype } = await npy.open(createSource(), options);
  async function* chunks(memories?: ChunkMemories, wanted?: RowRange): AsyncGenerator<RowChunk, void, undefined> {
    // Deflated data are read from front to back: every reader begins anew, at the header.
    const rows = await npy.open(createSource(), options);
    yield* rows.chunks(memories, wanted);
  }
  return { dims, count, dtype, takesRows: true, chunks };
}

/** More are not looked into. */
const MAX_ARRAYS = 64;

async function findArray(
  source: ByteSource,
  members: readonly ZipMember[],
  column: string | undefined,
): Promise<ZipMember> {
  const arrays = members
    .filter(({ name }) => name.endsWith('.npy'))
    .map((member) => ({ name: member.name.slice(0, -4), member }));
  const wanted = arrays.filter(({ name }) => name === (column ?? 'vectors'));
  const looked =
    wanted.length > 0 || arrays.length === 1 ? [...wanted, ...arrays].slice(0, 1) : arrays.slice(0, MAX_ARRAYS);
  const candidates: typeof arrays = [];
  for (const array of looked) if (looked.length === 1 || (await isMatrix(source, array.member))) candidates.push(array);
  const others = arrays.filter((array) => !candidates.includes(array)).map(({ name }) => name);
  return chooseVectors(source.name, { what: 'array', candidates, others, known: ['vectors'], column }).member;
}

/** Labels and texts that lie beside the vectors are not. */
async function isMatrix(archive: ByteSource, member: ZipMember): Promise<boolean> {
  try {
    const { descr, shape } = await readNpyHeader(memberSource(archive, member, await dataOffsetOf(archive, member)));
    return /[fiu]\d$/.test(descr) && shape.length === 2;
  } catch (error) {
    // An array that cannot be read is no candidate.
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
