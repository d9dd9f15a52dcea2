/**
 * Measures the recall of a graph: it compares exact answers to some queries with the graph's answers, for growing efforts.
 */
import { TimeSlices } from '../../base/time.js';
import { NOWHERE } from '../../engine/worker/graph-task.js';
import type { Metric } from '../../kernel/search/error-bound.js';
import { placeOf } from '../id-table.js';
import { type PreparedQueries, prepareQueries } from '../queries.js';
import type { Rows } from '../rows.js';
import type { SearchHits } from '../search-hits.js';
import type { IndexSearches, SearchRequest } from '../searches.js';
import { type CalibrationPoint, ENOUGH_RECALL, MEASURED_EFFORTS, MEASURED_HITS, recallOf } from './calibration.js';
import type { GraphRows } from './graph-rows.js';
import type { GraphSearches } from './graph-searches.js';

export interface MeasuringOptions {
  readonly rows: Rows;
  readonly graphRows: GraphRows;
  readonly searches: IndexSearches;
  readonly graphSearches: GraphSearches;
  readonly metric: Metric;
  readonly signal: AbortSignal;
}

/** Rows of the index that a graph is measured by. */
const SAMPLE = 256;
const MOST_HITS = 100;

/** Queries, and for each the row of the graph, part and row, that is not to be among its own hits. */
interface MeasuredQueries {
  readonly queries: PreparedQueries;
  readonly leftOut: readonly (readonly [number, number])[] | undefined;
  readonly ids: readonly unknown[] | undefined;
}

/** Measures by a sample of the index's own rows, each of which is searched for as if it were not there. */
export async function measureByOwnRows(options: MeasuringOptions): Promise<CalibrationPoint[]> {
  const { rows, graphRows, metric, signal } = options;
  const sample = sampleOf(graphRows);
  const data = new Float32Array(sample.length * rows.dims);
  const ids: unknown[] = [];
  const leftOut: [number, number][] = [];
  for (const [part, node] of sample) {
    const { places } = graphRows.parts[part]!;
    data.set(rowAt(part, node, options), ids.length * rows.dims);
    ids.push(rows.segmentAt(placeOf(places[2 * node]!, 0)).ids.get(places[2 * node + 1]!));
    leftOut.push([part, node]);
  }
  if (sample.length < 2) return [];
  const queries = await prepareQueries({ data, dims: rows.dims }, rows.dims, metric, new TimeSlices(signal));
  return measure({ queries, leftOut, ids }, options);
}

/** Measures by queries of the caller. */
export function measureByQueries(queries: PreparedQueries, options: MeasuringOptions): Promise<CalibrationPoint[]> {
  return measure({ queries, leftOut: undefined, ids: undefined }, options);
}

/** Options of a search that every row may answer. */
const ALL_ROWS = { accepted: undefined, leastKeys: undefined, offset: 0, threshold: undefined };

/** Limits of timed exact searches: their number, and their time. */
const MOST_TIMED = 16;
const MOST_TIMED_MS = 500;

/** Mean time of an exact search for `k` of the index's own rows, one after the other, in milliseconds; undefined where there is no row. */
export async function timeExactSearches(k: number, options: MeasuringOptions): Promise<number | undefined> {
  const { rows, graphRows, searches, metric, signal } = options;
  const search = async ([part, node]: readonly [number, number]) => {
    const data = rowAt(part, node, options);
    const queries = await prepareQueries({ data, dims: rows.dims }, rows.dims, metric, new TimeSlices(signal));
    await exactHits(searches, { ...ALL_ROWS, snapshot: rows.snapshot, queries, k: Math.min(k, rows.size), signal });
  };
  const sample = sampleOf(graphRows).slice(0, MOST_TIMED);
  if (sample.length === 0) return undefined;
  // The first one makes what the others find ready.
  await search(sample[0]!);
  const startedAtMs = performance.now();
  let count = 0;
  while (count < sample.length && performance.now() - startedAtMs < MOST_TIMED_MS) await search(sample[count++]!);
  return (performance.now() - startedAtMs) / count;
}

function rowAt(part: number, node: number, { rows, graphRows }: MeasuringOptions): Float32Array {
  const { places } = graphRows.parts[part]!;
  return rows.segmentAt(placeOf(places[2 * node]!, 0)).rowAt(places[2 * node + 1]!);
}

async function measure(
  { queries, leftOut, ids }: MeasuredQueries,
  { rows, graphRows, searches, graphSearches, metric, signal }: MeasuringOptions,
): Promise<CalibrationPoint[]> {
  const { snapshot } = rows;
  const { moment } = graphRows;
  const isDistance = metric === 'euclidean';
  const common = { ...ALL_ROWS, snapshot, queries, signal };
  const wanted = Math.min(MOST_HITS, snapshot.size);
  const all = await exactHits(searches, { ...common, k: Math.min(wanted + 1, snapshot.size) });
  const exact = ids ? withoutThemselves(all, ids) : all;
  let leastFound = leftOut ? 0 : 1;
  const points: CalibrationPoint[] = [];
  for (const effort of MEASURED_EFFORTS) {
    const { hits, meanMs } = await graphSearches.measure({
      ...common,
      moment,
      k: Math.min(wanted, effort),
      effort,
      leftOut,
    });
    // A row that hardly any list has is a near neighbour of few others, so it does not show in what these find: but it may be searched for.
    if (leftOut && leastFound < 1) {
      const own = await graphSearches.measure({ ...common, moment, k: 1, effort, leftOut: undefined });
      const { recall, error } = recallOf(own.hits, all, 1, isDistance);
      leastFound = recall - (recall === 1 ? 0 : error);
    }
    const reached = MEASURED_HITS.filter((k) => k <= effort).map((k): CalibrationPoint => {
      const { recall, error } = recallOf(hits, exact, k, isDistance);
      return { k, effort, recall, error: Math.max(error, recall - leastFound), meanMs };
    });
    points.push(...reached);
    if (reached.length === MEASURED_HITS.length && reached.every(({ recall }) => recall >= ENOUGH_RECALL)) break;
  }
  return points.sort((a, b) => a.k - b.k || a.effort - b.effort);
}

function exactHits(searches: IndexSearches, request: SearchRequest): SearchHits[] | Promise<SearchHits[]> {
  return searches.isSmall(request) ? searches.searchNow(request) : searches.search(request);
}

/** Hits but for the row that has the id of the query. */
function withoutThemselves(all: readonly SearchHits[], ids: readonly unknown[]): SearchHits[] {
  return all.map((hits, query) => {
    const others = hits.ids.flatMap((id, i) => (id === ids[query] ? [] : [i]));
    const scores = Float32Array.from(others, (i) => hits.scores[i]!);
    return { ...hits, ids: others.map((i) => hits.ids[i]!), scores, length: others.length };
  });
}

/** Rows of the graph that are rows of the index, spread evenly over it: part and row. */
function sampleOf({ parts }: GraphRows): [number, number][] {
  const used = parts.reduce((sum, part) => sum + part.used, 0);
  const sample: [number, number][] = [];
  for (const [index, part] of parts.entries()) {
    const wanted = Math.ceil((SAMPLE * part.used) / used);
    const step = Math.max(1, part.used / wanted);
    for (let first = 0; first < part.used; first += step) {
      let node = Math.floor(first + Math.random() * step);
      const last = Math.min(Math.ceil(first + step), part.used);
      while (node < last && !(part.isLive(node) && part.places[2 * node] !== NOWHERE)) node++;
      if (node < last) sample.push([index, node]);
    }
  }
  return sample;
}
