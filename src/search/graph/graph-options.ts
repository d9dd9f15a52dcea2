/**
 * What a caller may ask of a graph, checked once at the edge, and what a graph tells of itself. Pages that search load this; the graph
 * itself they load when one is asked for.
 */
import { invalidConfiguration, refuseUnknown } from '../../base/errors.js';
import type { RealTimeMonitor } from '../../monitoring/real-time-monitor.js';
import type { IndexingPerformanceReport } from '../../reporting/report.js';

/** How a graph is built. */
export interface GraphOptions {
  /** Most neighbours of a row, 8 to 128. More find more, and take more memory: 4 bytes each. Default 32. */
  readonly degree?: number | undefined;
  /** Candidates that a row's neighbours are chosen from, 16 to 2048: more make a better graph, and take longer. Default 128. */
  readonly effort?: number | undefined;
}

/** Options of `buildGraph`. */
export interface BuildGraphOptions extends GraphOptions {
  /** Stops the call, which then rejects with `signal.reason`; the index stays as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Called several times a second. A throwing listener fails the call with what it threw. */
  readonly onProgress?: ((progress: GraphProgress) => void) | undefined;
  /**
   * Tells how the build goes, as it does of the runs of an indexer: made with `new RealTimeMonitor(index.monitor)`, and started.
   */
  readonly realTime?: RealTimeMonitor | RealTimeMonitor<IndexingPerformanceReport> | undefined;
}

/** Callbacks that watch a build, and a signal that stops it. */
export type GraphBuilding = Pick<BuildGraphOptions, 'signal' | 'onProgress' | 'realTime'>;

/** How far the building of a graph is. */
export interface GraphProgress {
  /** Vectors in the graph so far. */
  readonly processed: number;
  /** Vectors in the index. */
  readonly total: number;
}

/** What was measured of a graph: of the `k` best rows, searches with this effort found so many, in the mean. */
export interface GraphCalibration {
  readonly k: number;
  /** Size of the candidate list. */
  readonly effort: number;
  /** Mean part of the `k` best rows that was found, 0 to 1. */
  readonly recall: number;
  /** Time of a search on one thread, in milliseconds. */
  readonly meanMs: number;
}

/** The graph of an index. */
export interface GraphInfo {
  readonly degree: number;
  /** Candidates that a row's neighbours are chosen from. */
  readonly effort: number;
  /** Rows of the index that are in the graph. */
  readonly rows: number;
  /** Rows that are not in it yet: searches scan them. */
  readonly pending: number;
  /** Bytes of the graph's memory. */
  readonly bytes: number;
  /** For each of k = 1, 10 and 100 from the least effort upwards; empty until it has been measured. */
  readonly calibration: readonly GraphCalibration[];
}

/** How well a search is to be done. */
export interface SearchQuality {
  /** Whether all rows are to be scanned, graph or not. Comes before `effort` and `recall`. Default false. */
  readonly exact?: boolean | undefined;
  /**
   * With a graph: the part of the true hits that is to be found, above 0 and up to 1. The index knows the effort that it takes, and
   * scans where no effort is known to reach it: for 1, for more than 100 hits, and as long as nothing has been measured. Default 0.95.
   */
  readonly recall?: number | undefined;
  /** With a graph: the size of the candidate list, at least `k`. Comes before `recall`. */
  readonly effort?: number | undefined;
}

export const DEFAULT_RECALL = 0.95;
export const DEFAULT_DEGREE = 32;
export const DEFAULT_EFFORT = 128;

const GRAPH_OPTIONS = new Set(['degree', 'effort']);
const BUILD_GRAPH_OPTIONS = new Set([...GRAPH_OPTIONS, 'signal', 'onProgress', 'realTime']);

/** @throws {IndexingError} `InvalidConfiguration` naming the option; so do all functions here. */
export function checkGraphOption(graph: boolean | GraphOptions | undefined): void {
  if (graph === undefined || typeof graph === 'boolean') return;
  refuseUnknown('graph', graph, GRAPH_OPTIONS);
  checkShape('graph.', graph);
}

export function checkBuildGraphOptions(options: BuildGraphOptions): void {
  refuseUnknown('options', options, BUILD_GRAPH_OPTIONS);
  checkShape('', options);
  const { signal, onProgress, realTime } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidConfiguration('signal', 'an AbortSignal', signal);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidConfiguration('onProgress', 'a function', onProgress);
  }
  // Pages that search do not load the class.
  if (realTime !== undefined && typeof (realTime as Partial<RealTimeMonitor> | null)?.beginRun !== 'function') {
    throw invalidConfiguration('realTime', 'a RealTimeMonitor', realTime);
  }
}

function checkShape(prefix: string, { degree, effort }: GraphOptions): void {
  checkRange(`${prefix}degree`, degree, 8, 128);
  checkRange(`${prefix}effort`, effort, 16, 2048);
}

function checkRange(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw invalidConfiguration(name, `an integer from ${least} to ${most}`, value);
}
