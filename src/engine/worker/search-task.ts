/**
 * What a thread is told of one pass over the rows of an index. Numbers and shared memory only.
 */
import type { CompiledKernel, KernelMemory } from '../../kernel/instantiate.js';
import type { Metric } from '../../kernel/search/error-bound.js';
import type { Int8Place, RowForm, SearchPlace } from '../../memory/segment-layout.js';

export interface SearchTask {
  readonly type: 'search';
  readonly searchKernel: CompiledKernel;
  readonly metric: Metric;
  readonly dims: number;
  /** Threads that have a place on the board. */
  readonly threads: number;
  readonly thread: number;
  /** A control block whose units are blocks of rows: part, first row, count. Its own are those of a SearchBoard. */
  readonly control: ArrayBufferLike;
  readonly parts: readonly SearchPart[];
  /** The queries, call after call. */
  readonly groups: readonly QueryGroup[];
}

/** What a lane needs to know of a pass. */
export type SearchPass = Pick<SearchTask, 'searchKernel' | 'metric' | 'dims' | 'parts' | 'groups'>;

/** The rows of one segment. */
export interface SearchPart {
  /** The same number means the same memory. */
  readonly key: number;
  readonly memory: KernelMemory;
  /** Slot (number among all rows of the pass) of the first row. */
  readonly firstSlot: number;
  /** Byte offset of the magnitudes. */
  readonly magnitudes: number;
  /** Byte offset of the deaths. */
  readonly deaths: number;
  readonly form: RowForm;
  /** The int8 copy of the rows; undefined where they are scanned in float32 only. */
  readonly int8: Int8Place | undefined;
  /** Place of this thread's working memory. */
  readonly place: SearchPlace;
}

/** Queries of one call, which looks at the index as it was at one version. */
export interface QueryGroup {
  readonly queryCount: number;
  /** Hits wanted of each query, at least 1. With candidates it may be 0: then no limit is looked for. */
  readonly k: number;
  /** Room for candidates, where rows are not scored but listed with their bounds: for rows that are in a file. */
  readonly candidates?: number | undefined;
  readonly version: number;
  /** For every part the number of its first rows that count. Dead rows among them do not. */
  readonly rowCounts: readonly number[];
  /** For every part a bit for each row, in uint32 words from the lowest on: 1 where it may be a hit. undefined: all may. */
  readonly accepted: readonly ArrayBufferLike[] | undefined;
}

/** Consecutive rows of a part. */
export interface RowBlock {
  readonly part: number;
  readonly first: number;
  readonly count: number;
}
