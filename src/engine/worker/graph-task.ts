/**
 * What a lane is told of a graph: rows to put in, lists to mend, queries to answer. Numbers and shared memory only.
 */

import type { GraphShape } from '../../kernel/graph/graph-layout.js';
import type { KernelMemory, KernelSource } from '../../kernel/instantiate.js';
import type { Int8Place, RowForm } from '../../memory/segment-layout.js';
import type { QueryGroup, SearchPass } from './search-task.js';

export type GraphTask = GraphInsertTask | GraphRecordsTask | GraphMendTask | GraphSearchTask;

/** In places, of a row of a part that is no row of the index: the segment. */
export const NOWHERE = 0xffffffff;

/** A part of a graph, as lanes see it; memory/graph-part-layout.ts says where everything is. */
export interface GraphPlace extends GraphShape {
  /** The same number means the same memory. */
  readonly key: number;
  readonly memory: KernelMemory;
  /** Places to work, besides that of the calling thread. */
  readonly lanes: number;
  /** Radius of the rows; see GraphSpace. */
  readonly radius: number;
}

/** A segment whose rows come into a graph. */
export interface GraphSource {
  /** Number of the segment, as places name it. */
  readonly number: number;
  readonly memory: KernelMemory;
  /** Byte offset of the magnitudes. */
  readonly magnitudes: number;
  readonly form: RowForm;
  readonly int8: Int8Place | undefined;
}

/** Rows that are put into a part. */
export interface GraphInsertTask {
  readonly type: 'graph-insert';
  readonly graphKernel: KernelSource;
  readonly thread: number;
  /** A control block whose units are consecutive items: first, count. Its own are those of GraphItems. */
  readonly control: ArrayBufferLike;
  readonly graph: GraphPlace;
  /** Candidates for a row's neighbours. */
  readonly effort: number;
  /** Uint32Array, two words for each row of the part: segment and row. */
  readonly places: ArrayBufferLike;
  readonly segments: readonly GraphSource[];
}

/** Rows of a part that get their records. Somebody else writes their lists. */
export interface GraphRecordsTask extends Omit<GraphInsertTask, 'type' | 'effort'> {
  readonly type: 'graph-records';
  /** A control block whose units are consecutive rows of the part: first, count. */
  readonly control: ArrayBufferLike;
}

/** Rows of one graph of a part whose lists are mended, or that are put in again. */
export interface GraphMendTask {
  readonly type: 'graph-mend';
  readonly graphKernel: KernelSource;
  readonly thread: number;
  /** A control block whose units are consecutive rows: first, count. */
  readonly control: ArrayBufferLike;
  readonly graph: GraphPlace;
  /** Number of the graph, from the one of all rows upwards. */
  readonly level: number;
  readonly effort: number;
  /** Uint32Array: rows that are put in again; undefined where the lists of rows that are kept are mended. */
  readonly lost: ArrayBufferLike | undefined;
}

/** Queries that are answered by a graph. */
export interface GraphSearchTask extends Omit<SearchPass, 'groups'> {
  readonly type: 'graph-search';
  readonly graphKernel: KernelSource;
  readonly thread: number;
  /** A control block whose units are consecutive queries: first, count. Its own are those of a SearchBoard with one lane. */
  readonly control: ArrayBufferLike;
  /** For every part of the rows the number by which places name its segment. */
  readonly segmentNumbers: readonly number[];
  readonly groups: readonly GraphQueryGroup[];
}

/** What a lane needs to know of the queries that a graph answers. */
export type GraphPass = Pick<
  GraphSearchTask,
  'searchKernel' | 'metric' | 'dims' | 'parts' | 'segmentNumbers' | 'groups'
>;

/** Queries of one call. */
export interface GraphQueryGroup extends QueryGroup {
  /** Candidates that may be hits, at most. */
  readonly effort: number;
  readonly graphs: readonly GraphView[];
  /** Rows that are in no graph yet and are scanned: part, first, count of each span. */
  readonly waiting: readonly number[];
  /** For every query a row of the graph, part and row, that it is not to meet; undefined: it may meet all. */
  readonly leftOut: readonly (readonly [number, number])[] | undefined;
}

/** A part of a graph at the moment of a call. */
interface GraphView {
  readonly graph: GraphPlace;
  /** Places of the part's rows, as in GraphInsertTask. */
  readonly places: ArrayBufferLike;
  /** Whether some of its rows are gone, so that candidates are told from others by the live bits. */
  readonly filtered: boolean;
}

/** Items of an insertion in its control block: rows of the part, then a byte for each that says how far it is. */
export class GraphItems {
  readonly rows: Uint32Array;
  readonly states: Uint8Array;

  static byteLength(count: number): number {
    return 4 * (count + Math.ceil(count / 4));
  }

  constructor(buffer: ArrayBufferLike, byteOffset: number, count: number) {
    this.rows = new Uint32Array(buffer, byteOffset, count);
    this.states = new Uint8Array(buffer, byteOffset + 4 * count, count);
  }
}

/** States of an item: it has no record, it has one, it is in the graph. */
export const NEW_ROW = 0;
export const HAS_RECORD = 1;
export const IN_GRAPH = 2;
