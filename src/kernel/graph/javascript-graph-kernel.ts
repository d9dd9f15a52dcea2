/**
 * The graph kernel in plain JavaScript: the readable specification of the WebAssembly ones, and the fallback where those do not
 * run. The same lists, bit for bit, from the same insertions in the same order.
 */
import { DONE, type GraphKernelExports, MORE } from './graph-kernel.js';
import { rowAbove, SCRATCH, TAIL } from './graph-layout.js';
import { Insertion } from './javascript-insertion.js';
import { GraphViews, type GraphWords } from './javascript-lists.js';
import { Scratch, Walk } from './javascript-search.js';

const { fround } = Math;

export function createJavaScriptGraphKernel(buffer: ArrayBufferLike): GraphKernelExports {
  const views = new GraphViews(buffer);
  const walkOf = (graph: number, scratch: number) => new Walk(views, views.graph(graph), new Scratch(views, scratch));

  return {
    encode(graph, rows, first, count, given, lifts) {
      const words = views.graph(graph);
      for (let i = 0; i < count; i++) {
        encodeRow(views, words, rows / 4 + i * given, given, lifts / 4 + i, words.records + (first + i) * words.stride);
        copyUp(views, words, first + i);
      }
    },
    begin: (graph, scratch, effort, limit, filter) => walkOf(graph, scratch).begin(effort, limit, filter),
    search: (graph, scratch, budget) => (walkOf(graph, scratch).search(budget) ? 1 : 0),
    beginInsert: (graph, scratch, row, effort, lost) => beginInsertion(views, graph, scratch, row, effort, lost !== 0),
    insert(scratch, tag, budget) {
      const at = new Scratch(views, scratch).get(SCRATCH.at);
      const result = new Insertion(views, at, scratch, tag).goOn(budget);
      return result === DONE ? goUp(views, scratch) : result;
    },
    mend: (graph, scratch, tag, row, live, effort) => new Insertion(views, graph, scratch, tag).mend(row, live, effort),
  };
}

/** The graphs above have copies of the records. */
function copyUp(views: GraphViews, graph: GraphWords, row: number): void {
  const above = rowAbove(row);
  if (!graph.upper || above === undefined) return;
  const upper = views.graph(graph.upper);
  const from = graph.records + row * graph.stride;
  views.bytes.copyWithin(upper.records + above * upper.stride, from, from + graph.tail + TAIL.parent);
  copyUp(views, upper, above);
}

function beginInsertion(
  views: GraphViews,
  graph: number,
  base: number,
  row: number,
  effort: number,
  lost: boolean,
): number {
  const scratch = new Scratch(views, base);
  scratch.set(SCRATCH.at, graph);
  scratch.set(SCRATCH.row, row);
  scratch.set(SCRATCH.insertEffort, effort);
  return new Insertion(views, graph, base, 0).begin(row, effort, lost) === DONE ? goUp(views, base) : MORE;
}

/** The row is in the graph it was put into: is it to be in the one above, too? */
function goUp(views: GraphViews, base: number): number {
  const scratch = new Scratch(views, base);
  for (;;) {
    const row = scratch.get(SCRATCH.row);
    const { upper } = views.graph(scratch.get(SCRATCH.at));
    const above = rowAbove(row);
    if (!upper || above === undefined) return DONE;
    scratch.set(SCRATCH.at, upper);
    scratch.set(SCRATCH.row, above);
    if (new Insertion(views, upper, base, 0).begin(above, scratch.get(SCRATCH.insertEffort), false) !== DONE)
      return MORE;
  }
}

function encodeRow(
  views: GraphViews,
  graph: GraphWords,
  row: number,
  given: number,
  lift: number,
  record: number,
): void {
  const { floats, doubles, signed } = views;
  const { dims, center, factor, tail } = graph;
  const components = Array.from({ length: dims }, (_, j) => {
    const x = floats[j < given ? row + j : lift]!;
    return fround(Math.min(Math.max((x - doubles[center / 8 + j]!) * factor, -(2 ** 50)), 2 ** 50));
  });
  let scale = 0;
  let square = 0;
  if (graph.floats) {
    floats.fill(0, record / 4, (record + tail) / 4);
    floats.set(components, record / 4);
  } else {
    const largest = components.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    scale = largest < 2 ** -100 ? 0 : fround(largest / 127);
    const inverse = scale > 0 ? fround(1 / scale) : 0;
    let squares = 0;
    signed.fill(0, record, record + tail);
    components.forEach((x, j) => {
      const code = fround(fround(fround(x * inverse) + 12582912) - 12582912);
      signed[record + j] = code;
      squares += code * code;
    });
    square = fround(fround(scale * scale) * fround(squares));
  }
  floats[(record + tail + TAIL.scale) / 4] = scale;
  floats[(record + tail + TAIL.square) / 4] = square;
}
