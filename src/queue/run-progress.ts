/**
 * How far a run is, read from the queue.
 */
import type { Job, Queue } from 'bullmq';
import { count, objectOf, text } from '../reporting/fields.js';
import { MERGE, type RunPlan, SHARD, shardRowsOf } from './run-plan.js';

/** How far a run is. */
export interface RunProgress {
  /** The run's name. */
  readonly name: string;
  /** Phase of the run: shards are indexed, or their parts are put together. */
  readonly phase: 'indexing' | 'merging';
  /** Rows that are indexed; while merging, rows that are written. */
  readonly processed: number;
  /** Rows of the whole input. */
  readonly total: number;
  /** Rows of finished shards that were left out. */
  readonly rejected: number;
  /** Milliseconds of indexing of all finished shards. */
  readonly indexingMs: number;
  readonly shards: { readonly total: number; readonly done: number; readonly active: number; readonly waiting: number };
  /** Workers that are at work on this run. */
  readonly workers: readonly WorkerProgress[];
  /** Workers that are connected, at work or not. */
  readonly connectedWorkers: number;
}

/** What one worker is doing. */
export interface WorkerProgress {
  /** Name of the worker: `HOST:PROCESS`. */
  readonly name: string;
  /** Rows of its shard that are done. */
  readonly processed: number;
  /** Rows of its shard. */
  readonly total: number;
}

/** Most workers that are looked at one by one. */
const MOST_ACTIVE = 1000;
const PAGE = 1000;

const told = objectOf({ rows: count, worker: text });
const given = objectOf({
  rows: count,
  rejected: count,
  totalTimeMs: (value) => (typeof value === 'number' ? value : 0),
});

/** Reads the state of one run again and again. */
export class RunReader {
  readonly #plan: RunPlan;
  readonly #queue: Queue;
  readonly #doneBefore: { readonly shards: number; readonly rows: number; readonly rejected: number };
  #finished = { shards: 0, rows: 0, rejected: 0, indexingMs: 0 };

  /** @param missing shards that were queued; the others were done before */
  constructor(queue: Queue, plan: RunPlan, doneBefore: { shards: number; rows: number; rejected: number }) {
    this.#queue = queue;
    this.#plan = plan;
    this.#doneBefore = doneBefore;
  }

  async read(merge: Job, isMerging: boolean): Promise<RunProgress> {
    const { name, rows: total } = this.#plan;
    const shards = shardRowsOf(this.#plan).length;
    const { processed = 0 } = await merge.getDependenciesCount({ processed: true });
    if (processed !== this.#finished.shards) this.#finished = await finishedShards(merge, processed);
    const active = (await this.#queue.getActive(0, MOST_ACTIVE - 1)).filter((job) => belongsTo(job, merge));
    const workers = active.filter(({ name: kind }) => kind === (isMerging ? MERGE : SHARD)).map(progressOfWorker);
    const underWay = workers.reduce((sum, worker) => sum + worker.processed, 0);
    const before = this.#doneBefore;
    const done = before.shards + this.#finished.shards;
    return {
      name,
      phase: isMerging ? 'merging' : 'indexing',
      processed: Math.min(total, isMerging ? underWay : before.rows + this.#finished.rows + underWay),
      total,
      rejected: before.rejected + this.#finished.rejected,
      indexingMs: this.#finished.indexingMs,
      shards: {
        total: shards,
        done,
        active: isMerging ? 0 : workers.length,
        waiting: Math.max(0, shards - done - (isMerging ? 0 : workers.length)),
      },
      workers,
      connectedWorkers: await this.#queue.getWorkersCount(),
    };
  }
}

async function finishedShards(merge: Job, shards: number) {
  const sum = { shards, rows: 0, rejected: 0, indexingMs: 0 };
  for (let cursor: number | undefined = 0, isFirst = true; isFirst || cursor; isFirst = false) {
    const page = await merge.getDependencies({ processed: { cursor: cursor ?? 0, count: PAGE } });
    for (const value of Object.values(page.processed ?? {})) {
      const { rows, rejected, totalTimeMs } = given(value, 'result of a shard');
      sum.rows += rows;
      sum.rejected += rejected;
      sum.indexingMs += totalTimeMs;
    }
    cursor = page.nextProcessedCursor;
  }
  return sum;
}

function belongsTo(job: Job | undefined, merge: Job): boolean {
  return job !== undefined && (job.id === merge.id || (job.data as { run?: unknown } | null)?.run === merge.id);
}

function progressOfWorker(job: Job): WorkerProgress {
  const { first = 0, last = 0 } = job.name === SHARD ? (job.data as { first?: number; last?: number }) : {};
  const total = job.name === SHARD ? last - first : 0;
  try {
    const { rows, worker } = told(job.progress, 'progress');
    return { name: worker.slice(0, 200), processed: rows, total };
  } catch {
    // Nothing was told yet.
    return { name: job.processedBy?.slice(0, 200) ?? '', processed: 0, total };
  }
}
