/**
 * Builds an index whose rows are written to its file as they come. Only their codes, magnitudes and ids are in memory. The
 * file appears under its name when all rows are in it. From then on rows are read from there.
 */
import { boundFiles } from '../../formats/file-access.js';
import { readSavedIndex } from '../../formats/saved-index.js';
import type { VectorSource } from '../../vectors/vector-source.js';
import { fillWithVectors } from '../build-index.js';
import type { RowSink } from '../changes.js';
import type { IndexCore } from '../index-core.js';
import type { BuildOptions } from '../options.js';
import { type IndexToSave, IndexWriter } from '../save-index.js';
import { IndexFiles, placeInFile } from './index-files.js';
import { RowFile } from './row-file.js';

/** Rejects as `fillWithVectors` does, and with `FileAccess`; then nothing is left under the name of the file. */
export async function buildInFile(
  core: IndexCore,
  vectors: VectorSource | AsyncIterable<VectorSource>,
  options: BuildOptions & { readonly file: string },
  toSave: () => IndexToSave,
  signal: AbortSignal,
): Promise<void> {
  const { file } = options;
  const writer = await IndexWriter.create(file);
  const sink: RowSink = ({ memory, layout }, count) => {
    const { dims, halves } = layout;
    const isHalves = halves !== undefined;
    return writer.append(new Uint8Array(memory.buffer, isHalves ? halves : 0, count * dims * (isHalves ? 2 : 4)));
  };
  try {
    const rooms = await fillWithVectors(core, vectors, options, signal, sink);
    await writer.finish(toSave(), signal);
    const source = await boundFiles().open(file);
    let rowFile: RowFile;
    try {
      rowFile = await RowFile.open(source, await readSavedIndex(source));
    } catch (error) {
      await source.close();
      throw error;
    }
    core.useFiles(new IndexFiles(rowFile, file));
    if (core.rows) placeInFile(rowFile, rooms, core.rows);
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
