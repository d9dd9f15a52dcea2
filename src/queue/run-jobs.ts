/**
 * The jobs of a run in the queue: how they are added, and how they are taken out again.
 */
import type { FlowProducer, Job, Queue } from 'bullmq';
import { IndexingError, messageOf } from '../base/errors.js';
import { QUEUE } from './redis.js';
import { MERGE, mergeIdOf, type RunPlan, SHARD, shardIdOf } from './run-plan.js';

/** Tries of a shard or a merge, with pauses of half a second, one, two, … between them. */
const ATTEMPTS = 4;
const BACKOFF_MS = 500;
/** How long the outcome of a run is known: who asks again is told. */
const KEEP_SECONDS = 7 * 24 * 3600;
/** A worker that is told to stop does so within seconds, and is taken for dead otherwise. */
const STOP_MS = 30_000;
const STOP_CHECK_MS = 100;

const retries = { attempts: ATTEMPTS, backoff: { type: 'exponential', delay: BACKOFF_MS } };

/** Adds the shards that are missing, and the merge behind them, all or nothing. */
export async function addJobs(
  flows: FlowProducer,
  plan: RunPlan,
  missing: readonly { readonly first: number; readonly last: number }[],
): Promise<void> {
  const run = mergeIdOf(plan.name);
  await flows.add({
    name: MERGE,
    queueName: QUEUE,
    data: plan,
    opts: { ...retries, jobId: run, removeOnComplete: { age: KEEP_SECONDS }, removeOnFail: { age: KEEP_SECONDS } },
    children: missing.map(({ first, last }) => ({
      name: SHARD,
      queueName: QUEUE,
      data: { run, first, last },
      // What a shard has given is kept with the merge.
      opts: {
        ...retries,
        jobId: shardIdOf(plan.name, { first, last }),
        failParentOnFailure: true,
        removeOnComplete: true,
        removeOnFail: { age: KEEP_SECONDS },
      },
    })),
  });
}

/** Takes a run out of the queue: what waits at once, what is under way when its worker has stopped. */
export async function removeJobs(queue: Queue, merge: Job, plan: RunPlan): Promise<void> {
  // First of all: no worker may merge what is no longer whole.
  await merge.updateData({ ...plan, cancelled: true });
  await merge.removeUnprocessedChildren();
  const until = performance.now() + STOP_MS;
  for (;;) {
    const again = await queue.getJob(merge.id!);
    if (!again) return;
    try {
      await again.remove({ removeChildren: true });
      return;
    } catch (error) {
      if (!/lock/i.test(messageOf(error))) throw error;
      if (performance.now() > until)
        throw new IndexingError(
          'FileAccess',
          `the run ${plan.name} was told to stop, but a worker still works on it after ${STOP_MS / 1000} seconds; try again`,
        );
      await new Promise((resolve) => setTimeout(resolve, STOP_CHECK_MS));
    }
  }
}

/** Why a run failed: the text of its first shard that did, else of the merge; and what it was at. */
export async function failureOfRun(
  queue: Queue,
  merge: Job,
): Promise<{ readonly text: string; readonly what: string }> {
  const { failed = [] } = await merge.getDependencies({ failed: { cursor: 0, count: 100 } });
  for (const key of failed) {
    const job = await queue.getJob(key.slice(key.lastIndexOf(':') + 1));
    if (!job) continue;
    const { first, last } = job.data as { first: number; last: number };
    const tries = job.attemptsMade > 1 ? ` ${job.attemptsMade} times` : '';
    return { text: job.failedReason ?? '', what: `the shard of rows ${first} to ${last - 1} failed${tries}` };
  }
  return { text: merge.failedReason ?? '', what: 'the merge failed' };
}
