/**
 * What the page at /dashboard is told, as JSON. The page and the server share these types and nothing else.
 */
import type { ThreadTime } from '../../engine/lanes/thread-lanes.js';
import type { CollectionState } from '../watching/server-state.js';

/** One second of the server. */
export interface Sample {
  /** End of the second, in milliseconds since 1970. */
  readonly atMs: number;
  /** Vectors stored per second. */
  readonly ingestRate: number;
  /** Queries answered per second. */
  readonly searchRate: number;
  /** Percentiles of the query times of the last ten seconds, in milliseconds; null without a query. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Memory of the process. */
  readonly memoryBytes: number;
  /** Calls that wait for the engine's threads. */
  readonly pendingCalls: number;
  /** Processors at work for the server, in the mean. */
  readonly processors: number;
  /** For each thread of the engine, the share of the second in which it had work. */
  readonly busyShares: readonly number[];
}

export interface DashboardState {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly engine: { readonly threads: number; readonly kernel: string | null };
  /** Threads of the engine. */
  readonly threads: readonly ThreadTime[];
  /** Totals since the start of the server. */
  readonly totals: { readonly ingested: number; readonly searches: number; readonly requests: number };
  /** Samples that the page has not seen yet, oldest first. */
  readonly samples: readonly Sample[];
  readonly collections: readonly CollectionState[];
}

/** How far the samples go back. */
export const SAMPLES_KEPT = 300;
