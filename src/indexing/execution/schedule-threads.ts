/**
 * Keeps the threads of a run claiming batches until every wanted batch is done, also when threads die.
 *
 * A dead thread is replaced by the pool; its successor takes the same thread id and begins with the batch that was not
 * finished, after its rows were restored. A batch that kills two threads ends the run with `ThreadPanic`, and so does a
 * thread that dies again and again before it claims anything.
 */
import { IndexingError, messageOf, type RowRange } from '../../base/errors.js';
import type { WorkerPool } from '../../engine/lanes/worker-pool.js';
import type { ControlBlock } from '../../memory/control-block.js';
import { CLAIMED, DONE, LOST, PENDING } from '../../memory/control-layout.js';
import type { RunWork } from './execution.js';
import { settleAll } from './settle-all.js';

const MAX_DEATHS_OF_BATCH = 2;
/** Deaths before the first claim are no batch's fault: a broken worker file, or a machine that kills at random. */
const MAX_DEATHS_AT_START = 8;

/**
 * Resolves when every thread has answered and every wanted batch is done or lost.
 *
 * @throws {IndexingError} `ThreadPanic`, with the rows that a run in place lost; what `restoreBatch` throws. Once every thread
 *   has answered.
 */
export async function scheduleThreads(pool: WorkerPool, run: RunWork): Promise<void> {
  const { control } = run;
  const deathsOfBatch = new Map<number, number>();
  let panic: IndexingError | undefined;
  let lost: { threadId: number; rows: RowRange; cause: unknown } | undefined;

  async function runThread(threadId: number, firstBatch: number): Promise<void> {
    let first = firstBatch;
    let doneAtLastDeath = 0;
    let deathsAtStart = 0;
    while (control.end > 0) {
      try {
        await pool.run(run.task(threadId, first));
        return;
      } catch (cause) {
        run.onDeath(threadId, cause);
        const unfinished = batchClaimedBy(control, threadId);
        const done = batchesDoneBy(control, threadId);
        if (unfinished >= 0) {
          first = await afterDeathIn(unfinished, threadId, cause);
        } else if (done > doneAtLastDeath) {
          deathsAtStart = 0;
          first = -1;
        } else if (++deathsAtStart >= MAX_DEATHS_AT_START) {
          stop(threadId, `the worker thread died ${deathsAtStart} times before it claimed a batch`, cause);
        }
        doneAtLastDeath = done;
      }
    }
  }

  /** Prepares the batch a thread died in for its successor; returns the batch to begin with, -1 for none. */
  async function afterDeathIn(batch: number, threadId: number, cause: unknown): Promise<number> {
    const deaths = (deathsOfBatch.get(batch) ?? 0) + 1;
    deathsOfBatch.set(batch, deaths);
    const { firstRank, count } = control.batch(batch);
    if (deaths >= MAX_DEATHS_OF_BATCH) {
      stop(threadId, `batch ${batch} (${count} vectors) ended ${deaths} worker threads`, cause);
    }
    if (await run.restoreBatch(batch)) {
      control.resetRecord(batch, PENDING);
      return batch;
    }
    // The other batches go on: what is lost stays as small as it is.
    control.resetRecord(batch, LOST);
    const first = Math.min(firstRank, lost?.rows.first ?? firstRank);
    const last = Math.max(firstRank + count, lost?.rows.last ?? 0);
    lost = { threadId, rows: { first, last }, cause };
    return -1;
  }

  function stop(threadId: number, detail: string, cause: unknown): void {
    panic ??= new IndexingError('ThreadPanic', `${detail} (${messageOf(cause)})`, { threadId, cause });
    control.lowerEnd(0);
  }

  const threads = Math.min(run.threads, control.batchCount);
  // A row that cannot be copied a second time makes a thread fail.
  const answers = Array.from({ length: threads }, (_, threadId) => runThread(threadId, threadId));
  await settleAll(control, answers);
  // A thread may die between taking a batch's number and recording it; then nobody else will take that batch.
  for (let batch = 0; control.isWanted(batch); batch++) {
    if (control.state(batch) === PENDING) await runThread(batch % threads, batch);
  }
  if (panic) throw panic;
  if (lost) {
    const { threadId, rows, cause } = lost;
    const range = `rows ${rows.first} to ${rows.last - 1} were overwritten in place and are undefined`;
    throw new IndexingError('ThreadPanic', `${range} (${messageOf(cause)})`, { threadId, rows, cause });
  }
}

/** The batch that a thread claimed and did not finish; -1 for none. */
function batchClaimedBy(control: ControlBlock, threadId: number): number {
  for (let batch = 0; batch < control.batchCount; batch++) {
    if (control.state(batch) === CLAIMED && control.threadId(batch) === threadId) return batch;
  }
  return -1;
}

function batchesDoneBy(control: ControlBlock, threadId: number): number {
  let done = 0;
  for (let batch = 0; batch < control.batchCount; batch++) {
    if (control.state(batch) === DONE && control.threadId(batch) === threadId) done++;
  }
  return done;
}
