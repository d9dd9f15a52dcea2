/**
 * `.h5`, through the package h5wasm: rows are the dataset `vectors`, or `train` (as ann-benchmarks calls it), or the only one of
 * little-endian float32 or float64 with two dimensions among those at the top of the file. A file is read where it lies, a
 * chunk at a time; a Blob is first copied into the memory of HDF5.
 */
import type { Dataset, File } from 'h5wasm';
import type { ByteSource, Format, IdentifiedMatrix, RowOptions, VectorRows } from './format.js';
import { MAX_DIMS } from './format.js';
import { malformed, requireDims } from './malformed.js';
import { chooseVectors, missingPackage, requirePlausible, TrackedSource } from './optional-package.js';
import { ChunkMemories, rowChunks } from './row-chunks.js';

export const h5: Format = { open };

/** An HDF5 file that is open in the library's own way. */
export interface HdfFile {
  readonly file: File;
  close(): void;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const FLOAT_CLASS = 1;
const KNOWN_NAMES = ['vectors', 'train'];
/** What the 32-bit memory of the library has room for beside its own. */
const MAX_BLOB_BYTES = 2 ** 30;

interface VectorsDataset {
  readonly name: string;
  readonly dataset: Dataset;
  readonly count: number;
  readonly dims: number;
  readonly itemBytes: number;
}

async function open(source: ByteSource, options: RowOptions): Promise<VectorRows> {
  await requireSignature(source);
  const { name, count, dims, itemBytes } = await withVectors(source, async (vectors) => vectors);
  const where = `dataset ${JSON.stringify(name.slice(0, 40))}`;
  if (dims < 1 || dims > MAX_DIMS)
    throw malformed(source.name, where, `rows of 1 to ${MAX_DIMS}`, `[${count}, ${dims}]`);
  requireDims(source.name, where, options.dims, dims);
  requirePlausible(source, where, count, dims);
  async function* chunks(memories = new ChunkMemories()): AsyncGenerator<IdentifiedMatrix, void, undefined> {
    const hdf = await openHdf(source);
    try {
      const { dataset } = findVectors(source.name, hdf.file);
      yield* rowChunks(count, dims, options.chunkVectors, memories, async (data, first) => {
        const rows = readRows(source, dataset, first, data.length / dims, dims);
        data.set(rows);
      });
    } finally {
      hdf.close();
    }
  }
  return { dims, count, dtype: itemBytes === 4 ? 'float32' : 'float64', chunks };
}

async function requireSignature(source: ByteSource): Promise<void> {
  const first = new Uint8Array(SIGNATURE.length);
  // The signature may also stand at 512, 1024 and so on, behind what other programs put there.
  for (let at = 0; at + first.length <= source.byteLength; at = at === 0 ? 512 : 2 * at) {
    await source.readInto(first, at);
    if (SIGNATURE.every((byte, i) => first[i] === byte)) return;
  }
  throw malformed(source.name, 'byte 0', 'the signature of an HDF5 file', 'a foreign file');
}

async function withVectors<T>(source: ByteSource, use: (vectors: VectorsDataset) => Promise<T>): Promise<T> {
  const hdf = await openHdf(source);
  try {
    return await use(findVectors(source.name, hdf.file));
  } catch (error) {
    throw new TrackedSource(source).refusal('h5', error);
  } finally {
    hdf.close();
  }
}

async function openHdf(source: ByteSource): Promise<HdfFile> {
  try {
    return await (source.openHdf ? source.openHdf() : openInMemory(source));
  } catch (error) {
    throw new TrackedSource(source).refusal('h5', error);
  }
}

// Bundlers pass over an import that is missing where it stands in a try block.
async function importHdf5(file: string) {
  try {
    return await import('h5wasm');
  } catch (cause) {
    throw missingPackage(file, 'h5', 'h5wasm', cause);
  }
}

let copies = 0;

async function openInMemory(source: ByteSource): Promise<HdfFile> {
  const { name, byteLength } = source;
  if (byteLength > MAX_BLOB_BYTES)
    throw malformed(name, 'size', `at most ${MAX_BLOB_BYTES} bytes of .h5 in a Blob`, `${byteLength} bytes`);
  const hdf5 = await importHdf5(name);
  const { FS, activate_throwing_error_handler } = await hdf5.ready;
  activate_throwing_error_handler();
  const bytes = new Uint8Array(byteLength);
  await source.readInto(bytes, 0);
  const path = `/simdex-${copies++}.h5`;
  FS.writeFile(path, bytes);
  try {
    const file = new hdf5.File(path, 'r');
    const close = () => {
      file.close();
      FS.unlink(path);
    };
    return { file, close };
  } catch (error) {
    FS.unlink(path);
    throw error;
  }
}

function findVectors(file: string, root: File): VectorsDataset {
  const candidates = root.keys().flatMap((name): VectorsDataset[] => {
    const dataset = root.get(name);
    if (dataset === null || !('slice' in dataset)) return [];
    const { shape, type, size, virtual_sources } = dataset.metadata;
    // A virtual dataset is made of other files.
    if (type !== FLOAT_CLASS || shape?.length !== 2 || virtual_sources) return [];
    return [{ name, dataset, count: Number(shape[0]), dims: Number(shape[1]), itemBytes: size }];
  });
  const found = chooseVectors(file, 'datasets', candidates, KNOWN_NAMES);
  const { size, littleEndian } = found.dataset.metadata;
  const where = `dataset ${JSON.stringify(found.name.slice(0, 40))}`;
  if (!littleEndian) throw malformed(file, where, 'little-endian numbers', 'big-endian ones');
  if (size !== 4 && size !== 8) throw malformed(file, where, 'float32 or float64', `floats of ${size} bytes`);
  return found;
}

function readRows(source: ByteSource, dataset: Dataset, first: number, rows: number, dims: number) {
  try {
    const found = dataset.slice([
      [first, first + rows],
      [0, dims],
    ]);
    if ((found instanceof Float32Array || found instanceof Float64Array) && found.length === rows * dims) return found;
  } catch (error) {
    throw new TrackedSource(source).refusal('h5', error);
  }
  throw malformed(source.name, `row ${first}`, `${rows} rows of floats`, 'other data');
}
