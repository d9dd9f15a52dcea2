/**
 * A call to an indexer that waits for the threads, and its place in the job that does it.
 */
import type { WaitingCall } from '../engine/gathering.js';
import type { SourceRows } from '../vectors/source-rows.js';
import type { VectorSource } from '../vectors/vector-source.js';
import type { PlacedMemory } from './allocations.js';
import type { CallSection } from './call-section.js';
import type { IndexingJob } from './indexing-job.js';
import type { ConditionsWatch } from './measuring/run-conditions.js';
import type { CheckedIndexOptions } from './options.js';
import type { RunObserver } from './run-records.js';

export interface IndexingCall extends WaitingCall {
  readonly vectors: VectorSource;
  /** The same source after it was checked. */
  readonly source: SourceRows;
  readonly options: CheckedIndexOptions;
  readonly observer: RunObserver;
  /** The caller's memory that the result goes to; undefined to take one of the engine's. */
  readonly target: PlacedMemory | undefined;
  readonly watch: ConditionsWatch;
  /** Time of the call, as of `nowMs`. */
  readonly calledAtMs: number;
  /** Time when it began to wait. */
  readonly enteredAtMs: number;
  /** Its section of the job that does it; undefined until that begins. */
  section: CallSection | undefined;
  job: IndexingJob | undefined;
  /** Whether it is not to be done with others: there was no memory for all of them. */
  isAlone: boolean;
}

/** Most work of a call that is done with others. Larger calls gain nothing, and would hold up the others. */
const MOST_MERGED_BYTES = 2 ** 22;

/** Whether a call may be done together with others: it then works in their memory, and its result is copied out of it. */
export function isMergeable({ options, source, observer, bytes, isAlone }: IndexingCall): boolean {
  const { inPlace, into, batchSize, onProgress } = options;
  // A tuner judges whole runs.
  if (inPlace || into || batchSize !== undefined || onProgress || observer.settingFor || isAlone) return false;
  return source.shared === undefined && bytes <= MOST_MERGED_BYTES;
}
