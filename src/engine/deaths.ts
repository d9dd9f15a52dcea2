/**
 * What becomes of the units of a thread that died. The thread is replaced by the pool; its successor takes the same number.
 *
 *   the unit it had claimed      restored, then done again; where that is impossible it is lost, and the job is told
 *   ... for the second time      not done again: the job is told (ThreadPanic)
 *   the units it had done        stay done, unless the job collects results by thread: then they are done again
 *   no unit, again and again     the job ends: a broken worker file, or a machine that kills at random
 */
import { IndexingError, messageOf } from '../base/errors.js';
import { CLAIMED, LOST, PENDING } from '../memory/control-block.js';
import type { Job } from './job.js';

const MAX_DEATHS_OF_UNIT = 2;
const MAX_DEATHS_IN_VAIN = 8;

export class Deaths {
  readonly #job: Job;
  readonly #deathsOfUnit = new Map<number, number>();
  /** For each thread, its deaths since it last did a unit, and how many units it had done by then. */
  readonly #inVain = new Map<number, { deaths: number; done: number }>();

  constructor(job: Job) {
    this.#job = job;
  }

  /** Prepares what the dead thread left for its successor. Rejects with what ends the job. */
  async settle(thread: number, cause: unknown): Promise<void> {
    const { control } = this.#job;
    this.#job.threadDied?.(thread, cause);
    const claimed = control.claimedBy(thread);
    const done = control.doneBy(thread);
    if (claimed.length === 0) this.#countInVain(thread, done.length, cause);
    if (this.#job.forgetThread) {
      this.#job.forgetThread(thread);
      for (const unit of done) control.reset(unit, PENDING);
    }
    for (const unit of claimed) await this.#settleUnit(unit, thread, cause);
    // It may have died before it came to the unit that is kept for it.
    control.releaseReserved(thread);
  }

  /**
   * The worker died that had some rows of a unit, which are still here as they were. Gives whether they may be sent again.
   * For workers that are sent messages: they change nothing here.
   */
  settleMessage(unit: number, cause: unknown): boolean {
    this.#job.threadDied?.(0, cause);
    const deaths = this.#countDeath(unit);
    if (deaths < MAX_DEATHS_OF_UNIT) return true;
    this.#job.control.drop(unit, unit + 1);
    this.#job.fail(unit, { thread: 0, deaths, lost: false, cause });
    return false;
  }

  async #settleUnit(unit: number, thread: number, cause: unknown): Promise<void> {
    const { control } = this.#job;
    const deaths = this.#countDeath(unit);
    if (deaths >= MAX_DEATHS_OF_UNIT) {
      control.drop(unit, unit + 1);
      this.#job.fail(unit, { thread, deaths, lost: false, cause });
      return;
    }
    const restored = (await this.#job.restore?.(unit)) ?? true;
    // It may have been dropped meanwhile.
    if (control.state(unit) !== CLAIMED) return;
    control.reset(unit, restored ? PENDING : LOST);
    if (!restored) this.#job.fail(unit, { thread, deaths, lost: true, cause });
  }

  #countDeath(unit: number): number {
    const deaths = (this.#deathsOfUnit.get(unit) ?? 0) + 1;
    this.#deathsOfUnit.set(unit, deaths);
    return deaths;
  }

  #countInVain(thread: number, done: number, cause: unknown): void {
    const before = this.#inVain.get(thread);
    const deaths = before && before.done === done ? before.deaths + 1 : 1;
    this.#inVain.set(thread, { deaths, done });
    if (deaths < MAX_DEATHS_IN_VAIN) return;
    const detail = `the worker thread died ${deaths} times before it claimed a batch (${messageOf(cause)})`;
    throw new IndexingError('ThreadPanic', detail, { threadId: thread, during: this.#job.what, cause });
  }
}
