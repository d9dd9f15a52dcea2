/**
 * The tuner's decisions between runs: pure functions of what was observed. It sets the number of threads and the batch size,
 * with one state for each kind of load.
 *
 * A decision is a trial: the runs after it are compared with the runs before it. What did not help is taken back and not tried
 * again. The tuner acts only for a reason (more threads than processors, low efficiency, batch sizes that cannot be right,
 * throughput that is low or has fallen), so a steady load keeps its settings.
 *
 * Rates are components per millisecond. Runs of one kind have this in common, whatever their number of vectors.
 */

export interface Setting {
  readonly threads: number;
  /** Vectors of a batch; undefined where the plan of each run chooses it. */
  readonly batchSize: number | undefined;
}

/** A run under the present setting. */
export interface Observation {
  /** Rate of the run, without the time of starting threads and of first touch, which no setting changes. */
  readonly rate: number;
  readonly vectorsPerSecond: number;
  /** Balance of the threads: shortest / longest thread time. */
  readonly threadEfficiency: number;
  /** Vectors of a batch, at most. */
  readonly batchSize: number;
  readonly batches: number;
  /** Mean busy time of a batch. */
  readonly batchMs: number;
  /** Threads that processors are there for. */
  readonly availableThreads: number;
}

export type Action = 'fewer threads' | 'more threads' | 'chosen batches' | 'smaller batches' | 'larger batches';

/** A change under trial. */
interface Trial {
  readonly actions: readonly Action[];
  readonly before: Setting;
  readonly rateBefore: number;
  /** Rates measured since the change. */
  readonly rates: readonly number[];
}

export interface TunerState {
  /** Setting of the next run. */
  readonly setting: Setting;
  /** Setting that the caller asked for. There are never more threads. */
  readonly given: Setting;
  readonly trial: Trial | undefined;
  /** Rate of a settled setting, smoothed. */
  readonly rate: number | undefined;
  /** Number of consecutive runs well below it. */
  readonly slowRuns: number;
  /** Whether batch sizes are being tried because throughput fell. */
  readonly searching: boolean;
  /** Changes that did not help. */
  readonly refused: readonly Action[];
  /** Number of trials so far. */
  readonly trials: number;
}

interface Verdict {
  /** Effect of the change: rate after / rate before. */
  readonly effect: number;
  readonly kept: boolean;
}

export interface Step {
  readonly state: TunerState;
  /** Verdict on the trial that ended with this run. */
  readonly verdict: Verdict | undefined;
  /** Trials that begin with the next run; mostly none. */
  readonly begun: readonly Action[];
  /** Whether another size of batches is tried because throughput is low or has fallen. */
  readonly analyzed: boolean;
}

const LOW_EFFICIENCY = 0.6;
const GOOD_EFFICIENCY = 0.8;
const LOW_THROUGHPUT = 50;
/** Below this share of the smoothed rate, twice in a row, throughput has fallen. */
const FALLEN = 0.8;
const FALLEN_RUNS = 2;
/** Fewer threads may cost this much and help all the same: their processors are free. */
const THREADS_HELPED = 0.97;
/** Other changes have to gain more than what runs differ by anyway. */
const HELPED = 1.03;
/** An effect this near to the bound is measured once more. */
const UNCLEAR = 0.05;
/** Batches shorter than this are mostly claims and records. */
const SHORT_BATCH_MS = 0.1;
/** SIMD works on four rows at a time: batches of fewer than a few of those leave lanes empty. */
const FEW_ROWS = 16;
/** With fewer batches than this for each thread, the last one is waited for. */
const FEW_BATCHES = 4;
/** Weight of a new run in the smoothed rate. */
const NEW_WEIGHT = 0.3;
/** Most trials for a load. No load is worth more. */
const MAX_TRIALS = 12;

export function startTuning(given: Setting): TunerState {
  return {
    setting: given,
    given,
    trial: undefined,
    rate: undefined,
    slowRuns: 0,
    searching: false,
    refused: [],
    trials: 0,
  };
}

/** Takes in a run, and sets the next. */
export function tune(state: TunerState, observation: Observation): Step {
  if (state.trial) {
    const trial = { ...state.trial, rates: [...state.trial.rates, observation.rate] };
    const effect = mean(trial.rates) / trial.rateBefore;
    const bound = trial.actions.every((action) => action === 'fewer threads') ? THREADS_HELPED : HELPED;
    if (trial.rates.length === 1 && Math.abs(effect - bound) < UNCLEAR) {
      return { state: { ...state, trial }, verdict: undefined, begun: [], analyzed: false };
    }
    const verdict = { effect, kept: effect >= bound };
    const settled = verdict.kept ? keep(state, trial) : takeBack(state, trial);
    // After a step back the run says nothing of the setting that is now in force.
    if (!verdict.kept) return { state: settled, verdict, begun: [], analyzed: false };
    return { ...decide(settled, observation), verdict };
  }
  return { ...decide(follow(state, observation.rate), observation), verdict: undefined };
}

function keep(state: TunerState, trial: Trial): TunerState {
  // Changes in the opposite direction may help again from here.
  const refused = state.refused.filter((action) => !trial.actions.some((kept) => opposite(kept) === action));
  return { ...state, trial: undefined, rate: mean(trial.rates), slowRuns: 0, refused };
}

function takeBack(state: TunerState, trial: Trial): TunerState {
  const refused = [...state.refused, ...trial.actions];
  return { ...state, setting: trial.before, trial: undefined, rate: trial.rateBefore, slowRuns: 0, refused };
}

/** Takes the rate of a settled setting in. */
function follow(state: TunerState, rate: number): TunerState {
  if (state.rate === undefined) return { ...state, rate };
  if (rate < FALLEN * state.rate) return { ...state, slowRuns: state.slowRuns + 1 };
  return { ...state, rate: state.rate + NEW_WEIGHT * (rate - state.rate), slowRuns: 0 };
}

function decide(state: TunerState, observation: Observation): Omit<Step, 'verdict'> {
  const { setting, given, refused } = state;
  const { threadEfficiency, availableThreads, vectorsPerSecond, rate } = observation;
  const fallen = state.slowRuns >= FALLEN_RUNS;
  const low = vectorsPerSecond < LOW_THROUGHPUT || fallen || state.searching;
  const begun: Action[] = [];
  let next = setting;
  const begin = (action: Action, change: Partial<Setting>) => {
    if (refused.includes(action)) return;
    begun.push(action);
    next = { ...next, ...change };
  };

  if (setting.threads > availableThreads) begin('fewer threads', { threads: availableThreads });
  // Sizes that the tuner set itself were measured.
  const callersSize = setting.batchSize !== undefined && setting.batchSize === given.batchSize;
  if (callersSize && cannotBeRight(setting, observation)) {
    begin('chosen batches', { batchSize: undefined });
  }
  // Threads that had no batches to share are not too many: the size of batches comes first.
  if (begun.length === 0 && threadEfficiency < LOW_EFFICIENCY && setting.threads > 2) {
    begin('fewer threads', { threads: Math.max(2, Math.floor(setting.threads / 2)) });
  }
  if (begun.length === 0 && low) {
    const size = observation.batchSize;
    if (callersSize && !refused.includes('chosen batches')) {
      begin('chosen batches', { batchSize: undefined });
    } else if (size > 1 && !refused.includes('smaller batches')) {
      begin('smaller batches', { batchSize: Math.max(1, Math.floor(size / 2)) });
    } else begin('larger batches', { batchSize: 2 * size });
  }
  const analyzed = low && begun.some((action) => action.endsWith('batches'));
  const most = Math.min(given.threads, availableThreads);
  if (begun.length === 0 && setting.threads < most && threadEfficiency >= GOOD_EFFICIENCY) {
    begin('more threads', { threads: Math.min(most, 2 * setting.threads) });
  }

  if (begun.length === 0 || state.trials >= MAX_TRIALS) {
    // When throughput falls again, all is tried again.
    const ended = { ...state, searching: false, refused: [], trials: 0 };
    return { state: state.searching ? ended : state, begun: [], analyzed: false };
  }
  const trial = { actions: begun, before: setting, rateBefore: fallen ? rate : (state.rate ?? rate), rates: [] };
  const searching = state.searching || fallen;
  return {
    state: { ...state, setting: next, trial, searching, slowRuns: 0, trials: state.trials + 1 },
    begun,
    analyzed,
  };
}

/** Whether a size costs more in claims than it can gain, or leaves threads without batches. */
function cannotBeRight({ threads }: Setting, { batchSize, batches, batchMs }: Observation): boolean {
  return batchMs < SHORT_BATCH_MS || batchSize < FEW_ROWS || batches < FEW_BATCHES * threads;
}

function opposite(action: Action): Action | undefined {
  switch (action) {
    case 'fewer threads':
      return 'more threads';
    case 'more threads':
      return 'fewer threads';
    case 'smaller batches':
      return 'larger batches';
    case 'larger batches':
      return 'smaller batches';
    case 'chosen batches':
      return undefined;
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
