/**
 * What a worker and its process say to each other. One unit of work is under way at a time.
 */
import type { IndexingErrorCode } from '../base/errors.js';
import type { Precision } from '../memory/segment-layout.js';
import type { PartOptions, SourceFile } from '../parts/part-manifest.js';

/** Indexes some rows to a part. Paths were checked. */
export interface IndexUnit {
  readonly type: 'index';
  readonly files: readonly string[];
  /** Facts that the files must still match. */
  readonly source: readonly SourceFile[];
  readonly first: number;
  readonly last: number;
  readonly options: PartOptions;
  readonly out: string;
  /** Prefixes of the URLs that may be asked; none stands for every one. */
  readonly allowUrls: readonly string[];
}

/** Puts parts together. Paths were checked. */
export interface MergeUnit {
  readonly type: 'merge';
  readonly parts: readonly string[];
  readonly out: string;
  readonly rejected: string | undefined;
  readonly report: readonly string[] | undefined;
  readonly graph: boolean;
  readonly precision: Precision | undefined;
}

export type Unit = IndexUnit | MergeUnit;

/** Result of a unit. */
export interface UnitResult {
  /** Number of rows, rejected ones too. */
  readonly rows: number;
  readonly rejected: number;
  /** Time of indexing, in milliseconds. For a merge, that of all its parts. */
  readonly totalTimeMs: number;
}

export type ToUnitProcess = Unit | { readonly type: 'stop' };

export type FromUnitProcess =
  | { readonly type: 'progress'; readonly rows: number }
  | { readonly type: 'done'; readonly result: UnitResult }
  | { readonly type: 'stopped' }
  | {
      readonly type: 'failed';
      readonly code: IndexingErrorCode;
      readonly sentence: string;
      /** Whether another try would fail, too. */
      readonly isFinal: boolean;
    };
