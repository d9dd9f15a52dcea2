/**
 * The jobs that put rows into a graph, and mend lists. A lane that dies still holds rows. They are released before another lane does its
 * unit again.
 */
import { IndexingError, messageOf } from '../../base/errors.js';
import { TimeSlices } from '../../base/time.js';
import type { EngineCore } from '../../engine/engine-core.js';
import type { Job, UnitDeath } from '../../engine/job.js';
import { insertRows, mendRows, tagOf } from '../../engine/worker/graph-insert-loop.js';
import { makeRecords } from '../../engine/worker/graph-records.js';
import {
  type GraphInsertTask,
  GraphItems,
  type GraphMendTask,
  type GraphRecordsTask,
  type GraphSource,
} from '../../engine/worker/graph-task.js';
import type { UnitWork } from '../../engine/worker/unit-work.js';
import { releaseRows } from '../../kernel/graph/graph-upkeep.js';
import type { KernelSource } from '../../kernel/instantiate.js';
import { UNIT_WORDS } from '../../memory/control-block.js';
import { JobControl } from '../../memory/job-control.js';
import type { GraphPart } from './graph-part.js';

export interface GraphScope {
  readonly graphKernel: KernelSource;
  /** Threads that take part at most. */
  readonly threads: number;
  /** Hears of threads that died. */
  readonly warn: (message: string) => void;
}

/** Rows looked at between two looks at the clock. */
const STRIDE = 2 ** 14;
/** Components of a unit whose records are made: some tenths of a millisecond. */
const UNIT_COMPONENTS = 2 ** 18;

abstract class GraphJob implements Job {
  readonly what = 'indexing';
  readonly searches = true;
  readonly calls = 1;
  readonly threads: number;
  readonly part: GraphPart;
  abstract readonly control: JobControl;
  panic: IndexingError | undefined;
  protected readonly scope: GraphScope;
  /** Threads that died and may hold rows. */
  readonly #dead = new Set<number>();

  constructor(scope: GraphScope, part: GraphPart) {
    this.scope = scope;
    this.threads = scope.threads;
    this.part = part;
  }

  abstract task(thread: number): GraphInsertTask | GraphRecordsTask | GraphMendTask;
  abstract open(thread: number): UnitWork;

  async restore(unit: number): Promise<boolean> {
    await this.#release(this.control.threadId(unit));
    return true;
  }

  fail(_unit: number, { thread, deaths, cause }: UnitDeath): void {
    const detail = `the worker thread died ${deaths} times at the same rows of the graph (${messageOf(cause)})`;
    this.panic ??= new IndexingError('ThreadPanic', detail, { threadId: thread, cause });
    this.control.drop(0, this.control.unitCount);
  }

  threadDied(thread: number, cause: unknown): void {
    this.#dead.add(thread);
    this.scope.warn(`Thread ${thread} died while it worked on the graph and is replaced (${messageOf(cause)})`);
  }

  /** Nobody is at work any more: what dead threads hold is given back. */
  async settle(): Promise<void> {
    for (const thread of this.#dead) await this.#release(thread);
  }

  async #release(thread: number): Promise<void> {
    this.#dead.delete(thread);
    const slices = new TimeSlices();
    for (const level of this.part.layout.levels) {
      await slices.forEach(level.capacity, STRIDE, (first, last) => {
        releaseRows(this.part.memory.buffer, level, tagOf(thread), first, last);
      });
    }
  }
}

/** Puts rows in that were given out. */
export class InsertJob extends GraphJob {
  readonly control: JobControl;
  readonly rows: readonly number[];
  readonly #task: Omit<GraphInsertTask, 'thread'>;

  constructor(
    core: EngineCore,
    scope: GraphScope,
    part: GraphPart,
    rows: readonly number[],
    segments: readonly GraphSource[],
    { effort, rowsPerUnit }: { readonly effort: number; readonly rowsPerUnit: number },
  ) {
    super(scope, part);
    this.rows = rows;
    this.control = createControl(core, scope, rows.length, rowsPerUnit, {
      timed: true,
      extraBytes: GraphItems.byteLength(rows.length),
    });
    new GraphItems(this.control.buffer, this.control.extra, rows.length).rows.set(rows);
    this.#task = {
      type: 'graph-insert',
      graphKernel: scope.graphKernel,
      control: this.control.buffer,
      graph: part.place,
      effort,
      // As they are now: rows of the index may move while the job is under way.
      places: part.places.buffer,
      segments,
    };
  }

  task(thread: number): GraphInsertTask {
    return { ...this.#task, thread };
  }

  open(thread: number): UnitWork {
    return insertRows(this.task(thread), this.part.open);
  }
}

/** Makes the records of all rows of a part. */
export class RecordsJob extends GraphJob {
  readonly control: JobControl;
  readonly #task: Omit<GraphRecordsTask, 'thread'>;

  constructor(core: EngineCore, scope: GraphScope, part: GraphPart, segments: readonly GraphSource[]) {
    super(scope, part);
    const rowsPerUnit = Math.max(1, Math.floor(UNIT_COMPONENTS / part.layout.graph.dims));
    this.control = createControl(core, scope, part.used, rowsPerUnit, { timed: false, extraBytes: 0 });
    this.#task = {
      type: 'graph-records',
      graphKernel: scope.graphKernel,
      control: this.control.buffer,
      graph: part.place,
      places: part.places.buffer,
      segments,
    };
  }

  task(thread: number): GraphRecordsTask {
    return { ...this.#task, thread };
  }

  open(thread: number): UnitWork {
    return makeRecords(this.task(thread), this.part.open);
  }
}

/** Mends the lists of one of a part's graphs, or puts rows of it in again that are lost. */
export class MendJob extends GraphJob {
  readonly control: JobControl;
  readonly #task: Omit<GraphMendTask, 'thread'>;

  constructor(
    core: EngineCore,
    scope: GraphScope,
    part: GraphPart,
    level: number,
    {
      effort,
      rowsPerUnit,
      count,
      lost,
    }: {
      readonly effort: number;
      readonly rowsPerUnit: number;
      /** Rows of the graph, or of `lost`. */
      readonly count: number;
      readonly lost: Uint32Array | undefined;
    },
  ) {
    super(scope, part);
    this.control = createControl(core, scope, count, rowsPerUnit, { timed: false, extraBytes: 0 });
    this.#task = {
      type: 'graph-mend',
      graphKernel: scope.graphKernel,
      control: this.control.buffer,
      graph: part.place,
      level,
      effort,
      lost: lost?.buffer,
    };
  }

  task(thread: number): GraphMendTask {
    return { ...this.#task, thread };
  }

  open(thread: number): UnitWork {
    return mendRows(this.task(thread), this.part.open);
  }
}

/**
 * Does a job when its turn comes. Gives it when it is over, undefined where there was nothing to do. Rejects with `ThreadPanic` and with
 * `signal.reason`, then too when nobody is at work on it any more.
 *
 * @param begin makes the job; undefined where there is nothing left to do
 */
export async function runGraphJob<J extends GraphJob>(
  core: EngineCore,
  begin: () => J | undefined,
  predictedMs: number,
  signal: AbortSignal,
): Promise<J | undefined> {
  signal.throwIfAborted();
  let job: J | undefined;
  const stop = () => job?.control.drop(0, job.control.unitCount);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await core.execute(() => {
      if (signal.aborted) return undefined;
      job = begin();
      return job;
    }, predictedMs);
  } finally {
    signal.removeEventListener('abort', stop);
    await job?.settle();
  }
  signal.throwIfAborted();
  if (job?.panic) throw job.panic;
  return job;
}

function createControl(
  core: EngineCore,
  { threads }: GraphScope,
  count: number,
  rowsPerUnit: number,
  { timed, extraBytes }: { readonly timed: boolean; readonly extraBytes: number },
): JobControl {
  const units = new Uint32Array(Math.ceil(count / rowsPerUnit) * UNIT_WORDS);
  for (let first = 0, at = 0; first < count; first += rowsPerUnit, at += UNIT_WORDS) {
    units.set([first, Math.min(rowsPerUnit, count - first)], at);
  }
  return JobControl.create(units, { threads, timed, extraBytes, shared: core.sharesMemory });
}
