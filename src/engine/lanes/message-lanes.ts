/**
 * One worker with a memory of its own, where memory cannot be shared. The rows of a batch go there in messages and come back indexed.
 * Several messages are under way, so that the worker has one while another is copied here. When the worker dies, everything it had been
 * sent is sent again: the rows in this thread do not change until they come back. Jobs that do not index are done on the calling thread.
 */
import { IndexingError } from '../../base/errors.js';
import { TimeSlices } from '../../base/time.js';
import { batchAt, endAtRejectionOf, firstTimingOf } from '../../memory/batch.js';
import { insufficientMemory } from '../../memory/matrix-memory.js';
import type { Deaths } from '../deaths.js';
import type { Job } from '../job.js';
import { layOutPart } from '../worker/part.js';
import type { IndexingTask, PartRecord } from '../worker/task.js';
import { workOnHere } from './calling-thread-lanes.js';
import type { Lanes } from './lanes.js';
import { notStarted } from './thread-lanes.js';
import { TaskNotBegun, type WorkerPool } from './worker-pool.js';

/** Most bytes of a message. */
const PART_BYTES = 2 ** 22;
/** Components copied between two looks at the clock. */
const COPY_COMPONENTS = 2 ** 16;
/** Most deaths of the worker before it has begun a message that waits. A machine that kills at random is the likely cause then. */
const MAX_DEATHS = 16;

export function messageLanes(pool: WorkerPool, inFlight: number): Lanes {
  return {
    threads: 1,
    shared: false,
    searches: true,
    pool: undefined,
    async warmUp(kernel) {
      await pool.run({ type: 'warm-up', kernel, shared: false }).catch((cause: unknown) => {
        throw notStarted(0, cause);
      });
    },
    async workOn(job, deaths) {
      const task = job.task(0);
      if (task.type !== 'index') return workOnHere(job);
      await new Messages(pool, job, task, deaths).work(inFlight);
    },
    dispose: () => pool.dispose(),
  };
}

/** Some rows of a batch. */
interface BatchPart {
  readonly unit: number;
  readonly first: number;
  readonly count: number;
}

/** The messages of one job, which are sent in its name as thread 0. */
class Messages {
  readonly #pool: WorkerPool;
  readonly #job: Job;
  readonly #task: IndexingTask;
  readonly #deaths: Deaths;
  /** Buffers that came back: pages that were touched before cost nothing to touch again. */
  readonly #spare: ArrayBuffer[] = [];

  constructor(pool: WorkerPool, job: Job, task: IndexingTask, deaths: Deaths) {
    this.#pool = pool;
    this.#job = job;
    this.#task = task;
    this.#deaths = deaths;
  }

  /** Batches begin in order, with several under way at a time. */
  async work(inFlight: number): Promise<void> {
    const { control } = this.#job;
    const ended = await Promise.allSettled(
      Array.from({ length: inFlight }, async () => {
        try {
          await this.#claimAndSend();
        } catch (error) {
          control.drop(0, control.unitCount);
          throw error;
        }
      }),
    );
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    // The rows of the next batches are being copied in.
    if (control.findOpen() >= 0) await new TimeSlices().nextTurn();
  }

  async #claimAndSend(): Promise<void> {
    const { control } = this.#job;
    for (let unit = control.claimNow(0); unit >= 0; unit = control.claimNow(0)) {
      await this.#index(unit);
      if (control.isAskedToYield) return;
    }
  }

  /** Has a batch indexed by the worker, part by part, and records it. */
  async #index(unit: number): Promise<void> {
    const { control } = this.#job;
    const { count, dims, sliceRows } = batchAt(control, unit);
    // Whole timing groups.
    const most = Math.max(1, Math.floor(PART_BYTES / (4 * Math.max(1, dims)) / sliceRows)) * sliceRows;
    let rejected = 0;
    let endedAtMs = 0;
    for (let first = 0; first < count; first += most) {
      if (!control.isMine(unit, 0)) return;
      const part = { unit, first, count: Math.min(most, count - first) };
      const done = await this.#sendUntilDone(part);
      if (!done) return;
      if (first === 0 && control.timed) control.recordClaimedAt(unit, done.startedAtMs);
      const timing = firstTimingOf(control, unit) + first / sliceRows;
      for (const [group, ns] of done.timings.entries()) control.recordTiming(timing + group, ns);
      rejected += done.rejected;
      endedAtMs = done.endedAtMs;
      control.recordRowsDone(unit, first + part.count);
    }
    control.recordDone(unit, 0, rejected, control.timed ? endedAtMs : undefined);
    if (rejected > 0) control.drop(unit + 1, endAtRejectionOf(control, unit));
  }

  /** Sends a part; undefined where its batch cannot be done, which the job knows by then. */
  async #sendUntilDone(part: BatchPart): Promise<PartRecord | undefined> {
    for (let deaths = 1; ; deaths++) {
      try {
        return await this.#send(part);
      } catch (cause) {
        if (cause instanceof TaskNotBegun && deaths < MAX_DEATHS) continue;
        if (cause instanceof IndexingError) throw cause;
        if (!this.#deaths.settleMessage(part.unit, cause)) return undefined;
      }
    }
  }

  async #send({ unit, first, count }: BatchPart): Promise<PartRecord> {
    const { kernel, memory, operation } = this.#task;
    const { timed } = this.#job.control;
    const { dims, sliceRows, ...batch } = batchAt(this.#job.control, unit);
    const { scratch: byteLength, groups } = layOutPart({ count, dims });
    const bytes = this.#takeBuffer(byteLength);
    const rows = new Float32Array(memory.buffer, batch.rows + first * dims * 4, count * dims);
    const outgoing = new Float32Array(bytes, 0, count * dims);
    await copy(rows, outgoing);
    const part = { count, dims, sliceRows, operation, timed };
    const answer = await this.#pool.run({ type: 'part', kernel, part, bytes });
    await copy(new Float32Array(answer.bytes, 0, count * dims), rows);
    // As words: a rejected row's magnitude is a NaN whose bits tell why.
    const magnitudes = new Uint32Array(answer.bytes, groups[0]!.magnitudes, count);
    new Uint32Array(memory.buffer, batch.magnitudes + first * 4, count).set(magnitudes);
    this.#spare.push(answer.bytes);
    return answer;
  }

  #takeBuffer(byteLength: number): ArrayBuffer {
    const spare = this.#spare.pop();
    if (spare && spare.byteLength >= byteLength) return spare;
    try {
      return new ArrayBuffer(byteLength);
    } catch (cause) {
      throw insufficientMemory(byteLength, `the system refused it (${String(cause)})`, cause);
    }
  }
}

async function copy(from: Float32Array, to: Float32Array): Promise<void> {
  await new TimeSlices().forEach(from.length, COPY_COMPONENTS, (first, last) => {
    to.set(from.subarray(first, last), first);
  });
}
