/**
 * Applies the tuner's decisions to the runs of an indexer, and lists every change with its effect. Loads of different kinds
 * (operation, number of vectors, lengths, options of the call) are tuned separately.
 */
import type { IndexerLogger } from '../../engine/engine-options.js';
import type { KernelOperation } from '../../kernel/kernel-exports.js';
import type { BatchRecords } from '../../memory/batch.js';
import type { Optimization } from '../../reporting/report-data.js';
import type { RowGroup } from '../../vectors/source-rows.js';
import type { MeasuredRecords } from '../measuring/measured-run.js';
import { RunWindows } from '../measuring/run-windows.js';

import { type Action, type Setting, startTuning, type TunerState, tune } from './tuner.js';
import { startShedding, stepDuringRun } from './tuner-during-run.js';

/** Kinds of loads, and changes, that are remembered. */
const MAX_KINDS = 32;
const MAX_OPTIMIZATIONS = 100;
const WINDOW_MS = 100;
/** A run that waits for threads to start for more than this share of its time says nothing else. */
const MOST_START_UP = 0.3;

/** A run as the tuner set it. */
export interface TunedRun {
  readonly kind: string;
  readonly setting: Setting;
  /** Threads that the run came down to meanwhile, or tried to; undefined where nothing was tried. */
  shed: { readonly threads: number; readonly kept: boolean } | undefined;
}

type Change = { -readonly [Field in keyof Optimization]: Optimization[Field] };

export class AutoOptimizer {
  readonly #logger: IndexerLogger | undefined;
  readonly #states = new Map<string, TunerState>();
  /** Changes under trial, by kind of load. */
  readonly #onTrial = new Map<string, readonly Change[]>();
  #changes: Change[] = [];

  constructor(logger: IndexerLogger | undefined) {
    this.#logger = logger;
  }

  /** All changes so far, in order, as they stand now. */
  get optimizations(): readonly Optimization[] {
    return this.#changes.map((change) => ({ ...change }));
  }

  /** Plans the next run of such a load. */
  plan(groups: readonly RowGroup[], operation: KernelOperation, given: Setting): TunedRun {
    const kind = kindOf(groups, operation, given);
    const state = this.#states.get(kind) ?? startTuning(given);
    // The kind used last comes last.
    this.#states.delete(kind);
    this.#states.set(kind, state);
    for (const oldest of this.#states.keys()) {
      if (this.#states.size <= MAX_KINDS) break;
      this.#states.delete(oldest);
      this.#onTrial.delete(oldest);
    }
    return { kind, setting: state.setting, shed: undefined };
  }

  /** Looks at a run while it lasts, and sheds threads where that helps; ends with the function it gives. */
  watch(run: TunedRun, records: BatchRecords, availableThreads: number): () => void {
    const { threads } = run.setting;
    const known = this.#states.get(run.kind);
    // One change at a time: the effect of two could not be told apart.
    if (threads < 2 || known?.trial || known?.refused.includes('fewer threads')) return () => undefined;
    const windows = new RunWindows(records, threads, availableThreads);
    let state = startShedding(threads);
    let change: Change | undefined;
    const timer = setInterval(() => {
      const { state: next, verdict } = stepDuringRun(state, windows.next(state.threads));
      if (next.trial && !state.trial) {
        run.shed = { threads: next.threads, kept: true };
        change = this.#begin('threads', 'during', threads, next.threads, 'fewer threads');
      }
      if (verdict && change) {
        run.shed = { threads: next.threads, kept: verdict.kept };
        end(change, verdict);
      }
      if (next.threads !== state.threads) records.control.admitThreads(next.threads);
      state = next;
      if (state.ended) clearInterval(timer);
    }, WINDOW_MS);
    return () => clearInterval(timer);
  }

  /** Takes a run in that did all its batches. */
  learnFrom(run: TunedRun, measured: MeasuredRecords, availableThreads: number): void {
    const state = this.#states.get(run.kind);
    // Set before the run ahead of it was judged, it was not what is to be judged now.
    if (!state || state.setting !== run.setting) return;
    if (run.shed) {
      // Two settings in one run: its rate is that of neither.
      const threads = run.shed.kept ? run.shed.threads : run.setting.threads;
      const refused: Action[] = run.shed.kept ? [] : ['fewer threads'];
      const setting = { ...run.setting, threads };
      this.#states.set(run.kind, { ...state, setting, rate: undefined, refused: [...state.refused, ...refused] });
      return;
    }
    const { totalTimeMs, losses, batches, threads } = measured;
    if (!losses || batches.length === 0 || losses.startUpMs > MOST_START_UP * totalTimeMs) return;
    const timeMs = Math.max(0.1 * totalTimeMs, totalTimeMs - losses.startUpMs - losses.firstTouchMs);
    const components = batches.reduce((sum, { vectors, dims }) => sum + vectors * dims, 0);
    const rows = batches.reduce((sum, { vectors }) => sum + vectors, 0);
    const busy = threads.map(({ busyMs }) => busyMs);
    const longest = Math.max(...busy);
    if (timeMs <= 0 || components === 0) return;
    const pending = this.#onTrial.get(run.kind) ?? [];
    for (const change of pending) if (change.action === 'batchSize') change.after ??= measured.batchSize;
    const step = tune(state, {
      rate: components / timeMs,
      vectorsPerSecond: (1000 * rows) / timeMs,
      threadEfficiency: longest > 20 * measured.clockTickMs ? Math.min(...busy) / longest : 1,
      batchSize: measured.batchSize,
      batches: batches.length,
      batchMs: busy.reduce((sum, ms) => sum + ms, 0) / batches.length,
      availableThreads,
    });
    this.#states.set(run.kind, step.state);
    if (step.verdict) {
      for (const change of pending) end(change, step.verdict);
      this.#onTrial.delete(run.kind);
    }
    if (step.analyzed) {
      this.#logger?.info('Auto-optimization: Performance is low, analyzing batch size optimization');
    }
    if (step.begun.length > 0) this.#onTrial.set(run.kind, this.#beginAll(step.begun, state, step.state, measured));
  }

  #beginAll(actions: readonly Action[], before: TunerState, after: TunerState, run: MeasuredRecords): Change[] {
    return actions.map((action) =>
      action === 'fewer threads' || action === 'more threads'
        ? this.#begin('threads', 'between', before.setting.threads, after.setting.threads, action)
        : this.#begin('batchSize', 'between', run.batchSize, after.setting.batchSize, action),
    );
  }

  #begin(
    name: Optimization['action'],
    when: Optimization['when'],
    before: number,
    after: number | undefined,
    action: Action,
  ): Change {
    if (action === 'fewer threads') {
      this.#logger?.info('Auto-optimization: Reducing thread count due to low efficiency');
    }
    const change: Change = { action: name, when, before, after, effect: undefined, outcome: 'measuring' };
    this.#changes = [...this.#changes, change].slice(-MAX_OPTIMIZATIONS);
    return change;
  }
}

function end(change: Change, { effect, kept }: { readonly effect: number; readonly kept: boolean }): void {
  change.effect = effect;
  change.outcome = kept ? 'kept' : 'taken back';
}

/** A key that is the same for loads whose rates can be compared. */
function kindOf(groups: readonly RowGroup[], operation: KernelOperation, { batchSize }: Setting): string {
  const rows = groups.reduce((sum, { count }) => sum + count, 0);
  const components = groups.reduce((sum, { count, dims }) => sum + count * dims, 0);
  const size = (value: number) => Math.round(2 * Math.log2(value + 1));
  const lengths = groups.length === 1 ? 'one length' : `${size(groups.length)} lengths`;
  return `${operation}, 2^(${size(rows)}/2) rows of 2^(${size(components / rows)}/2), ${lengths}, ${batchSize ?? 'chosen'}`;
}
