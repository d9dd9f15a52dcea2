/**
 * The state of the server, read at one moment. The metrics and the dashboard are made of it, so they never differ.
 */

import type { ThreadTime } from '../../engine/lanes/thread-lanes.js';
import type { TimeDistribution } from '../../monitoring/time-distribution.js';
import type { GraphCalibration } from '../../search/graph/graph-options.js';
import type { Connections } from '../limits/connections.js';
import type { Load } from '../limits/load.js';
import type { RequestTimes } from './request-times.js';

export interface CollectionState {
  readonly name: string;
  readonly dims: number;
  readonly distance: string;
  readonly status: string;
  /** Number of stored vectors. */
  readonly points: number;
  /** Points that are not in the graph yet. */
  readonly waiting: number;
  readonly memoryBytes: number;
  readonly storedBytes: number;
  /** State of the graph; undefined where there are too few rows for one. */
  readonly graph: { readonly degree: number; readonly calibration: readonly GraphCalibration[] } | undefined;
}

export interface ServerState {
  readonly requests: readonly RequestTimes[];
  readonly load: Load;
  readonly connections: Connections;
  readonly collections: readonly CollectionState[];
  readonly engine: {
    readonly threads: number;
    readonly kernel: string | undefined;
    readonly threadTimes: readonly ThreadTime[];
    readonly pending: { readonly calls: number; readonly rows: number };
  };
  readonly commits: TimeDistribution;
  readonly memory: { readonly rssBytes: number };
  readonly cpuSeconds: number;
  readonly uptimeSeconds: number;
}
