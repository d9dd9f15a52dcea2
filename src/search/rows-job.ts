/**
 * Jobs that bring rows into an index, or move rows within it.
 */
import { IndexingError, messageOf } from '../base/errors.js';
import type { EngineCore } from '../engine/engine-core.js';
import type { Job, UnitDeath } from '../engine/job.js';
import { moveRows, settleIncomingRows } from '../engine/worker/rows-loop.js';
import type { MoveTask, RowSettling, RowsTask, SegmentPlace } from '../engine/worker/rows-task.js';
import type { UnitWork } from '../engine/worker/unit-work.js';
import type { CompiledKernel } from '../kernel/instantiate.js';
import { MAX_UNITS } from '../memory/control-block.js';
import { JobControl } from '../memory/job-control.js';
import type { SharedRows } from '../vectors/source-rows.js';
import type { KeptRows } from './kept-rows.js';
import type { RowRoom } from './rows.js';
import type { Segment } from './segment.js';

export interface RowsScope {
  readonly dims: number;
  readonly kernel: CompiledKernel;
  readonly searchKernel: CompiledKernel;
  /** Threads that take part at most. */
  readonly threads: number;
  /** Hears of threads that died. */
  readonly warn: (message: string) => void;
}

export interface ArrivingRows {
  readonly rooms: readonly RowRoom[];
  readonly settling: RowSettling;
  /** Where the threads copy the rows from; undefined where the calling thread brings them. */
  readonly source: SharedRows | undefined;
  /** The calling thread's part: brings the rows one after the other, and tells how many are in place. */
  readonly bring: ((inPlace: (rows: number) => void) => Promise<void>) | undefined;
  /** Brings `count` rows of a room again from `first` on, which a thread has changed that died; undefined where it changes none. */
  readonly bringAgain: ((room: number, first: number, count: number) => void) | undefined;
}

/** Components of a unit: some milliseconds of work at most, and enough for every thread to get several. */
const LEAST_COMPONENTS = 2 ** 15;
const MOST_COMPONENTS = 2 ** 20;
const UNITS_PER_THREAD = 4;
/** Most components that the calling thread settles at once: some tenths of a millisecond. */
const LITTLE_COMPONENTS = 2 ** 17;
/** Components that a thread settles in a millisecond, about. */
const COMPONENTS_PER_MS = 5e5;

/** A job on the rows of an index. */
abstract class IndexJob implements Job {
  readonly what = 'indexing';
  readonly searches = true;
  readonly calls = 1;
  readonly threads: number;
  abstract readonly control: JobControl;
  panic: IndexingError | undefined;
  readonly #warn: (message: string) => void;

  constructor({ threads, warn }: RowsScope) {
    this.threads = threads;
    this.#warn = warn;
  }

  abstract task(thread: number): RowsTask | MoveTask;
  abstract open(thread: number): UnitWork;

  fail(_unit: number, { thread, deaths, cause }: UnitDeath): void {
    const detail = `the worker thread died ${deaths} times at the same rows (${messageOf(cause)})`;
    this.panic ??= new IndexingError('ThreadPanic', detail, { threadId: thread, cause });
    this.control.drop(0, this.control.unitCount);
  }

  threadDied(thread: number, cause: unknown): void {
    this.#warn(`Thread ${thread} died while rows came in and is replaced (${messageOf(cause)})`);
  }
}

class ArrivalJob extends IndexJob {
  readonly control: JobControl;
  declare readonly feed?: () => Promise<void>;
  readonly #scope: RowsScope;
  readonly #rows: ArrivingRows;
  /** The room of every unit. */
  readonly #roomOf: number[] = [];

  constructor(core: EngineCore, scope: RowsScope, rows: ArrivingRows) {
    super(scope);
    this.#scope = scope;
    this.#rows = rows;
    const { rooms, bring } = rows;
    const total = rooms.reduce((sum, { count }) => sum + count, 0);
    const most = unitRows(scope, total);
    const words: number[] = [];
    const ends: number[] = [];
    let before = 0;
    for (const [room, { first, count }] of rooms.entries()) {
      for (let done = 0; done < count; done += most) {
        const some = Math.min(most, count - done);
        words.push(room, first + done, some, before + done, 0, 0, 0, 0);
        ends.push(before + done + some);
        this.#roomOf.push(room);
      }
      before += count;
    }
    const { threads } = scope;
    const units = Uint32Array.from(words);
    this.control = JobControl.create(units, { threads, ready: bring ? 0 : ends.length, shared: core.sharesMemory });
    let ready = 0;
    const inPlace = (count: number) => {
      const was = ready;
      while (ready < ends.length && ends[ready]! <= count) ready++;
      if (ready > was) this.control.publishReady(ready);
    };
    if (bring) this.feed = () => bring(inPlace);
  }

  task(thread: number): RowsTask {
    const { kernel, searchKernel } = this.#scope;
    const { rooms, settling, source } = this.#rows;
    const segments = rooms.map(({ segment }) => segment.place);
    return {
      type: 'rows',
      kernel,
      searchKernel,
      thread,
      control: this.control.buffer,
      settling,
      segments,
      source,
    };
  }

  open(thread: number): UnitWork {
    const byKey = new Map(this.#rows.rooms.map(({ segment }) => [segment.memory.key, segment]));
    return settleIncomingRows(this.task(thread), ({ key }) => byKey.get(key)!.rowKernels);
  }

  async restore(unit: number): Promise<boolean> {
    const room = this.#roomOf[unit]!;
    const first = this.control.word(unit, 1) - this.#rows.rooms[room]!.first;
    this.#rows.bringAgain?.(room, first, this.control.word(unit, 2));
    return true;
  }
}

class MoveJob extends IndexJob {
  readonly control: JobControl;
  readonly #dims: number;
  readonly #kept: KeptRows;
  readonly #to: SegmentPlace;

  constructor(core: EngineCore, scope: RowsScope, kept: KeptRows, to: Segment) {
    super(scope);
    this.#dims = scope.dims;
    this.#kept = kept;
    this.#to = to.place;
    const most = unitRows(scope, kept.rows.length);
    const words: number[] = [];
    for (let segment = 0; segment < kept.segments.length; segment++) {
      const end = kept.starts[segment + 1]!;
      for (let first = kept.starts[segment]!; first < end; first += most) {
        words.push(segment, first, Math.min(most, end - first), 0, 0, 0, 0, 0);
      }
    }
    this.control = JobControl.create(Uint32Array.from(words), { threads: scope.threads, shared: core.sharesMemory });
  }

  task(thread: number): MoveTask {
    const from = this.#kept.segments.map(({ place }) => place);
    const kept = this.#kept.rows.buffer;
    return { type: 'move', thread, control: this.control.buffer, dims: this.#dims, from, to: this.#to, kept };
  }

  open(thread: number): UnitWork {
    return moveRows(this.task(thread));
  }
}

/** Settles rows in their rooms. Rejects with `ThreadPanic`, with what bringing them rejects with, and with `signal.reason`. */
export async function settleArrivingRows(
  core: EngineCore,
  scope: RowsScope,
  rows: ArrivingRows,
  signal: AbortSignal | undefined,
): Promise<void> {
  const total = rows.rooms.reduce((sum, { count }) => sum + count, 0);
  if (total > 0) await run(core, scope, total, () => new ArrivalJob(core, scope, rows), signal);
}

/** Copies kept rows to a segment that has none. */
export async function moveKeptRows(
  core: EngineCore,
  scope: RowsScope,
  kept: KeptRows,
  to: Segment,
  signal: AbortSignal,
): Promise<void> {
  await run(core, scope, kept.rows.length, () => new MoveJob(core, scope, kept, to), signal);
}

async function run(
  core: EngineCore,
  { dims, threads }: RowsScope,
  rowCount: number,
  create: () => ArrivalJob | MoveJob,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (rowCount * dims <= LITTLE_COMPONENTS) {
    await doHere(create());
    signal?.throwIfAborted();
    return;
  }
  let job: ArrivalJob | MoveJob | undefined;
  const stop = () => job?.control.drop(0, job.control.unitCount);
  signal?.addEventListener('abort', stop, { once: true });
  const call = { rows: rowCount, bytes: rowCount * dims * 4 };
  core.pending.add(call);
  const begin = () => {
    core.pending.delete(call);
    if (signal?.aborted) return undefined;
    job = create();
    return job;
  };
  try {
    await core.execute(begin, (rowCount * dims) / COMPONENTS_PER_MS / threads);
    signal?.throwIfAborted();
    if (job?.panic) throw job.panic;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Does a job on the calling thread: few rows are no work for threads, which might have to be started for them. */
async function doHere(job: ArrivalJob | MoveJob): Promise<void> {
  if ('feed' in job) await job.feed?.();
  const work = job.open(0);
  for (let unit = job.control.claimNow(0); unit >= 0; unit = job.control.claimNow(0)) {
    for (const _ of work.slices(unit));
  }
}

function unitRows({ dims, threads }: RowsScope, rowCount: number): number {
  const components = Math.ceil((rowCount * dims) / (threads * UNITS_PER_THREAD));
  const rows = Math.ceil(Math.min(MOST_COMPONENTS, Math.max(LEAST_COMPONENTS, components)) / dims);
  return Math.max(rows, Math.ceil(rowCount / (MAX_UNITS / 2)));
}
