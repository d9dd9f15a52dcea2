/**
 * The graph of a collection in a file beside its store, so that a restart need not build it: the tensors of a saved graph (formats/saved-graph.ts)
 * and `numbers` F64 [count], the numbers of the rows that it is about, ascending. The file is written anew as a whole now and then. It may be older
 * than the store: rows that came later are put into the graph, and those that are gone are taken out. Without it the graph is built.
 */
import { join } from 'node:path';
import { TimeSlices } from '../../base/time.js';
import type { ByteSource } from '../../formats/format.js';
import { createAtomicFile } from '../../formats/node/atomic-file.js';
import { openFileSource } from '../../formats/node/file-source.js';
import {
  createSafetensorsHeader,
  readSafetensorsHeader,
  type SafetensorsHeader,
} from '../../formats/safetensors-header.js';
import { graphTensors, placesOfGraph, type SavedGraphPlaces } from '../../formats/saved-graph.js';
import type { Metric } from '../../kernel/search/error-bound.js';
import type { GraphToSave } from '../../search/graph/save-graph.js';

const FILE = 'graph.safetensors';
const PIECE_BYTES = 2 ** 20;
const FORMAT = 'simdex-server-graph/1';

export interface GraphFile {
  readonly source: ByteSource;
  readonly places: SavedGraphPlaces;
  readonly numbers: Float64Array;
  close(): Promise<void>;
}

/** Writes the file anew. Rejects with `FileAccess`; the earlier file stays then. */
export async function writeGraphFile(
  folder: string,
  { shape, pieces }: GraphToSave,
  numbers: Float64Array,
): Promise<void> {
  const out = await createAtomicFile(join(folder, FILE), { durable: true });
  const slices = new TimeSlices();
  try {
    const tensors = { numbers: { dtype: 'F64', shape: [numbers.length] }, ...graphTensors(shape) } as const;
    const metadata = { format: FORMAT, graph: `${shape.degree},${shape.effort}` };
    await out.append(createSafetensorsHeader(tensors, metadata));
    await out.append(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    for (const piece of pieces()) {
      if (piece.length > 0) await out.append(piece);
      if (slices.isDue()) await slices.nextTurn();
    }
    await out.finish();
  } catch (error) {
    await out.abort();
    throw error;
  }
}

/** Opens the saved graph; undefined where there is none. Rejects with `MalformedFile` for a damaged one. */
export async function openGraphFile(
  folder: string,
  { dims, metric }: { readonly dims: number; readonly metric: Metric },
): Promise<GraphFile | undefined> {
  const source = await openFileSource(join(folder, FILE)).catch(() => undefined);
  if (!source) return undefined;
  try {
    const { metadata, tensors } = await readSafetensorsHeader(source);
    const places = placesOfGraph(metadata.get('graph'), tensors, dims, metric);
    const found = tensors.get('numbers');
    if (metadata.get('format') !== FORMAT || found?.dtype !== 'F64' || !places) {
      await source.close();
      return undefined;
    }
    const numbers = new Float64Array(found.byteLength / 8);
    await source.readInto(new Uint8Array(numbers.buffer), found.byteOffset);
    return { source, places, numbers, close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Takes the graph of a saved index, whose rows have the numbers 0 to `count`. */
export async function copyGraphFile(
  folder: string,
  source: ByteSource,
  { metadata, tensors }: SafetensorsHeader,
  count: number,
): Promise<void> {
  const ofGraph = [...tensors].filter(([name]) => name.startsWith('graph.'));
  const shapes = Object.fromEntries(ofGraph.map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
  const numbers = Float64Array.from({ length: count }, (_, row) => row);
  const out = await createAtomicFile(join(folder, FILE), { durable: true });
  try {
    const all = { numbers: { dtype: 'F64', shape: [count] }, ...shapes } as const;
    await out.append(createSafetensorsHeader(all, { format: FORMAT, graph: metadata.get('graph') ?? '' }));
    await out.append(new Uint8Array(numbers.buffer));
    for (const [, { byteOffset, byteLength }] of ofGraph) {
      for (let at = 0; at < byteLength; at += PIECE_BYTES) {
        const piece = new Uint8Array(Math.min(PIECE_BYTES, byteLength - at));
        await source.readInto(piece, byteOffset + at);
        await out.append(piece);
      }
    }
    await out.finish();
  } catch (error) {
    await out.abort();
    throw error;
  }
}
