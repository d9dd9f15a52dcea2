/**
 * Puts what is in a snapshot, or in any file that `VectorIndex.save` wrote, into a new store. Everything is checked: the file may come from anywhere.
 */
import { messageOf } from '../../base/errors.js';
import type { ByteSource } from '../../formats/format.js';
import { malformed } from '../../formats/malformed.js';
import { openFileSource } from '../../formats/node/file-source.js';
import { readSafetensorsHeader, type SafetensorsHeader, type Tensor } from '../../formats/safetensors-header.js';
import { decodeIds, readSavedIndex, type SavedIndexPlaces } from '../../formats/saved-index.js';
import { comparePointIds, type PointId, toPointId } from '../collections/point-id.js';
import { type CollectionSettings, DEFAULT_GRAPH, type Distance, METRICS } from '../collections/settings.js';
import { SortedMap } from '../collections/sorted-map.js';
import { isSearchable } from '../collections/vectors.js';
import { INDEX_TYPES } from '../filters/payload-index.js';
import { BlockEncoder, namesOf } from './block.js';
import type { CollectionStore } from './collection-store.js';
import { copyGraphFile } from './graph-file.js';

const BLOCK_BYTES = 2 ** 22;
const MOST_ROWS = 2 ** 14;

/** Rejects with `MalformedFile`, which names what is wrong, or {@link RequestError} 507. The store is of no use then. */
export async function restoreSnapshot(file: string, name: string, store: CollectionStore): Promise<void> {
  const source = await openFileSource(file, 'the snapshot');
  try {
    const places = await readSavedIndex(source);
    if (places.precision !== 'float32') {
      const found = `${places.vectors.dtype}: it was saved with precision ${places.precision}`;
      throw malformed(source.name, 'tensor "vectors"', 'F32, as a snapshot has it', found);
    }
    const header = await readSafetensorsHeader(source);
    const settings = settingsOf(source, places, header, name);
    await store.begin(settings);
    await new Restoring(source, places, header, settings).into(store);
    if (places.graph && !('damage' in places.graph)) await copyGraphFile(store.folder, source, header, places.count);
  } finally {
    await source.close();
  }
}

class Restoring {
  readonly #source: ByteSource;
  readonly #places: SavedIndexPlaces;
  readonly #header: SafetensorsHeader;
  readonly #settings: CollectionSettings;

  constructor(source: ByteSource, places: SavedIndexPlaces, header: SafetensorsHeader, settings: CollectionSettings) {
    this.#source = source;
    this.#places = places;
    this.#header = header;
    this.#settings = settings;
  }

  async into(store: CollectionStore): Promise<void> {
    const { count, dims, vectors } = this.#places;
    const seen = new SortedMap<PointId, true>(comparePointIds);
    const encoder = new BlockEncoder();
    const most = Math.max(1, Math.min(MOST_ROWS, Math.floor(BLOCK_BYTES / (4 * dims))));
    for (let first = 0; first < count; first += most) {
      const rows = Math.min(most, count - first);
      const data = new Float32Array(rows * dims);
      await this.#source.readInto(new Uint8Array(data.buffer), vectors.byteOffset + 4 * dims * first);
      const ids = await this.#ids(first, rows);
      const payloads = await this.#payloads(first, ids);
      const each = ids.map((_, row) => data.subarray(row * dims, (row + 1) * dims));
      for (const [row, id] of ids.entries()) {
        if (!isSearchable(this.#settings, each[row]!, `row ${first + row}`)) throw this.#fault(first + row, 'a vector');
        if (seen.get(id)) throw this.#fault(first + row, `another id than ${id}, which is there twice`);
        seen.set(id, true);
      }
      const block = encoder.encode(namesOf({ first }, ids), dims);
      block.vectors.set(data);
      const meta: [string, number][] = [
        ['nextNumber', first + rows],
        ['points', first + rows],
      ];
      await store.commit({ blocks: [[first, block.bytes]], payloads, meta });
    }
  }

  async #ids(first: number, rows: number): Promise<PointId[]> {
    const { ids } = this.#places;
    const { name } = this.#source;
    const found =
      ids.kind === 'numbers'
        ? decodeIds(name, { kind: 'numbers', values: await this.#integers(ids.values, first, rows) }, first)
        : decodeIds(name, { kind: 'strings', ...(await this.#pieces(ids.bytes, ids.offsets, first, rows)) }, first);
    const isJson = this.#header.metadata.get('ids') === 'json';
    return found.map((id, row) => {
      try {
        return toPointId(isJson ? JSON.parse(String(id)) : id);
      } catch {
        throw this.#fault(first + row, 'an unsigned integer or a UUID as id');
      }
    });
  }

  async #payloads(first: number, ids: readonly PointId[]): Promise<[PointId, string][]> {
    const bytesTensor = this.#header.tensors.get('payloads_bytes');
    const offsetsTensor = this.#header.tensors.get('payloads_offsets');
    if (!bytesTensor && !offsetsTensor) return [];
    const { count } = this.#places;
    if (bytesTensor?.dtype !== 'U8' || offsetsTensor?.dtype !== 'I64' || offsetsTensor.shape[0] !== count + 1) {
      throw malformed(
        this.#source.name,
        'payloads',
        `payloads_bytes U8 and payloads_offsets I64 [${count + 1}]`,
        'others',
      );
    }
    const { bytes, offsets } = await this.#pieces(bytesTensor, offsetsTensor, first, ids.length);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const payloads: [PointId, string][] = [];
    for (const [row, id] of ids.entries()) {
      const [begin, end] = [Number(offsets[row]! - offsets[0]!), Number(offsets[row + 1]! - offsets[0]!)];
      if (begin === end) continue;
      try {
        const json = decoder.decode(bytes.subarray(begin, end));
        const payload: unknown = JSON.parse(json);
        if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) throw new Error('no object');
        payloads.push([id, json]);
      } catch {
        throw this.#fault(first + row, 'a JSON object as payload');
      }
    }
    return payloads;
  }

  /** Bytes of some rows, and where each begins and the last one ends. */
  async #pieces(bytes: Tensor, offsets: Tensor, first: number, rows: number) {
    const found = await this.#integers(offsets, first, rows + 1);
    const [begin, end] = [Number(found[0]), Number(found[rows])];
    const inOrder = found.every((offset, i) => i === 0 || offset >= found[i - 1]!);
    if (!inOrder || begin < 0 || end > bytes.byteLength) throw this.#fault(first, 'offsets in order');
    const piece = new Uint8Array(end - begin);
    await this.#source.readInto(piece, bytes.byteOffset + begin);
    return { bytes: piece, offsets: found };
  }

  async #integers({ byteOffset }: Tensor, first: number, count: number): Promise<BigInt64Array<ArrayBuffer>> {
    const values = new BigInt64Array(count);
    await this.#source.readInto(new Uint8Array(values.buffer), byteOffset + 8 * first);
    return values;
  }

  #fault(row: number, expected: string): Error {
    return malformed(this.#source.name, `row ${row}`, expected, 'something else');
  }
}

/** The settings in the file, or the defaults where the file has none. */
function settingsOf(
  { name: file }: ByteSource,
  { dims, metric, precision, order }: SavedIndexPlaces,
  { metadata }: SafetensorsHeader,
  name: string,
): CollectionSettings {
  if (precision !== 'float32' || order !== 'original' || dims === 0) {
    throw malformed(
      file,
      '__metadata__',
      'rows of float32 in their original order',
      `${precision}, ${order}, ${dims} dims`,
    );
  }
  const distance = Object.entries(METRICS).find(([, each]) => each === metric)![0] as Distance;
  const plain = { name, size: dims, distance, hnsw: DEFAULT_GRAPH, payloadIndexes: {} };
  const json = metadata.get('settings');
  if (json === undefined) return plain;
  try {
    const { hnsw, payloadIndexes } = JSON.parse(json) as Partial<CollectionSettings>;
    const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
    if (!isCount(hnsw?.m) || !isCount(hnsw?.efConstruct)) throw new Error('hnsw');
    for (const type of Object.values(payloadIndexes!))
      if (!INDEX_TYPES.includes(type)) throw new Error(`index ${type}`);
    return { ...plain, hnsw: { m: hnsw!.m, efConstruct: hnsw!.efConstruct }, payloadIndexes: { ...payloadIndexes } };
  } catch (cause) {
    throw malformed(file, '__metadata__', 'settings of a collection', messageOf(cause).slice(0, 100), { cause });
  }
}
