/**
 * Indexes saved to files of a folder of their own, and loaded with their rows there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VectorId, VectorIndex } from 'simdex';
import { afterAll } from 'vitest';
import { load } from './support.js';

export interface FilesOfIndexes {
  readonly folder: string;
  /** A name that nothing has yet. */
  nextFile(): string;
  /** Saves an index and loads it with its rows in the file. */
  inFile<Id extends VectorId>(index: VectorIndex<Id>, segmentBytes?: number): Promise<VectorIndex<Id>>;
}

/** For the tests of a file; nothing of it is left afterwards. */
export async function filesOfIndexes(): Promise<FilesOfIndexes> {
  const folder = await mkdtemp(join(tmpdir(), 'simdex-'));
  afterAll(() => rm(folder, { recursive: true }));
  let files = 0;
  const nextFile = () => join(folder, `${files++}.safetensors`);
  return {
    folder,
    nextFile,
    async inFile<Id extends VectorId>(index: VectorIndex<Id>, segmentBytes?: number) {
      const file = nextFile();
      await index.save(file);
      return load<Id>(file, { rows: 'file' }, segmentBytes);
    },
  };
}

/** Rows as the index gives them back. */
export async function keptRows(index: VectorIndex, ids: Iterable<VectorId>): Promise<Float32Array[]> {
  return Promise.all(Array.from(ids, async (id) => (await index.get(id as never))!.vector));
}
