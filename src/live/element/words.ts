/**
 * What the view calls those who work and what they work at: threads and batches of one process, or workers and shards of a run on many
 * machines (attribute `shows="workers"`).
 */
export interface Words {
  readonly waiting: string;
  readonly busy: string;
  readonly busyTime: string;
  /** All of them. */
  readonly those: string;
  /** One of them, before its number. */
  readonly one: string;
  /** Whether the source tells percentiles of single vectors. */
  readonly hasPercentiles: boolean;
}

const THREADS: Words = {
  waiting: 'Batches waiting',
  busy: 'Threads busy',
  busyTime: 'Busy time of each thread',
  those: 'Threads',
  one: 'Thread',
  hasPercentiles: true,
};

const WORKERS: Words = {
  waiting: 'Shards waiting',
  busy: 'Workers busy',
  busyTime: 'Busy time of each worker',
  those: 'Workers',
  one: 'Worker',
  hasPercentiles: false,
};

/** @param shows the attribute's value; whatever is not `workers` means threads */
export function wordsFor(shows: string | null): Words {
  return shows === 'workers' ? WORKERS : THREADS;
}
