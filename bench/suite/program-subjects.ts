/**
 * What programs do with the package as it is, against what they would write without it: many small calls, one after the
 * other, and searches. Vectors are given and left as they are, so nothing has to be restored.
 */
import type { ParallelIndexer } from '../../src/indexing/parallel-indexer.js';
import type { IndexingResult } from '../../src/indexing/result/indexing-result.js';
import type { VectorIndex } from '../../src/search/vector-index.js';
import type { DataSet } from './data-set.js';
import type { Subject } from './subject.js';

/** Vectors of a call, and most calls of a sample. */
const CALL_VECTORS = 8;
const MOST_CALLS = 64;
const NEAREST = 10;

/** Calls of few vectors each as ordinary arrays, whose results are ordinary arrays too. */
export function createCallsSubject(variant: 'javascript' | 'threads', indexer: ParallelIndexer, set: DataSet): Subject {
  const { dims, components, parts } = set;
  const calls = Array.from({ length: Math.min(MOST_CALLS, Math.floor(set.vectorsPerPart / CALL_VECTORS)) }, (_, call) =>
    Array.from({ length: CALL_VECTORS }, (_, i) => {
      const first = (call * CALL_VECTORS + i) * dims;
      return components.slice(first, first + dims);
    }),
  );
  let answers: readonly Normalised[] = [];
  let results: readonly IndexingResult[] = [];
  const indexAll = async () => {
    const found: IndexingResult[] = [];
    for (const rows of calls) found.push(await indexer.indexVectors(rows, { order: 'original' }));
    results = found;
  };
  return {
    parts,
    vectorsPerPart: calls.length * CALL_VECTORS,
    run() {
      if (variant === 'threads') return indexAll();
      answers = calls.map(normalised);
      return undefined;
    },
    restore: () => undefined,
    output() {
      if (variant === 'threads') {
        answers = results.map(({ vectors }) => ({
          rows: Array.from(vectors, ({ normalized }) => normalized),
          magnitudes: vectors.magnitudes,
        }));
      }
      return {
        rows: joined(answers.flatMap(({ rows }) => rows)),
        magnitudes: joined(answers.map(({ magnitudes }) => magnitudes)),
      };
    },
    dispose: () => undefined,
  };
}

interface Normalised {
  readonly rows: readonly Float32Array[];
  readonly magnitudes: Float32Array;
}

function normalised(given: readonly Float32Array[]): Normalised {
  const magnitudes = new Float32Array(given.length);
  const rows = given.map((row, i) => {
    let sum = 0;
    for (let j = 0; j < row.length; j++) sum += row[j]! * row[j]!;
    const magnitude = Math.sqrt(sum);
    magnitudes[i] = magnitude;
    const unit = new Float32Array(row.length);
    for (let j = 0; j < row.length; j++) unit[j] = row[j]! / magnitude;
    return unit;
  });
  return { rows, magnitudes };
}

/**
 * One search for the nearest 10 by inner product, through all rows of the set. A vector is a row that is looked at.
 *
 * @param build `VectorIndex.build` of the package as it was loaded
 */
export async function createSearchSubject(
  variant: 'javascript' | 'threads',
  build: typeof VectorIndex.build,
  threadCount: number,
  set: DataSet,
): Promise<Subject> {
  const { dims, components, parts, vectorsPerPart } = set;
  const count = parts * vectorsPerPart;
  const data = new Float32Array(count * dims);
  // Parts are not alike, or there would be many nearest ones.
  for (let part = 0; part < parts; part++) {
    const first = part * components.length;
    for (let i = 0; i < components.length; i++) data[first + i] = components[i]! * (1 + part / parts);
  }
  const query = components.slice(0, dims).reverse();
  const index = variant === 'threads' ? await build({ data, dims }, { metric: 'dot', threadCount }) : undefined;
  let scores = new Float32Array(0);
  const search = async (built: VectorIndex) => {
    scores = (await built.search(query, NEAREST)).scores.slice();
  };
  return {
    // Each is all rows: nothing has to be put back between two searches.
    parts,
    vectorsPerPart: count,
    run() {
      if (index) return search(index);
      scores = nearest(data, dims, query);
      return undefined;
    },
    restore: () => undefined,
    output: () => ({ rows: scores, magnitudes: undefined }),
    dispose: () => {
      index?.dispose();
    },
  };
}

/** Rows of the graph that is searched, around so many centres. */
const GRAPH_ROWS = 10_000;
const CENTERS = 100;
const SPREAD = 1;
/** Finds all there is to find. */
const FAR = 2048;

/**
 * One search for the nearest 10 of 10,000 rows, through a graph that is built before. A vector is one of these rows, whether it was looked at or
 * not. What is compared with the others is what a search finds that looks far.
 *
 * @param build `VectorIndex.build` of the package as it was loaded
 */
export async function createGraphSubject(
  variant: 'javascript' | 'threads',
  build: typeof VectorIndex.build,
  threadCount: number,
  { dims, components, parts }: DataSet,
): Promise<Subject> {
  // A set may have fewer components than there are places to begin at.
  const beginAt = (place: number) => place % Math.max(1, components.length - dims);
  const rowOf = (row: number) => {
    const center = beginAt((row % CENTERS) * dims);
    const noise = beginAt(row * 7919);
    return Float32Array.from({ length: dims }, (_, j) => components[center + j]! + SPREAD * components[noise + j]!);
  };
  const data = new Float32Array(GRAPH_ROWS * dims);
  for (let row = 0; row < GRAPH_ROWS; row++) data.set(rowOf(row), row * dims);
  const query = rowOf(GRAPH_ROWS);
  const index = variant === 'threads' ? await build({ data, dims }, { metric: 'dot', threadCount }) : undefined;
  const recall = (await index?.buildGraph())?.graph;
  const scores = index ? (await index.search(query, NEAREST, { effort: FAR })).scores : nearest(data, dims, query);
  return {
    parts,
    vectorsPerPart: GRAPH_ROWS,
    run() {
      if (index) return index.search(query, NEAREST).then(() => undefined);
      nearest(data, dims, query);
      return undefined;
    },
    restore: () => undefined,
    output: () => ({ rows: scores, magnitudes: undefined }),
    recall,
    dispose: () => {
      index?.dispose();
    },
  };
}

/** Scores of the best, best first. */
function nearest(data: Float32Array, dims: number, query: Float32Array): Float32Array<ArrayBuffer> {
  const best = new Float64Array(NEAREST).fill(Number.NEGATIVE_INFINITY);
  for (let first = 0; first < data.length; first += dims) {
    let score = 0;
    for (let i = 0; i < dims; i++) score += data[first + i]! * query[i]!;
    if (score <= best[NEAREST - 1]!) continue;
    let place = NEAREST - 1;
    for (; place > 0 && best[place - 1]! < score; place--) best[place] = best[place - 1]!;
    best[place] = score;
  }
  return Float32Array.from(best);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let first = 0;
  for (const part of parts) {
    all.set(part, first);
    first += part.length;
  }
  return all;
}
