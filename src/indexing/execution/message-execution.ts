/**
 * One worker with a memory of its own, where memory cannot be shared: rows go there in messages, one for each batch unless
 * that is much work, and come back indexed. Several messages are in flight, so that the worker has one while another is
 * copied here. What a worker that dies had been sent is sent again: the rows here stay as they are until they come back.
 */
import { IndexingError, messageOf } from '../../base/errors.js';
import { TimeSlices } from '../../base/time-slices.js';
import { TaskNotBegun, type WorkerPool } from '../../engine/lanes/worker-pool.js';
import { layOutPart } from '../../engine/worker/part.js';
import type { PartRecord } from '../../engine/worker/task.js';
import { insufficientMemory } from '../../memory/matrix-memory.js';
import type { Execution, RunWork } from './execution.js';
import { type BatchPart, indexParts } from './part-execution.js';
import { notStarted } from './thread-execution.js';

/** A message is predicted to take no longer than a chosen batch, and holds no more than 16 MiB. */
const LIMITS = { ns: 4e6, bytes: 2 ** 24 };
/** Copied between two looks at the clock. */
const COPY_COMPONENTS = 2 ** 16;

const MAX_DEATHS_OF_BATCH = 2;
/** Of a message that was waiting whenever the worker died: a machine that kills at random. */
const MAX_DEATHS = 16;

export function executeInMessages(pool: WorkerPool, inFlight: number): Execution {
  return {
    threads: 1,
    shared: false,
    pool: undefined,
    async warmUp(kernel) {
      await pool.run({ type: 'warm-up', kernel, shared: false }).catch((cause: unknown) => {
        throw notStarted(0, cause);
      });
    },
    async execute(work) {
      const messages = new Messages(pool, work);
      await indexParts(work, inFlight, LIMITS, (part) => messages.index(part));
    },
    dispose: () => pool.dispose(),
  };
}

/** The messages of one run. */
class Messages {
  readonly #pool: WorkerPool;
  readonly #work: RunWork;
  /** Buffers that came back: pages that were touched before cost nothing to touch again. */
  readonly #spare: ArrayBuffer[] = [];
  readonly #deathsOfBatch = new Map<number, number>();

  constructor(pool: WorkerPool, work: RunWork) {
    this.#pool = pool;
    this.#work = work;
  }

  /** Has a part indexed by the worker and its rows and magnitudes put in their place in the run. */
  async index(part: BatchPart): Promise<PartRecord> {
    for (let deaths = 1; ; deaths++) {
      try {
        return await this.#send(part);
      } catch (cause) {
        if (cause instanceof IndexingError) throw cause;
        this.#work.onDeath(0, cause);
        this.#countDeath(part, cause, deaths);
      }
    }
  }

  async #send({ batch, first, count, dims, sliceRows, operation, timed }: BatchPart): Promise<PartRecord> {
    const { kernel, memory } = this.#work.task(0, 0);
    const { scratch: byteLength, groups } = layOutPart({ count, dims });
    const bytes = this.#takeBuffer(byteLength);
    const outgoing = new Float32Array(bytes, 0, count * dims);
    await this.#work.copyRows(batch, first, first + count, new TimeSlices(), outgoing);
    const part = { count, dims, sliceRows, operation, timed };
    const answer = await this.#pool.run({ type: 'part', kernel, part, bytes });

    const incoming = new Float32Array(answer.bytes, 0, count * dims);
    const rows = new Float32Array(memory.buffer, batch.rows + first * dims * 4, count * dims);
    await new TimeSlices().forEach(incoming.length, COPY_COMPONENTS, (from, to) => {
      rows.set(incoming.subarray(from, to), from);
    });
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

  /** @throws {IndexingError} `ThreadPanic` when it was one too many */
  #countDeath({ index, batch }: BatchPart, cause: unknown, deathsOfMessage: number): void {
    const isAtFault = !(cause instanceof TaskNotBegun);
    const deaths = (this.#deathsOfBatch.get(index) ?? 0) + (isAtFault ? 1 : 0);
    this.#deathsOfBatch.set(index, deaths);
    if (deaths < MAX_DEATHS_OF_BATCH && deathsOfMessage < MAX_DEATHS) return;
    const detail = `batch ${index} (${batch.count} vectors) ended ${deaths} worker threads (${messageOf(cause)})`;
    throw new IndexingError('ThreadPanic', detail, { threadId: 0, cause });
  }
}
