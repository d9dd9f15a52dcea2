/**
 * The parts that a merge was given: their manifests, checked against each other, and their rows, one part after the other.
 */
import { readFile, stat } from 'node:fs/promises';
import { IndexingError } from '../base/errors.js';
import { fileError } from '../formats/node/file-error.js';
import { openFileSource } from '../formats/node/file-source.js';
import { openVectors } from '../formats/node/read-vectors.js';
import { formatOfExtension } from '../formats/registry.js';
import { countOf, type RowChunk } from '../formats/row-chunk.js';
import { ChunkMemories } from '../formats/row-chunks.js';
import { readSavedIndex } from '../formats/saved-index.js';
import type { ClosableSource } from '../formats/vector-file.js';
import { type NamedPart, orderParts } from '../parts/check-parts.js';
import { manifestPathOf, type PartManifest, readManifest } from '../parts/part-manifest.js';
import { MergedStatistics } from '../parts/part-statistics.js';
import type { RowsDone } from './outputs.js';

export class PartFiles {
  /** Parts in the order of their rows. There is at least one. */
  readonly parts: readonly NamedPart[];
  readonly statistics: MergedStatistics;

  /**
   * Reads the manifests of all parts. Rejects where one is missing or wrong, a part is not the file that it describes, or the parts make up
   * no whole.
   */
  static async open(files: readonly string[]): Promise<PartFiles> {
    const parts: NamedPart[] = [];
    const statistics = new MergedStatistics();
    for (const file of files) {
      const { rejections: _, statistics: measured, ...manifest } = await manifestOf(file);
      statistics.add(measured, manifest.rows.last - manifest.rows.first);
      await checkSize(file, manifest.output.byteLength);
      parts.push({ file, manifest });
    }
    return new PartFiles(orderParts(parts), statistics);
  }

  private constructor(parts: readonly NamedPart[], statistics: MergedStatistics) {
    this.parts = parts;
    this.statistics = statistics;
  }

  get first(): NamedPart['manifest'] {
    return this.parts[0]!.manifest;
  }

  get count(): number {
    return this.parts.at(-1)!.manifest.rows.last;
  }

  /** Components of every row; undefined where no part knows, `'ragged'` where they differ. */
  get dims(): number | 'ragged' | undefined {
    const known = this.parts
      .filter(({ manifest: { rows } }) => rows.last > rows.first)
      .map(({ manifest: { output } }) => output.dims);
    if (known.length === 0) return this.first.output.dims;
    return known.every((dims) => dims === known[0]) ? known[0] : 'ragged';
  }

  nameOf(row: number): string {
    const { file, manifest } = this.parts.findLast(({ manifest: { rows } }) => rows.first <= row && row < rows.last)!;
    return `row ${row - manifest.rows.first} of ${file} (row ${row} of the input)`;
  }

  /** The rows of all parts. Their memory is used again for those after the next ones. */
  async *rows(): AsyncGenerator<RowsDone> {
    const memories = new ChunkMemories();
    let before: RowChunk | undefined;
    // The rows of a chunk may still be written while the next one is read.
    const recycleLater = (chunk: RowChunk) => {
      if (before) memories.recycleChunk(before);
      before = chunk;
    };
    for (const { file, manifest } of this.parts) {
      // Read again: a million rejections are kept for one part at a time only.
      const { rejections, rows } = await manifestOf(file);
      const { first, last } = manifest.rows;
      if (rows.first !== first || rows.last !== last) throw changed(file);
      yield* rowsOf({ file, manifest }, rejections, memories, recycleLater);
    }
  }
}

async function* rowsOf(
  { file, manifest }: NamedPart,
  rejections: PartManifest['rejections'],
  memories: ChunkMemories,
  recycleLater: (chunk: RowChunk) => void,
): AsyncGenerator<RowsDone> {
  const { rows, output } = manifest;
  const count = rows.last - rows.first;
  const vectors = await openVectors(file, output.kind === 'magnitudes' ? { dims: 1 } : { dims: output.dims });
  const magnitudes = output.kind === 'index' ? await openMagnitudes(file) : undefined;
  try {
    let at = 0;
    let rejected = 0;
    for await (const chunk of vectors.chunks(memories)) {
      const here = countOf(chunk);
      const from = rejected;
      while (rejected < rejections.length && rejections[rejected]!.index < rows.first + at + here) rejected++;
      yield {
        count: here,
        rows: output.kind === 'magnitudes' ? undefined : chunk,
        ids: output.hasIds ? chunk.ids : undefined,
        magnitudes: magnitudes ? await magnitudes.read(at, here) : magnitudesOf(chunk, output.kind),
        rejections: rejections.slice(from, rejected),
      };
      at += here;
      recycleLater(chunk);
    }
    if (at !== count)
      throw new IndexingError('MalformedFile', `${file}: expected ${count} rows, as its manifest says, found ${at}`);
  } finally {
    await magnitudes?.source.close();
    await vectors.close();
  }
}

function magnitudesOf(chunk: RowChunk, kind: 'vectors' | 'index' | 'magnitudes'): Float32Array | undefined {
  return kind === 'magnitudes' && 'data' in chunk ? chunk.data : undefined;
}

interface SavedMagnitudes {
  readonly source: ClosableSource;
  read(first: number, count: number): Promise<Float32Array>;
}

async function openMagnitudes(file: string): Promise<SavedMagnitudes> {
  const source = await openFileSource(file);
  try {
    const { magnitudes } = await readSavedIndex(source);
    return {
      source,
      async read(first, count) {
        const values = new Float32Array(count);
        await source.readInto(new Uint8Array(values.buffer), magnitudes.byteOffset + 4 * first);
        return values;
      },
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function manifestOf(part: string): Promise<PartManifest> {
  const path = manifestPathOf(part);
  const json = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw fileError('read', path, cause);
  });
  return readManifest(json, path);
}

async function checkSize(part: string, expected: number): Promise<void> {
  const { size } = await stat(part).catch((cause: unknown) => {
    throw fileError('read', part, cause);
  });
  if (size === expected) return;
  const detail = `${part}: expected ${expected} bytes, as its manifest says, found ${size}; index these rows again`;
  throw new IndexingError('MalformedFile', detail);
}

function changed(part: string): IndexingError {
  return new IndexingError('FileAccess', `cannot read ${part}: its manifest was changed while parts were merged`);
}

/** Whether files of two names hold the same in the same format. */
export function haveSameFormat(part: string, out: string): boolean {
  return formatOfExtension(part) === formatOfExtension(out);
}
