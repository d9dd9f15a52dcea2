/**
 * Gathers calls of one kind that wait for the threads at the same time. They are done together, as one job, and each has a
 * result of its own.
 */
import type { EngineCore } from './engine-core.js';
import type { Job } from './job.js';

/** A call that waits. */
export interface WaitingCall {
  /** Rows that it brings, or queries. */
  readonly rows: number;
  /** Of those. */
  readonly bytes: number;
}

/** How calls of a kind are done together. */
export interface CallKind<Call extends WaitingCall, J extends Job> {
  /** Whether a call may be done together with those that wait already: the first of them, and the bytes of all. */
  fits(first: Call, bytes: number, call: Call): boolean;
  /** Makes one job for all of them; at least one. May throw, and all of them fail. */
  begin(calls: readonly Call[]): J;
  /** Time on all threads that a call will take, in milliseconds. */
  predictMs(call: Call): number;
}

interface Group<Call, J> {
  readonly first: Call;
  readonly calls: Set<Call>;
  bytes: number;
  readonly done: Promise<J | undefined>;
}

export class Gathering<Call extends WaitingCall, J extends Job> {
  readonly #core: EngineCore;
  readonly #kind: CallKind<Call, J>;
  readonly #order: object;
  /** The group that calls can still join. */
  #open: Group<Call, J> | undefined;

  /** @param order groups with the same order begin in the order in which their first calls came */
  constructor(core: EngineCore, kind: CallKind<Call, J>, order: object) {
    this.#core = core;
    this.#kind = kind;
    this.#order = order;
  }

  /**
   * Waits until the call is done, perhaps with others. `done` gives the job that did it, undefined where all calls left before
   * it began; it rejects with what ended the whole job, or kept it from beginning. `leave` has no effect once it has begun.
   */
  enter(call: Call): { readonly done: Promise<J | undefined>; leave(): void } {
    this.#core.pending.add(call);
    const group = this.#groupFor(call);
    const leave = () => {
      if (!group.calls.delete(call)) return;
      group.bytes -= call.bytes;
      this.#core.pending.delete(call);
    };
    return { done: group.done, leave };
  }

  #groupFor(call: Call): Group<Call, J> {
    const open = this.#open;
    if (open && this.#kind.fits(open.first, open.bytes, call)) {
      open.calls.add(call);
      open.bytes += call.bytes;
      return open;
    }
    const calls = new Set([call]);
    let job: J | undefined;
    // The queue may begin at once.
    let isOpen = true;
    const begin = () => {
      isOpen = false;
      if (this.#open?.calls === calls) this.#open = undefined;
      const waiting = [...calls];
      // From here on nobody can leave.
      calls.clear();
      for (const each of waiting) this.#core.pending.delete(each);
      job = waiting.length > 0 ? this.#kind.begin(waiting) : undefined;
      return job;
    };
    const done = this.#core.execute(begin, this.#kind.predictMs(call), this.#order).then(() => job);
    const group: Group<Call, J> = { first: call, calls, bytes: call.bytes, done };
    if (isOpen) this.#open = group;
    return group;
  }
}
