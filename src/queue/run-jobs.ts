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

/** Jobs that are added at a time. */
const PIECE = 500;
/** Ten years. */
const NEVER_MS = 10 * 365 * 24 * 3600 * 1000;

const retries = { attempts: ATTEMPTS, backoff: { type: 'exponential', delay: BACKOFF_MS } };

/**
 * Adds the merge, and the shards that are missing as what it waits for. They come in pieces, so that memory does not grow with their number.
 * Meanwhile the merge waits for a job that is never due, the gate; when it is taken away, all are there. Whoever finds a gate adds what is missing
 * and takes it away: adding what is there already changes nothing.
 */
export async function addJobs(
  queue: Queue,
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
    children: [{ name: 'gate', queueName: QUEUE, data: {}, opts: { jobId: gateIdOf(plan.name), delay: NEVER_MS } }],
  });
  for (let i = 0; i < missing.length; i += PIECE) {
    const piece = missing.slice(i, i + PIECE).map(({ first, last }) => ({
      name: SHARD,
      data: { run, first, last },
      // What a shard has given is kept with the merge.
      opts: {
        ...retries,
        jobId: shardIdOf(plan.name, { first, last }),
        parent: { id: run, queue: queue.qualifiedName },
        failParentOnFailure: true,
        removeOnComplete: true,
        removeOnFail: { age: KEEP_SECONDS },
      },
    }));
    await queue.addBulk(piece);
  }
  const gate = await queue.getJob(gateIdOf(plan.name));
  await gate?.remove();
}

/** Whether the run was begun to be added, and not all of it may be there. */
export async function isHalfAdded(queue: Queue, { name }: RunPlan): Promise<boolean> {
  return (await queue.getJob(gateIdOf(name))) !== undefined;
}

function gateIdOf(name: string): string {
  return `${name}.gate`;
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
  // Read again: it may have failed since it was looked at.
  const failedMerge = (await queue.getJob(merge.id!)) ?? merge;
  return { text: failedMerge.failedReason ?? '', what: 'the merge failed' };
}
