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
  if ([3, 70].every((dims) => buildsKnownGraph(prepared.compiled, shared, dims))) return prepared;
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

/** A small graph and a search in it must be, bit for bit, those of the JavaScript twin. */
function buildsKnownGraph(kernel: CompiledKernel, shared: boolean, dims: number): boolean {
  const graph = layOutGraph({ capacity: COUNT, dims, metric: 'euclidean', degree: 8 }, 0);
  const scratch = layOutScratch(graph, EFFORT, graph.end);
  const pages = Math.ceil((scratch.end + 4 * COUNT * dims) / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  const found = buildKnownGraph(instantiateGraphKernel(kernel, memory), memory.buffer, graph, scratch);
  const twin = new ArrayBuffer(memory.buffer.byteLength);
  const expected = buildKnownGraph(instantiateGraphKernel(JAVASCRIPT.compiled, { buffer: twin }), twin, graph, scratch);
  return found.length === expected.length && found.every((word, i) => word === expected[i]);
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
