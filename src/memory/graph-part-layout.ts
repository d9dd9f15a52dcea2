/**
 * Where everything lies in the memory of a part of a graph: the graph and those above it, a bit for each row that may be a hit,
 * a bit for each row of each graph that stays when lists are mended, then a place to work for every lane. All offsets are bytes on 64-byte
 * lines, and regions do not overlap.
 *
 *   graph | graphs above | live | kept, for each graph | place of lane 0, 1, ... | place of the calling thread
 *
 * A place is a scratch of the kernel, and room for rows that are on their way into the graph. Lists and records have the owners that
 * assembly/graph/lists.ts tells; the calling thread writes the bits; a lane writes its own place.
 */
import {
  type GraphLayout,
  type GraphShape,
  layOutGraph,
  layOutScratch,
  levelsOf,
  type ScratchLayout,
} from '../kernel/graph/graph-layout.js';

/** Most candidates of a walk. */
export const MAX_EFFORT = 4096;

const LINE = 64;
const MEMORY_BYTES = 2 ** 32;
/** Components of rows that a lane brings into the memory at a time. */
const STAGED_COMPONENTS = 2 ** 14;
const MAX_STAGED_ROWS = 64;

/** Working memory of a lane. */
export interface GraphLanePlace {
  readonly scratch: ScratchLayout;
  /** Byte offset of room for `stagedRows(dims)` rows, float32. */
  readonly rows: number;
  /** Byte offset of the lifts of these, float32. */
  readonly lifts: number;
}

/** Rows that a lane brings into the memory at a time. */
export function stagedRows(dims: number): number {
  return Math.max(1, Math.min(MAX_STAGED_ROWS, Math.floor(STAGED_COMPONENTS / dims)));
}

export class GraphPartLayout {
  readonly graph: GraphLayout;
  /** The graph and those above it. */
  readonly levels: readonly GraphLayout[];
  readonly live: number;
  /** For each of the levels. */
  readonly kept: readonly number[];
  readonly byteLength: number;
  readonly #lanes: number;
  readonly #places: number;
  readonly #placeBytes: number;

  /** @param lanes places to work, besides that of the calling thread */
  constructor(shape: GraphShape, lanes: number) {
    this.graph = layOutGraph(shape, 0);
    this.levels = levelsOf(this.graph);
    this.live = this.graph.end;
    let end = this.live + bitBytes(shape.capacity);
    this.kept = this.levels.map(({ capacity }) => {
      const start = end;
      end += bitBytes(capacity);
      return start;
    });
    this.#lanes = lanes;
    this.#places = end;
    this.#placeBytes = this.#endOf(this.#placeAt(0));
    // Kernels read some bytes beyond the last row.
    this.byteLength = end + (lanes + 1) * this.#placeBytes + LINE;
  }

  /** The calling thread has the lane behind the last one. */
  place(lane: number): GraphLanePlace {
    return this.#placeAt(this.#places + lane * this.#placeBytes);
  }

  get placeOfCaller(): GraphLanePlace {
    return this.place(this.#lanes);
  }

  #placeAt(base: number): GraphLanePlace {
    const scratch = layOutScratch(this.graph, MAX_EFFORT, base);
    const rows = alignToLine(scratch.end);
    const lifts = rows + alignToLine(4 * this.graph.dims * stagedRows(this.graph.dims) + LINE);
    return { scratch, rows, lifts };
  }

  #endOf({ lifts }: GraphLanePlace): number {
    return lifts + alignToLine(4 * stagedRows(this.graph.dims));
  }
}

/** Most rows of a graph whose memory has at most `bytes`: 4 GiB, or less in tests; at least 1. */
export function maxGraphRows(shape: Omit<GraphShape, 'capacity'>, lanes: number, bytes = MEMORY_BYTES): number {
  const fits = (capacity: number) => new GraphPartLayout({ ...shape, capacity }, lanes).byteLength <= bytes;
  let [least, most] = [1, 2 ** 26];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(middle)) least = middle;
    else most = middle - 1;
  }
  return least;
}

function bitBytes(rows: number): number {
  return alignToLine(Math.ceil(rows / 8) + 4);
}

function alignToLine(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}
