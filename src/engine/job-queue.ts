/**
 * The queue of jobs. One job has all threads at a time, in call order. A long job makes way for short ones at its next unit
 * and goes on afterwards. Between two short ones it has a turn, so no job waits for ever. A waiting job begins as late as
 * possible, so that more calls can join it.
 */
import { nextTurn, nowMs } from '../base/time.js';
import { Deaths } from './deaths.js';
import type { Job } from './job.js';

/** Does some of a job's units; resolves when no thread is at work on it any more. */
export type DoUnits = (job: Job, deaths: Deaths) => Promise<void>;

/** A job that takes longer than that, on all threads, makes way for others. */
const LONG_MS = 20;
/** What a long job has at least before it makes way. */
const TURN_MS = 4;

interface Entry {
  readonly begin: () => Job | undefined;
  readonly long: boolean;
  readonly order: object | undefined;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  begun: BegunJob | undefined;
}

interface BegunJob {
  readonly job: Job;
  readonly deaths: Deaths;
  /** The calling thread's part. Never rejects. */
  readonly fed: Promise<void>;
  failure: { readonly reason: unknown } | undefined;
}

export class JobQueue {
  readonly #workOn: DoUnits;
  readonly #short: Entry[] = [];
  readonly #long: Entry[] = [];
  #running: Entry | undefined;
  #runningSinceMs = 0;
  #lastWasShort = false;
  #yieldTimer: ReturnType<typeof setTimeout> | undefined;
  #idle: (() => void)[] = [];
  #closed: { readonly reason: unknown } | undefined;

  constructor(workOn: DoUnits) {
    this.#workOn = workOn;
  }

  get isIdle(): boolean {
    return this.#running === undefined && this.#short.length + this.#long.length === 0;
  }

  /** Whether jobs of other orders are under way or wait, behind which one of this order would wait. */
  hasOthers(order: object): boolean {
    const isOther = (entry: Entry) => entry.order !== order;
    return (this.#running && isOther(this.#running)) || this.#short.some(isOther) || this.#long.some(isOther);
  }

  /**
   * Waits for a turn, begins the job and does it. Resolves when every unit is done or accounted for and no thread is at work on
   * it any more; rejects, then too, with what ended the whole job.
   *
   * @param begin makes the job when its turn comes; undefined where there is nothing left to do
   * @param predictedMs time that it will take on all threads
   * @param order jobs with the same order begin one after another
   */
  execute(begin: () => Job | undefined, predictedMs: number, order?: object): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closed.reason;
      // Behind a long job that has not begun and comes first, a short one waits as a long one does.
      const isBehind = order !== undefined && this.#long.some((one) => one.order === order && !one.begun);
      const long = predictedMs > LONG_MS || isBehind;
      const entry: Entry = { begin, long, order, resolve, reject, begun: undefined };
      (entry.long ? this.#long : this.#short).push(entry);
      if (this.#running) this.#askToYield();
      else this.#next();
    });
  }

  /** What waits rejects with `reason`, and so does the running job, once no thread is at work on it. Resolves then. */
  async close(reason: unknown): Promise<void> {
    this.#closed ??= { reason };
    for (const entry of [...this.#short.splice(0), ...this.#long.splice(0)]) this.#end(entry, { reason });
    const running = this.#running?.begun;
    if (running) fail(running, reason);
    await this.idle();
  }

  /** Resolves when no job is under way or waiting. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    const entry = this.#takeNext();
    this.#running = entry;
    if (entry) this.#run(entry);
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  #takeNext(): Entry | undefined {
    const long = this.#long.length > 0 && (this.#lastWasShort || this.#short.length === 0);
    this.#lastWasShort = !long;
    return long ? this.#long.shift() : this.#short.shift();
  }

  async #run(entry: Entry): Promise<void> {
    this.#runningSinceMs = nowMs();
    try {
      entry.begun ??= begin(entry);
    } catch (reason) {
      this.#end(entry, { reason });
      this.#next();
      return;
    }
    const { begun } = entry;
    if (begun) {
      const { job, deaths } = begun;
      job.control.askToYield(false);
      if (this.#short.length > 0) this.#askToYield();
      await this.#workOn(job, deaths).catch((reason: unknown) => fail(begun, reason));
      clearTimeout(this.#yieldTimer);
      this.#yieldTimer = undefined;
      // What was kept for a thread that did not come is for everybody now.
      for (let thread = 0; thread < job.threads; thread++) job.control.releaseReserved(thread);
      // A job ends when every unit is done or accounted for: this is looked at, not taken for granted.
      if (job.control.findOpen() >= 0) {
        (entry.long ? this.#long : this.#short).unshift(entry);
        this.#next();
        return;
      }
      await begun.fed;
    }
    const othersWait = this.#short.length + this.#long.length > 0;
    if (begun?.job.makesWay && othersWait) {
      this.#next();
      // The threads hear of the next job first.
      await nextTurn();
      this.#end(entry, begun.failure);
      return;
    }
    this.#end(entry, begun?.failure);
    // Many callers that were answered at once often come back at once: then they can be answered together again.
    // And whoever was answered gives back the memory that the next job needs.
    if (begun && (begun.job.calls > 1 || othersWait)) await nextTurn();
    this.#next();
  }

  /** Asks a long job that is running to make way, once it has had its turn. */
  #askToYield(): void {
    const running = this.#running;
    if (!running?.long || this.#short.length === 0 || this.#yieldTimer !== undefined) return;
    const leftMs = this.#runningSinceMs + TURN_MS - nowMs();
    if (leftMs <= 0) running.begun?.job.control.askToYield(true);
    else {
      this.#yieldTimer = setTimeout(() => {
        this.#yieldTimer = undefined;
        if (this.#running === running) this.#askToYield();
      }, leftMs);
    }
  }

  #end(entry: Entry, failure: { readonly reason: unknown } | undefined): void {
    if (failure) entry.reject(failure.reason);
    else entry.resolve();
  }
}

function begin(entry: Entry): BegunJob | undefined {
  const job = entry.begin();
  if (!job) return undefined;
  const begun: BegunJob = {
    job,
    deaths: new Deaths(job),
    fed: (job.feed?.() ?? Promise.resolve()).catch((reason: unknown) => fail(begun, reason)),
    failure: undefined,
  };
  return begun;
}

/** Ends a job. Its open units are dropped. */
function fail(begun: BegunJob, reason: unknown): void {
  begun.failure ??= { reason };
  begun.job.control.drop(0, begun.job.control.unitCount);
}
