/**
 * A worker: takes shards and merges of all runs from the queue and does one at a time. Whoever can write to Redis decides what is done, but
 * only below the worker's root, and only with URLs that it may fetch.
 *
 * A unit of work writes its output whole, by renaming it, and writes the same bytes each time. So one that runs twice, because a machine was
 * taken for dead, does no harm.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Job, Worker } from 'bullmq';
import { asyncDisposeSymbol } from '../base/dispose-symbol.js';
import { detailOf, IndexingError, invalidConfiguration, messageOf, refuseUnknown } from '../base/errors.js';
import { manifestPathOf } from '../parts/part-manifest.js';
import { checkPrefixes } from './allowed-urls.js';
import { removeParts, resultOfPart } from './done-parts.js';
import { failureText } from './failures.js';
import { type QueueLogger, silent } from './logger.js';
import { loadQueuePackages } from './packages.js';
import { Places, Refusal } from './places.js';
import { connectRedis, nameOfRedis, QUEUE, redisUrlOf } from './redis.js';
import {
  MERGE,
  mergeIdOf,
  partPathOf,
  partsFolderOf,
  type RunPlan,
  readPlan,
  readShard,
  SHARD,
  shardRowsOf,
} from './run-plan.js';
import type { Unit, UnitResult } from './unit-messages.js';
import { UnitFailure, UnitProcess } from './unit-process.js';

/** Where a worker finds its work, and what it may do. */
export interface QueueWorkerOptions {
  /** `redis://HOST:PORT`, or `rediss://` with TLS; user, password and the number of a database may stand in it. */
  readonly redis: string;
  /** Worker threads: 1 to 256, or `'auto'`, the default. */
  readonly threads?: number | 'auto' | undefined;
  /** The folder below which files are read and written; relative paths of a run begin here. Default: the working directory. */
  readonly root?: string | undefined;
  /** http(s) URLs below which files are fetched. Default: every http(s) URL. */
  readonly allowUrls?: readonly string[] | undefined;
  /** Gets messages about what is done and what is refused. Default: none. Names in them come from outside. */
  readonly logger?: QueueLogger | undefined;
}

/** A worker that takes work until it is closed. */
export interface QueueWorker extends AsyncDisposable {
  /** Name of the worker in runs: `HOST:PROCESS`. */
  readonly name: string;
  /** Takes no more work, waits for what is under way, and lets everything go. */
  close(): Promise<void>;
}

const OPTIONS = new Set(['redis', 'threads', 'root', 'allowUrls', 'logger']);

/** Time without a sign of life, in milliseconds, after which a worker is taken for dead. */
const LOCK_MS = 2000;
const RENEW_MS = 500;
const STALLED_CHECK_MS = 1000;
/** Deaths of machines after which their work is given up. */
const MOST_DEATHS = 100;
const TELL_MS = 500;

/** Error of work under way that ends before it is done. */
class Abandoned extends Error {}

/**
 * Starts a worker, which takes shards and merges of runs that `distribute` has started, one at a time, until it is closed. Several may run
 * on a machine; each has its own threads, in a process of its own.
 *
 * @throws {IndexingError} `InvalidConfiguration` naming the option, `MissingPackage` without `bullmq` and `ioredis`, `FileAccess` where Redis
 * cannot be reached.
 *
 * @example
 * ```js no-run
 * import { createWorker } from 'simdex/bullmq';
 *
 * const worker = await createWorker({ redis: 'redis://127.0.0.1:6379', root: '/shared', logger: console });
 * process.once('SIGTERM', () => worker.close());
 * ```
 */
export async function createWorker(options: QueueWorkerOptions): Promise<QueueWorker> {
  refuseUnknown('options', options, OPTIONS);
  const { threads = 'auto', root = process.cwd(), allowUrls = [], logger = silent } = options;
  if (threads !== 'auto' && !(Number.isInteger(threads) && threads >= 1 && threads <= 256))
    throw invalidConfiguration('threads', "1 to 256, or 'auto'", threads);
  if (typeof root !== 'string' || root === '') throw invalidConfiguration('root', 'the path of a folder', root);
  const url = redisUrlOf(options.redis);
  const prefixes = checkPrefixes(allowUrls);
  const packages = loadQueuePackages();
  const places = await Places.create(root, prefixes);
  let isEnding = false;
  const redis = await connectRedis(packages, url, logger, () => isEnding);
  const name = `${hostname()}:${process.pid}`;
  const queue = new packages.Queue(QUEUE, { connection: redis });
  const units = new UnitProcess(places.root, threads);
  units.start();
  const work = new Work(name, {
    queue,
    units,
    places,
    prefixes,
    logger,
    UnrecoverableError: packages.UnrecoverableError,
  });
  const worker: Worker = new packages.Worker(QUEUE, (job) => work.take(job), {
    connection: redis,
    name,
    concurrency: 1,
    lockDuration: LOCK_MS,
    lockRenewTime: RENEW_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: MOST_DEATHS,
  });
  worker.on('lockRenewalFailed', (ids) => work.abandon(ids));
  worker.on('completed', (job) => work.clearAwayAfter(job));
  worker.on('stalled', (id) => logger.warn(`${id}: its worker died, or was cut off; it is done again`));
  let told = '';
  const tellOnce = (error: Error) => {
    // While Redis is away, the same error comes again and again.
    if (error.message !== told) logger.warn(`queue: ${error.message.slice(0, 500)}`);
    told = error.message;
  };
  worker.on('error', tellOnce);
  queue.on('error', tellOnce);

  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      // BullMQ would wait for a Redis that is away. Only the work under way is waited for: what Redis is not told of it, the next worker finds.
      if (redis.status !== 'ready') await work.idle();
      const isAway = redis.status !== 'ready';
      isEnding = isAway;
      const lost = new Promise((resolve) => redis.once('close', resolve)).then(() => work.idle());
      await Promise.race([worker.close(isAway), lost]);
      isEnding = true;
      await work.settled();
      await units.close();
      await queue.close();
      redis.disconnect();
    })();
    return closing;
  };
  try {
    await worker.waitUntilReady();
  } catch (error) {
    await close();
    throw new IndexingError('FileAccess', `cannot take work from Redis at ${nameOfRedis(url)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return { name, close, [asyncDisposeSymbol]: close };
}

interface WorkParts {
  readonly queue: import('bullmq').Queue;
  readonly units: UnitProcess;
  readonly places: Places;
  readonly prefixes: readonly string[];
  readonly logger: QueueLogger;
  readonly UnrecoverableError: new (message: string) => Error;
}

class Work {
  readonly #name: string;
  readonly #parts: WorkParts;
  #underWay: { readonly id: string; readonly controller: AbortController } | undefined;
  #taking: Promise<unknown> = Promise.resolve();
  #clearing: Promise<void> = Promise.resolve();

  constructor(name: string, parts: WorkParts) {
    this.#name = name;
    this.#parts = parts;
  }

  take(job: Job): Promise<UnitResult> {
    const taking = this.#take(job);
    this.#taking = taking.catch(() => undefined);
    return taking;
  }

  /** Resolves when the work under way has ended. */
  async idle(): Promise<void> {
    await this.#taking;
  }

  async #take(job: Job): Promise<UnitResult> {
    const { logger, UnrecoverableError } = this.#parts;
    const startedAtMs = performance.now();
    const controller = new AbortController();
    const id = job.id ?? '';
    this.#underWay = { id, controller };
    try {
      const result = await this.#do(job, controller);
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      logger.info(`${id}: ${result.rows} rows ${job.name === MERGE ? 'merged' : 'indexed'} in ${seconds} s`);
      return result;
    } catch (error) {
      const failure = failureOfWork(error);
      logger.warn(`${id}: ${error instanceof Refusal ? 'refused' : 'failed'}: ${failure.message}`);
      const text = failureText(failure);
      throw failure.isFinal ? new UnrecoverableError(text) : new Error(text);
    } finally {
      this.#underWay = undefined;
    }
  }

  /** Ends the work whose lock is lost: another worker does it. */
  abandon(ids: readonly string[]): void {
    if (this.#underWay && ids.includes(this.#underWay.id))
      this.#underWay.controller.abort(new Abandoned('the lock was lost; another worker does it'));
  }

  /** The parts of a run are removed when Redis knows that they are merged, and not before. */
  clearAwayAfter(job: Job): void {
    if (job.name !== MERGE) return;
    const { places, logger } = this.#parts;
    const clear = async () => {
      await removeParts(readPlan(job.data), (path) => places.removable(path));
    };
    this.#clearing = this.#clearing.then(clear).catch((error: unknown) => {
      logger.warn(`${job.id}: its parts could not be removed: ${messageOf(error)}`);
    });
  }

  /** Resolves when nothing is left to be removed. */
  settled(): Promise<void> {
    return this.#clearing;
  }

  async #do(job: Job, controller: AbortController): Promise<UnitResult> {
    if (job.name === MERGE) {
      const plan = readPlan(job.data);
      if (job.id !== mergeIdOf(plan.name)) throw new Refusal('the id of a merge is that of its run');
      if (plan.cancelled) throw new Abandoned('the run was cancelled');
      return this.#run(job, job.id, controller, await this.#mergeUnit(plan));
    }
    if (job.name !== SHARD) throw new Refusal('a job is a shard or a merge');
    const { run, first, last } = readShard(job.data);
    const merge = await this.#parts.queue.getJob(run);
    if (!merge || merge.name !== MERGE) throw new Refusal('the run of the shard is not in the queue');
    const plan = readPlan(merge.data);
    if (last > plan.rows) throw new Refusal('the shard has rows that its run has not');
    if (plan.cancelled) throw new Abandoned('the run was cancelled');
    const { places, prefixes } = this.#parts;
    const files: string[] = [];
    for (const file of plan.files) files.push(await places.input(file));
    const part = partPathOf(plan, { first, last });
    await places.makeFolder(partsFolderOf(plan));
    await places.output(manifestPathOf(part));
    const out = await places.output(part);
    const done = await resultOfPart(join(places.root, out), plan, { first, last });
    if (done) return done;
    const { source, options } = plan;
    return this.#run(job, run, controller, {
      type: 'index',
      files,
      source,
      first,
      last,
      options,
      out,
      allowUrls: prefixes,
    });
  }

  async #mergeUnit(plan: RunPlan): Promise<Unit> {
    const { places } = this.#parts;
    const parts: string[] = [];
    for (const span of shardRowsOf(plan)) {
      const part = partPathOf(plan, span);
      await places.input(manifestPathOf(part));
      parts.push(await places.input(part));
    }
    const report: string[] = [];
    for (const path of plan.report ?? []) report.push(await places.output(path));
    return {
      type: 'merge',
      parts,
      out: await places.output(plan.out),
      rejected: plan.rejected === undefined ? undefined : await places.output(plan.rejected),
      report: plan.report && report,
      graph: plan.graph === true,
      precision: plan.precision,
    };
  }

  /** Does the unit, tells how far it is, and ends it when its run does. */
  async #run(job: Job, run: string, controller: AbortController, unit: Unit): Promise<UnitResult> {
    const { signal } = controller;
    let rows = 0;
    let hasEnded = false;
    const tell = async () => {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, TELL_MS));
        if (hasEnded) return;
        await job.updateProgress({ rows, worker: this.#name });
        const merge = await this.#parts.queue.getJob(run);
        if (!merge) throw new Abandoned('its run is not in the queue any more');
        if (readPlan(merge.data).cancelled) throw new Abandoned('the run was cancelled');
      }
    };
    tell().catch((error: unknown) => {
      if (!hasEnded) controller.abort(error instanceof Abandoned ? error : new Abandoned(messageOf(error)));
    });
    try {
      return await this.#parts.units.run(unit, signal, (done) => {
        rows = done;
      });
    } finally {
      hasEnded = true;
    }
  }
}

interface WorkFailure {
  readonly code: IndexingError['code'];
  readonly message: string;
  /** Whether another try would fail, too. */
  readonly isFinal: boolean;
}

function failureOfWork(error: unknown): WorkFailure {
  if (error instanceof UnitFailure) return { code: error.code, message: error.message, isFinal: error.isFinal };
  // A fault of the job stays. A missing file may be the fault of this machine.
  if (error instanceof IndexingError)
    return { code: error.code, message: detailOf(error), isFinal: error.code === 'InvalidConfiguration' };
  const message = messageOf(error);
  return { code: 'Disposed', message, isFinal: error instanceof Abandoned && message.includes('cancelled') };
}
