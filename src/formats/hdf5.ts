/**
 * `.h5` and `.hdf5`, through the package h5wasm: rows are the dataset that the option `column` names with its groups
 * (`model/embeddings`), or one called `vectors` or `train` (as ann-benchmarks calls it), or the only one of floats or integers with two
 * dimensions, in any group. A file of the system is read where it lies, a chunk at a time; any other source is copied into memory first.
 * Data that lie in another file are refused.
 */
import { IndexingError, messageOf, type RowRange } from '../base/errors.js';
import { chooseVectors } from './choose-vectors.js';
import { decodeInto, tiledReader } from './fixed-rows.js';
import type { ByteSource, Format, RowOptions, VectorRows } from './format.js';
import { MAX_DIMS } from './format.js';
import { findDatasets, type MatrixDataset } from './hdf5-datasets.js';
import { filterFault, mostStoredBytes } from './hdf5-filters.js';
import { openHdf5Library } from './hdf5-library.js';
import { type Module, SandboxedFile } from './hdf5-sandbox.js';
import { malformed, requireDims } from './malformed.js';
import { requirePlausible } from './optional-package.js';
import type { IdentifiedMatrix } from './row-chunk.js';
import { ChunkMemories, rowChunks } from './row-chunks.js';

export const h5: Format = { hasColumns: true, open };

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const KNOWN_NAMES = ['vectors', 'train'];
/** A source that is no file of the system is held in memory. */
const MAX_COPY_BYTES = 2 ** 30;
/** The library decodes whole chunks: as many rows are read at once as lie in one, within this. */
const TILE_BYTES = 2 ** 28;

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  await requireSignature(source);
  const { dataset, where } = await withFile(source, (hdf) => {
    const found = findVectors(source, hdf, options.column);
    const name = `dataset ${JSON.stringify(found.name.slice(0, 40))}`;
    const { count, dims } = found;
    if (dims < 1 || dims > MAX_DIMS)
      throw malformed(source.name, name, `rows of 1 to ${MAX_DIMS}`, `[${count}, ${dims}]`);
    requireDims(source.name, name, options.dims, dims);
    requirePlausible(source, name, count, dims);
    const fault = found.chunks && filterFault(found.chunks, source.byteLength);
    if (fault) throw malformed(source.name, name, 'data that HDF5 unfolds by itself, within bounds', fault);
    // Where the data lie shows when they are read.
    if (count > 0) readRows(source, hdf, found, new Float32Array(dims), 0);
    return { dataset: found, where: name };
  });
  const { count, dims, layout } = dataset;
  async function* chunks(
    memories = new ChunkMemories(),
    wanted: RowRange = { first: 0, last: count },
  ): AsyncGenerator<IdentifiedMatrix, void, undefined> {
    const hdf = await openFile(source);
    try {
      const chunkRows = dataset.chunks?.chunk[0] ?? 1;
      const most = rowsOfTile(dataset);
      const load = async (tile: Float32Array, first: number) => readRows(source, hdf, dataset, tile, first);
      const read = chunkRows > 1 ? tiledReader(count, dims, most, load) : load;
      yield* rowChunks(wanted, dims, options.chunkVectors, memories, read);
    } catch (error) {
      throw refusal(source, hdf, where, error);
    } finally {
      hdf.close();
    }
  }
  return { dims, count, dtype: layout.type, takesRows: true, chunks };
}

async function requireSignature(source: ByteSource): Promise<void> {
  const first = new Uint8Array(SIGNATURE.length);
  // The signature may also stand at 512, 1024 and so on, behind what other programs put there.
  for (let at = 0; at + first.length <= source.byteLength; at = at === 0 ? 512 : 2 * at) {
    await source.readInto(first, at);
    if (SIGNATURE.every((byte, i) => first[i] === byte)) return;
  }
  throw malformed(source.name, 'byte 0', 'the signature of an HDF5 file', 'a file of another kind');
}

async function withFile<T>(source: ByteSource, use: (hdf: SandboxedFile) => T): Promise<T> {
  const hdf = await openFile(source);
  try {
    return use(hdf);
  } catch (error) {
    throw refusal(source, hdf, 'structure', error);
  } finally {
    hdf.close();
  }
}

async function openFile(source: ByteSource): Promise<SandboxedFile> {
  const library = await openHdf5Library(source.name);
  const read = source.readUpToNow ?? (await copyOf(source));
  try {
    return new SandboxedFile(library, source, read);
  } catch (error) {
    throw refusal(source, undefined, 'structure', error);
  }
}

async function copyOf(source: ByteSource): Promise<NonNullable<ByteSource['readUpToNow']>> {
  const { name, byteLength } = source;
  if (byteLength > MAX_COPY_BYTES)
    throw malformed(name, 'size', `at most ${MAX_COPY_BYTES} bytes of .h5 in a Blob`, `${byteLength} bytes`);
  const bytes = new Uint8Array(byteLength);
  await source.readInto(bytes, 0);
  return (target, byteOffset) => {
    const piece = bytes.subarray(byteOffset, byteOffset + target.length);
    target.set(piece);
    return piece.length;
  };
}

function findVectors(source: ByteSource, hdf: SandboxedFile, column: string | undefined): MatrixDataset {
  const { matrices, elsewhere, others } = hdf.run(() => findDatasets(hdf.file));
  // The library looks behind external links when it is asked what they are; they are told by name below.
  hdf.foreignFile = undefined;
  const wanted = column?.replace(/^\/+/, '');
  const names = wanted === undefined ? KNOWN_NAMES : [wanted];
  // The wanted dataset, or the only one, lies in another file.
  const foreign =
    elsewhere.find(({ name }) => names.includes(name)) ?? (matrices.length === 0 ? elsewhere[0] : undefined);
  if (foreign)
    throw malformed(source.name, JSON.stringify(foreign.name.slice(0, 40)), 'data within the file', foreign.found);
  return chooseVectors(source.name, {
    what: 'dataset',
    candidates: matrices,
    others,
    known: KNOWN_NAMES,
    column: wanted,
  });
}

/** Fills `data` with the rows from `first` on. */
function readRows(
  source: ByteSource,
  hdf: SandboxedFile,
  dataset: MatrixDataset,
  data: Float32Array,
  first: number,
): void {
  const { path, dims, layout, itemBytes, chunks } = dataset;
  const rows = data.length / dims;
  const read = (module: Module) => {
    const byteLength = data.length * itemBytes;
    const place = module._malloc(byteLength);
    if (place === 0)
      throw new IndexingError(
        'InsufficientMemory',
        `${source.name}: ${byteLength} bytes for ${rows} rows in HDF5's memory`,
      );
    try {
      const [count, offset, stride] = [
        [BigInt(rows), BigInt(dims)],
        [BigInt(first), 0n],
        [1n, 1n],
      ];
      module.get_dataset_data(hdf.file.file_id, path, count, offset, stride, BigInt(place));
      return module.HEAPU8.slice(place, place + byteLength);
    } finally {
      module._free(place);
    }
  };
  const isCompressed = chunks !== undefined && chunks.filters.length > 0;
  const bytes = isCompressed
    ? hdf.readChunks(mostStoredBytes(chunks), Math.ceil(chunks.chunk[0] / rowsOfTile(dataset)), read)
    : hdf.run(read);
  decodeInto(data, 0, bytes, layout);
}

/** Rows that are read at once: as many as lie in a chunk, within the bytes of a tile. */
function rowsOfTile({ dims, chunks }: MatrixDataset): number {
  return Math.max(1, Math.min(chunks?.chunk[0] ?? 1, Math.floor(TILE_BYTES / (4 * dims))));
}

/** What the library threw, in words: that it wanted another file, or went in circles, is the reason then. */
function refusal(source: ByteSource, hdf: SandboxedFile | undefined, where: string, error: unknown): unknown {
  const { name } = source;
  if (error instanceof IndexingError) return error;
  if (hdf?.foreignFile !== undefined) {
    const found = `external storage in ${JSON.stringify(hdf.foreignFile.slice(0, 100))}`;
    return malformed(name, where, 'data within the file', found, { cause: error });
  }
  if (hdf?.excess !== undefined)
    return malformed(name, where, 'every part of the file read about once', hdf.excess, { cause: error });
  return malformed(name, where, 'a .h5 file', `a damaged one: ${innermost(messageOf(error))}`, { cause: error });
}

/** The last of HDF5's own lines says what failed, all others who called it. */
function innermost(message: string): string {
  const lines = [...message.matchAll(/\(\): (.+)/g)].map(([, reason]) => reason!);
  return (lines.at(-1) ?? message).slice(0, 200);
}
