/**
 * Calls that wait for the threads. They enter in the order in which they were made. Those of one kind that wait at the same time are gathered:
 * they are done together, as one job, and each has a result of its own.
 */
import type { EngineCore } from './engine-core.js';
import type { Job } from './job.js';

/** A call that waits. */
export interface WaitingCall {
  /** Calls that were made, where it stands for several. Default 1. */
  readonly calls?: number;
  /** Rows that it brings, or queries. */
  readonly rows: number;
  /** Bytes of those rows or queries. */
  readonly bytes: number;
}

/** How calls of a kind are done together. */
export interface CallKind<Call extends WaitingCall, J extends Job> {
  /** Whether a call may be done together with those that wait already: the first of them, and the bytes of all. */
  fits(first: Call, bytes: number, call: Call): boolean;
  /**
   * Rows that a job takes, at least 1; the calls behind them wait for the next job. Left out: all.
   *
   * @param waiting rows of the calls that wait
   * @param unanswered rows of those that are under way, or done and not answered
   */
  rowsOfJob?(waiting: number, unanswered: number): number;
  /** Makes one job for all of them; at least one. May throw, and all of them fail. */
  begin(calls: readonly Call[]): J;
  /** Time on all threads that a call will take, in milliseconds. */
  predictMs(call: Call): number;
}

/** A call in its place, and how whoever made it hears of the end. */
interface Entry<Call, J> {
  readonly call: Call;
  readonly resolve: (job: J | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** Calls that wait, in their order. */
interface Group<Call, J> {
  readonly waiting: Set<Entry<Call, J>>;
  bytes: number;
}

export class Gathering<Call extends WaitingCall, J extends Job> {
  readonly #core: EngineCore;
  readonly #kind: CallKind<Call, J>;
  readonly #order: object;
  /** The group that calls can still join. */
  #open: Group<Call, J> | undefined;
  /** Rows of calls that were taken and not answered. */
  #unanswered = 0;

  /** @param order groups with the same order begin in the order in which their first calls came */
  constructor(core: EngineCore, kind: CallKind<Call, J>, order: object) {
    this.#core = core;
    this.#kind = kind;
    this.#order = order;
  }

  /**
   * Waits until the call is done, perhaps with others. `done` gives the job that did it, undefined where the call left before that
   * began; it rejects with what ended the whole job, or kept it from beginning. `leave` has no effect once it has begun.
   */
  enter(call: Call): { readonly done: Promise<J | undefined>; leave(): void } {
    this.#core.pending.add(call);
    let entry!: Entry<Call, J>;
    const done = new Promise<J | undefined>((resolve, reject) => {
      entry = { call, resolve, reject };
    });
    const group = this.#groupFor(entry);
    const leave = () => {
      if (this.#remove(entry, group)) entry.resolve(undefined);
    };
    return { done, leave };
  }

  #groupFor(entry: Entry<Call, J>): Group<Call, J> {
    const { call } = entry;
    const open = this.#open;
    const [first] = open?.waiting ?? [];
    if (open && (!first || this.#kind.fits(first.call, open.bytes, call))) {
      open.waiting.add(entry);
      open.bytes += call.bytes;
      return open;
    }
    const group = { waiting: new Set([entry]), bytes: call.bytes };
    this.#queue(group);
    return group;
  }

  /** The group waits for its turn; calls can join it until then. */
  #queue(group: Group<Call, J>): void {
    const [first] = group.waiting;
    let taken: readonly Entry<Call, J>[] | undefined;
    let job: J | undefined;
    this.#open = group;
    const begin = () => {
      if (this.#open === group) this.#open = undefined;
      taken = this.#take(group, this.#whoseTurnItIs(group));
      // The queue may begin at once.
      if (group.waiting.size > 0) this.#queue(group);
      job = taken.length > 0 ? this.#kind.begin(taken.map(({ call }) => call)) : undefined;
      return job;
    };
    this.#core.execute(begin, this.#kind.predictMs(first!.call), this.#order).then(
      () => {
        for (const { resolve } of this.#answer(taken!)) resolve(job);
      },
      (reason: unknown) => {
        if (this.#open === group) this.#open = undefined;
        // Where it did not come to its turn, it never will.
        for (const { reject } of this.#answer(taken ?? this.#take(group, [...group.waiting]))) reject(reason);
      },
    );
  }

  #whoseTurnItIs({ waiting }: Group<Call, J>): readonly Entry<Call, J>[] {
    const all = [...waiting];
    if (!this.#kind.rowsOfJob) return all;
    const most = this.#kind.rowsOfJob(rowsOf(all), this.#unanswered);
    let count = 0;
    for (let rows = 0; count < all.length && rows < most; count++) rows += all[count]!.call.rows;
    return all.slice(0, count);
  }

  /** Takes entries out of the waiting ones. They can no longer leave. */
  #take(group: Group<Call, J>, entries: readonly Entry<Call, J>[]): readonly Entry<Call, J>[] {
    for (const entry of entries) this.#remove(entry, group);
    this.#unanswered += rowsOf(entries);
    return entries;
  }

  #answer(entries: readonly Entry<Call, J>[]): readonly Entry<Call, J>[] {
    this.#unanswered -= rowsOf(entries);
    return entries;
  }

  /** Whether it was still there. */
  #remove(entry: Entry<Call, J>, group: Group<Call, J>): boolean {
    if (!group.waiting.delete(entry)) return false;
    group.bytes -= entry.call.bytes;
    this.#core.pending.delete(entry.call);
    return true;
  }
}

function rowsOf(entries: readonly { readonly call: WaitingCall }[]): number {
  return entries.reduce((sum, { call }) => sum + call.rows, 0);
}

/** What is counted of calls that wait. */
type Waiting = Pick<WaitingCall, 'calls' | 'rows'>;

/** Counts the calls that wait for the threads of an engine, so that a server can refuse in time. */
export class PendingCalls {
  #calls = 0;
  #rows = 0;

  /** Number of calls that wait. */
  get calls(): number {
    return this.#calls;
  }

  /** Rows, or queries, of the calls that wait. */
  get rows(): number {
    return this.#rows;
  }

  add({ calls = 1, rows }: Waiting): void {
    this.#calls += calls;
    this.#rows += rows;
  }

  delete({ calls = 1, rows }: Waiting): void {
    this.#calls -= calls;
    this.#rows -= rows;
  }
}

/** A call on its way to the queue. */
export interface Arrival {
  /** Resolves when all earlier calls have entered or given up; undefined where they have already. */
  readonly earlier: Promise<void> | undefined;
  /** The call has entered, or gives up; twice is once. */
  leave(): void;
}

/**
 * Keeps calls in order. Some calls need longer than others before they can enter the queue; each enters in the order in which
 * it was made.
 */
export class Arrivals {
  #last: Promise<void> | undefined;

  arrive(): Arrival {
    const earlier = this.#last;
    let entered: () => void = () => undefined;
    const own = new Promise<void>((resolve) => {
      entered = resolve;
    });
    // Later calls wait for the earlier ones of this one, too.
    const all = earlier ? earlier.then(() => own) : own;
    this.#last = all;
    const leave = () => {
      entered();
      // Most calls come when nobody else is on the way.
      if (this.#last === all && !earlier) this.#last = undefined;
    };
    if (earlier) all.then(() => this.#forget(all));
    return { earlier, leave };
  }

  #forget(arrival: Promise<void>): void {
    if (this.#last === arrival) this.#last = undefined;
  }
}
