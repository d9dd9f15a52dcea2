/**
 * A job: units of work that threads claim. It is plain data for the workers, and a few functions for the calling thread.
 * Everything that uses threads is a job.
 */
import type { JobControl } from '../memory/job-control.js';
import type { JobTask } from './worker/task.js';
import type { UnitWork } from './worker/unit-work.js';

/** The reason why a unit cannot be done. */
export interface UnitDeath {
  readonly thread: number;
  /** Threads that the unit ended. */
  readonly deaths: number;
  /** Whether there is nothing to do it again from: a thread died while it changed the only copy. */
  readonly lost: boolean;
  readonly cause: unknown;
}

export interface Job {
  /** Name of the work, for the error of a thread that dies in it. */
  readonly what: 'indexing' | 'search';
  readonly control: JobControl;
  /** Calls that it answers. */
  readonly calls: number;
  /** Whether its threads need what searching takes: in pages, another worker module. */
  readonly searches: boolean;
  /** Whether the next job begins before the callers of this one are answered, so that the threads stay busy. Default: no. */
  readonly makesWay?: boolean;
  /** Threads that take part at most. */
  readonly threads: number;
  /**
   * What a thread is told, when it begins and whenever it goes on after it made way for another job. What it keeps from one
   * unit to the next lies in the control block.
   */
  task(thread: number): JobTask;
  /** The same work for the calling thread, where no other can do it. */
  open(thread: number): UnitWork;
  /** The calling thread's own part, beside the threads: for example rows that are copied in. Ends the job where it rejects. */
  feed?(): Promise<void>;
  /** What the threads collect over all their units is lost with a thread; so all the units it did are done again. */
  readonly forgetThread?: (thread: number) => void;
  /**
   * Puts the input of a unit back as it was before a thread touched it that died; gives false where there is nothing to do it
   * again from. Left out where a thread changes nothing that the unit is done from.
   */
  restore?(unit: number): Promise<boolean>;
  /** Tells that a unit cannot be done. The unit is accounted for by then, and the other units go on. */
  fail(unit: number, death: UnitDeath): void;
  /** Tells that a thread died and is replaced. */
  threadDied?(thread: number, cause: unknown): void;
}
