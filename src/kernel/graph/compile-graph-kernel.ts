/**
 * Chooses and compiles the graph kernel. It is that of the same backend as the indexing kernel if it builds a known graph
 * rightly, else the JavaScript one. Its bytes are loaded when the first graph is made.
 */
import { type CompiledKernel, hasExport, type PreparedKernel } from '../instantiate.js';
import { JAVASCRIPT, prepareKernel } from '../prepare-kernel.js';
import { DONE, type GraphKernelExports } from './graph-kernel.js';
import { type GraphLayout, layOutGraph, layOutScratch, type ScratchLayout } from './graph-layout.js';
import { readCandidates, writeGraph, writeScratch } from './graph-memory.js';
import { measureSpace, writeQuery } from './graph-space.js';
import { instantiateGraphKernel } from './instantiate-graph-kernel.js';

/**
 * @param indexing the indexing kernel, which has been found to run here; a file of all kernels is the graph kernel, too
 * @param shared whether the memories it is to work on are shared between threads
 * @param onFallback hears why it is JavaScript, where that of indexing is not
 */
export async function compileGraphKernel(
  indexing: PreparedKernel,
  shared: boolean,
  onFallback?: (reason: string) => void,
): Promise<PreparedKernel> {
  const { backend } = indexing.compiled;
  if (backend === 'javascript') return JAVASCRIPT;
  const prepared = hasExport(indexing.compiled, 'beginInsert')
    ? indexing
    : await prepareKernel(backend, await loadBytes(backend), shared, onFallback);
  if (!prepared) return JAVASCRIPT;
  if (KNOWN_GRAPHS.every(({ dims, hash }) => hashOfKnownGraph(prepared.compiled, shared, dims) === hash))
    return prepared;
  onFallback?.('this engine computes wrong answers with it');
  return JAVASCRIPT;
}

async function loadBytes(backend: 'simd' | 'scalar'): Promise<Uint8Array<ArrayBuffer>> {
  if (backend === 'simd') return (await import('kernel:graph-simd.wasm')).default;
  return (await import('kernel:graph-scalar.wasm')).default;
}

/** Enough for a graph above. */
const COUNT = 260;
const EFFORT = 16;

/**
 * Hashes of small graphs and a search in each, as the JavaScript twin makes them: the kernel's must be the same, bit for bit. A test has the twin make
 * them again. Here that would take longer than loading a graph does.
 */
export const KNOWN_GRAPHS = [
  { dims: 3, hash: 0xbfda87eb },
  { dims: 70, hash: 0x8798c14c },
] as const;

/** Has a kernel make a small graph, and search in it. */
export function hashOfKnownGraph(kernel: CompiledKernel, shared: boolean, dims: number): number {
  const graph = layOutGraph({ capacity: COUNT, dims, metric: 'euclidean', degree: 8 }, 0);
  const scratch = layOutScratch(graph, EFFORT, graph.end);
  const bytes = scratch.end + 4 * COUNT * dims;
  const pages = Math.ceil(bytes / 65_536);
  const memory =
    kernel.backend === 'javascript'
      ? { buffer: new ArrayBuffer(bytes) }
      : new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  return hashOf(buildKnownGraph(instantiateGraphKernel(kernel, memory), memory.buffer, graph, scratch));
}

/** FNV-1a, word by word. */
function hashOf(words: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}

/** All words of the graph, and the rows that a search finds. */
function buildKnownGraph(
  kernel: GraphKernelExports,
  buffer: ArrayBufferLike,
  graph: GraphLayout,
  scratch: ScratchLayout,
): number[] {
  const { dims } = graph;
  const rows = Float32Array.from({ length: COUNT * dims }, (_, i) => ((i * 7919) % 211) - 105);
  // One row twice: the second is put behind the first.
  rows.copyWithin(9 * dims, 2 * dims, 3 * dims);
  const space = measureSpace(rows, dims, graph.metric, 0);
  writeGraph(buffer, graph, space, 1);
  writeScratch(buffer, scratch);
  new Float32Array(buffer, scratch.end, rows.length).set(rows);
  kernel.encode(graph.base, scratch.end, 0, COUNT, dims, 0);
  for (let row = 0; row < COUNT; row++) {
    let state = kernel.beginInsert(graph.base, scratch.base, row, EFFORT, 0);
    while (state !== DONE) state = kernel.insert(scratch.base, 1, 1000);
  }
  writeQuery(graph, space, rows.subarray(5 * dims, 6 * dims), buffer, scratch.query);
  kernel.begin(graph.base, scratch.base, EFFORT, EFFORT, 0);
  while (kernel.search(graph.base, scratch.base, 1000));
  return [...new Uint32Array(buffer, 0, graph.end / 4), ...readCandidates(buffer, scratch)];
}
