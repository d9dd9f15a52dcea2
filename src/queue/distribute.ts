/**
 * A run over many machines, from its plan to its merged output. All that is kept of it is in Redis and on the place that the machines share: the
 * process that started it may end, and the same call finds the run again.
 */
import { stat } from 'node:fs/promises';
import type { Job, Queue } from 'bullmq';
import { IndexingError, invalidConfiguration, refuseUnknown } from '../base/errors.js';
import { unlessStopped } from '../base/signals.js';
import { httpUrlOf } from '../formats/node/http-source.js';
import { openVectors } from '../formats/node/read-vectors.js';
import { formatOf, formatOfExtension, formatsFor, type VectorFormat } from '../formats/registry.js';
import type { Precision } from '../memory/segment-layout.js';
import type { PartOptions, SourceFile } from '../parts/part-manifest.js';
import { count, objectOf } from '../reporting/fields.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import { refusalOfUrl } from './allowed-urls.js';
import { areSame, removeParts, resultOfPart } from './done-parts.js';
import { failureOf } from './failures.js';
import { type QueueLogger, silent } from './logger.js';
import { loadQueuePackages } from './packages.js';
import { checkText, connectRedis, nameOfRedis, QUEUE, redisUrlOf } from './redis.js';
import { addJobs, failureOfRun, isHalfAdded, removeJobs } from './run-jobs.js';
import {
  checkRunName,
  createPlan,
  MOST_SHARDS,
  mergeIdOf,
  nameOfRun,
  partPathOf,
  type RunPlan,
  readPlan,
  shardRowsOf,
} from './run-plan.js';
import { type RunProgress, RunReader } from './run-progress.js';

/** Options of a distributed run: input, number of shards, and output. */
export interface DistributeOptions {
  /** `redis://HOST:PORT`, or `rediss://` with TLS; user, password and the number of a database may stand in it. */
  readonly redis: string;
  /** Paths or http(s) URLs, taken as one sequence of rows. Workers resolve relative paths in their own root. */
  readonly files: readonly string[];
  /** Pieces that the rows are cut into, at most one for each row. */
  readonly shards: number;
  /** The merged output: unit vectors, by the format of its name. Its parts lie in the folder `OUT.parts` until they are merged. */
  readonly out: string;
  /** Name of the run: letters, digits, dots, dashes and underscores. Default: follows from files, options and output. */
  readonly name?: string | undefined;
  /** Reports of all parts together, by the ends of their names: `.html`, `.csv`, `.json`. */
  readonly report?: readonly string[] | undefined;
  /** A CSV file of index, id and code of every rejected row. */
  readonly rejected?: string | undefined;
  /** Order of the components of each vector. Default `'original'`. */
  readonly order?: ComponentOrder | undefined;
  /** Treatment of a row that cannot be indexed. Default `'throw'`: the run fails. */
  readonly onInvalid?: 'throw' | 'skip' | undefined;
  /** Whether a graph is built at the merge, for a `.safetensors` output. Default false. */
  readonly graph?: boolean | undefined;
  /** Precision in which the rows of a `.safetensors` output are saved. Default `'float32'`. */
  readonly precision?: Precision | undefined;
  /** Format of files whose names do not tell it. */
  readonly format?: VectorFormat | undefined;
  /** Components of a row, for files that do not say it. */
  readonly dims?: number | undefined;
  /** The dataset, tensor, column or key that holds the vectors. */
  readonly column?: string | undefined;
  /** Whether the first line of a `.csv` file has names. */
  readonly header?: boolean | undefined;
  /** Aborted, the call rejects with its reason; the run goes on. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the progress a few times a second. */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  /** Gets messages when the connection is lost and found. Default: none. */
  readonly logger?: QueueLogger | undefined;
}

/** Result of a distributed run. */
export interface DistributeResult {
  /** The run's name. */
  readonly name: string;
  /** Number of rows, rejected ones too. */
  readonly vectors: number;
  readonly rejected: number;
  /** Milliseconds of indexing, all parts together. */
  readonly totalTimeMs: number;
  readonly shards: number;
  /** Number of shards that were done already when the run was started. */
  readonly shardsDoneBefore: number;
  /** Files written, as given. */
  readonly written: readonly string[];
}

const OPTIONS = new Set(
  Object.keys({
    redis: 0,
    files: 0,
    shards: 0,
    out: 0,
    name: 0,
    report: 0,
    rejected: 0,
    order: 0,
    onInvalid: 0,
    graph: 0,
    precision: 0,
    format: 0,
    dims: 0,
    column: 0,
    header: 0,
    signal: 0,
    onProgress: 0,
    logger: 0,
  } satisfies Record<keyof DistributeOptions, 0>),
);

const POLL_MS = 250;
/** Whether the merge is done is asked more often, which costs Redis next to nothing. */
const END_POLL_MS = 20;

/**
 * Indexes files by the workers of a queue, and resolves when the merged output is there. A run of the same name that is under way is joined;
 * of one that ended early, only what is missing is done.
 *
 * @throws {IndexingError} `InvalidConfiguration` naming the option, or for a run of this name that is another one; `MissingPackage` without
 * `bullmq` and `ioredis`; `FileAccess` where Redis cannot be reached or has forgotten the run; else what the shard that failed has met.
 *
 * @example
 * ```js no-run
 * import { distribute } from 'simdex/bullmq';
 *
 * const { vectors } = await distribute({
 *   redis: 'redis://127.0.0.1:6379',
 *   files: ['vectors.npy'],
 *   shards: 24,
 *   out: 'index.safetensors',
 * });
 * ```
 */
export async function distribute(options: DistributeOptions): Promise<DistributeResult> {
  const { redis, shards, signal, onProgress, logger = silent } = checkOptions(options);
  signal?.throwIfAborted();
  const url = redisUrlOf(redis);
  const packages = loadQueuePackages();
  const input = await lookAt(options);
  const plan = createPlan({ ...input, ...plannedOf(options), shards, cancelled: undefined });
  const connection = await connectRedis(packages, url, logger);
  const queue = new packages.Queue(QUEUE, { connection });
  const flows = new packages.FlowProducer({ connection });
  const takeError = (error: Error) => logger.warn(`queue: ${error.message.slice(0, 500)}`);
  queue.on('error', takeError);
  flows.on('error', takeError);
  try {
    const run = <T>(work: Promise<T>) => (signal ? unlessStopped(work, signal) : work);
    const before = await run(start(queue, plan, (missing) => addJobs(queue, flows, plan, missing)));
    const result = await watch({ queue, plan, before, run, onProgress, redis: nameOfRedis(url) });
    await removeParts(plan, async (path) => path);
    return result;
  } finally {
    // Commands that still wait for a connection are dropped with it.
    connection.disconnect();
    await Promise.allSettled([queue.close(), flows.close()]);
  }
}

/**
 * Stops a run, wherever it is, and forgets it. Parts that are done stay where they are. Resolves with whether there was such a run.
 *
 * @throws {IndexingError} `InvalidConfiguration` for a name that is none, `MissingPackage`, `FileAccess`.
 *
 * @example
 * ```js no-run
 * import { cancelDistribution } from 'simdex/bullmq';
 *
 * console.log(await cancelDistribution({ redis: 'redis://127.0.0.1:6379', name: 'nightly' }));
 * ```
 */
export async function cancelDistribution(options: {
  readonly redis: string;
  readonly name: string;
  readonly logger?: QueueLogger | undefined;
}): Promise<boolean> {
  refuseUnknown('options', options, new Set(['redis', 'name', 'logger']));
  const { redis, logger = silent } = options;
  const name = checkRunName(options.name);
  const url = redisUrlOf(redis);
  const packages = loadQueuePackages();
  const connection = await connectRedis(packages, url, logger);
  const queue = new packages.Queue(QUEUE, { connection });
  queue.on('error', (error: Error) => logger.warn(`queue: ${error.message.slice(0, 500)}`));
  try {
    const merge = await queue.getJob(mergeIdOf(name));
    if (!merge || (await merge.getState()) === 'completed') return false;
    await removeJobs(queue, merge, readPlan(merge.data));
    return true;
  } finally {
    connection.disconnect();
    await Promise.allSettled([queue.close()]);
  }
}

/** The name of a run: the given one, or one that follows from files, options and output. */
export function runNameOf(options: DistributeOptions): string {
  const { out, options: partOptions } = plannedOf(options);
  return options.name ?? nameOfRun({ files: options.files, out, options: partOptions });
}

function checkOptions(options: DistributeOptions): DistributeOptions {
  refuseUnknown('options', options, OPTIONS);
  const { files, shards, out, name, report, rejected, precision, graph, order, onInvalid } = options;
  if (!Array.isArray(files) || files.length === 0)
    throw invalidConfiguration('files', 'an array of paths or URLs', files);
  for (const file of files) {
    const url = httpUrlOf(checkText('files', file));
    if (file === '-') throw invalidConfiguration('files', 'files or URLs that all machines see', file);
    const reason = url && refusalOfUrl(url, []);
    if (reason !== undefined) throw new IndexingError('InvalidConfiguration', `files: ${reason}`);
  }
  if (!Number.isInteger(shards) || shards < 1 || shards > MOST_SHARDS)
    throw invalidConfiguration('shards', `1 to ${MOST_SHARDS}`, shards);
  checkText('out', out);
  if (!formatsFor({ kind: 'vectors', dims: 1 }).includes(formatOfExtension(out) ?? ''))
    throw invalidConfiguration(
      'out',
      `a name that ends in .${formatsFor({ kind: 'vectors', dims: 1 }).join(', .')}`,
      out,
    );
  if (name !== undefined) checkRunName(name);
  for (const path of [...(report ?? []), ...(rejected === undefined ? [] : [rejected])]) checkText('report', path);
  const isIndex = formatOfExtension(out) === 'safetensors';
  if ((graph === true || (precision ?? 'float32') !== 'float32') && !isIndex)
    throw invalidConfiguration('out', 'a name that ends in .safetensors, for graph and precision', out);
  if (order !== undefined && order !== 'original' && order !== 'sorted')
    throw invalidConfiguration('order', "'original' or 'sorted'", order);
  if (onInvalid !== undefined && onInvalid !== 'throw' && onInvalid !== 'skip')
    throw invalidConfiguration('onInvalid', "'throw' or 'skip'", onInvalid);
  return options;
}

function plannedOf(options: DistributeOptions): Omit<RunPlan, 'format' | 'name' | 'source' | 'rows' | 'shards'> & {
  readonly name: string | undefined;
} {
  const { name, files, out, rejected, report, graph, precision, format, dims, column, header } = options;
  const { order = 'original', onInvalid = 'throw' } = options;
  const partOptions: PartOptions = { order, onInvalid, format, dims, column, header };
  return { name, files, options: partOptions, out, rejected, report, graph, precision, cancelled: undefined };
}

/** What the files are, and how many rows they have, by their headers. */
async function lookAt(options: DistributeOptions): Promise<{ source: SourceFile[]; rows: number }> {
  const { format, dims, column, header } = options;
  const source: SourceFile[] = [];
  let rows = 0;
  for (const path of options.files) {
    const vectors = await openVectors(path, { format, dims, column, header } as Parameters<typeof openVectors>[1]);
    try {
      const { file, byteLength, version, count: here } = vectors;
      if (here === undefined || !Number.isFinite(byteLength)) {
        const { name } = formatOf(file, format);
        const remedy = 'write it as .npy first (simdex index FILE --out FILE.npy), or index it on one machine';
        throw new IndexingError(
          'MalformedFile',
          `${file}: how many rows a .${name} file has shows only at its end; ${remedy}`,
        );
      }
      source.push({ file, byteLength, version });
      rows += here;
    } finally {
      await vectors.close();
    }
  }
  return { source, rows };
}

interface DoneBefore {
  readonly shards: number;
  readonly rows: number;
  readonly rejected: number;
}

/** Joins the run that is under way, or queues its missing jobs. */
async function start(
  queue: Queue,
  plan: RunPlan,
  add: (missing: readonly { first: number; last: number }[]) => Promise<void>,
): Promise<DoneBefore> {
  const found = await queue.getJob(mergeIdOf(plan.name));
  if (found) {
    const earlier = readPlan(found.data);
    const state = await found.getState();
    const isOver = state === 'completed' || state === 'failed' || state === 'unknown' || earlier.cancelled === true;
    if (!isOver) {
      if (!isSameRun(earlier, plan))
        throw new IndexingError(
          'InvalidConfiguration',
          `a run called ${plan.name} is under way, of other files or options, or of files that were changed since; give another name, or cancel that run first`,
        );
      if (await isHalfAdded(queue, plan)) return addMissing(plan, add);
      const { processed = 0, unprocessed = 0 } = await found.getDependenciesCount({
        processed: true,
        unprocessed: true,
      });
      const spans = shardRowsOf(plan);
      const shards = Math.max(0, spans.length - processed - unprocessed);
      // Shards are of one length but for a row.
      return { shards, rows: Math.round((shards * plan.rows) / spans.length), rejected: 0 };
    }
    if (state === 'completed' && isSameRun(earlier, plan) && (await isThere(plan))) {
      return { shards: shardRowsOf(plan).length, rows: plan.rows, rejected: 0 };
    }
    await removeJobs(queue, found, earlier);
  }
  return addMissing(plan, add);
}

async function addMissing(
  plan: RunPlan,
  add: (missing: readonly { first: number; last: number }[]) => Promise<void>,
): Promise<DoneBefore> {
  const missing: { first: number; last: number }[] = [];
  const done = { shards: 0, rows: 0, rejected: 0 };
  for (const span of shardRowsOf(plan)) {
    const result = await resultOfPart(partPathOf(plan, span), plan, span);
    if (!result) missing.push(span);
    else {
      done.shards++;
      done.rows += result.rows;
      done.rejected += result.rejected;
    }
  }
  await add(missing);
  return done;
}

/** Whether all that the run writes is there, and newer than what it was made of. */
async function isThere({ out, rejected, report, source }: RunPlan): Promise<boolean> {
  const paths = [out, ...(rejected === undefined ? [] : [rejected]), ...(report ?? [])];
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  const changed = source.flatMap(({ version }) => (version === undefined ? [] : [Date.parse(version)]));
  return found.every((file) => file !== undefined && !changed.some((at) => at > file.mtimeMs));
}

function isSameRun(a: RunPlan, b: RunPlan): boolean {
  const textOf = ({ source: _, cancelled: __, ...plan }: RunPlan) => JSON.stringify(plan);
  return textOf(a) === textOf(b) && areSame(a.source, b.source);
}

interface Watched {
  readonly queue: Queue;
  readonly plan: RunPlan;
  readonly before: DoneBefore;
  readonly run: <T>(work: Promise<T>) => Promise<T>;
  readonly onProgress: ((progress: RunProgress) => void) | undefined;
  readonly redis: string;
}

async function watch({ queue, plan, before, run, onProgress, redis }: Watched): Promise<DistributeResult> {
  const reader = new RunReader(queue, plan, before);
  const id = mergeIdOf(plan.name);
  for (;;) {
    const merge = await run(queue.getJob(id));
    if (!merge) throw forgotten(plan, redis);
    if (readPlan(merge.data).cancelled) throw new IndexingError('FileAccess', `the run ${plan.name} was cancelled`);
    const state = await run(merge.getState());
    if (state === 'completed') return resultOf(await run(queue.getJob(id)), plan, before, redis);
    if (state === 'failed') {
      const { text, what } = await run(failureOfRun(queue, merge));
      // The other shards would be done for nothing. Parts that are done stay, for the next time.
      await run(removeJobs(queue, merge, plan));
      throw failureOf(text, what);
    }
    const progress = await run(reader.read(merge, state === 'active' || state === 'waiting' || state === 'delayed'));
    onProgress?.(progress);
    const next = performance.now() + POLL_MS;
    do await run(new Promise((resolve) => setTimeout(resolve, END_POLL_MS)));
    while (performance.now() < next && !(await run(merge.isCompleted())));
  }
}

const merged = objectOf({ rows: count, rejected: count });

function resultOf(merge: Job | undefined, plan: RunPlan, before: DoneBefore, redis: string): DistributeResult {
  if (!merge) throw forgotten(plan, redis);
  const { rows, rejected } = merged(merge.returnvalue, 'result of the merge');
  const { totalTimeMs } = merge.returnvalue as { totalTimeMs?: unknown };
  return {
    name: plan.name,
    vectors: rows,
    rejected,
    totalTimeMs: typeof totalTimeMs === 'number' ? totalTimeMs : 0,
    shards: shardRowsOf(plan).length,
    shardsDoneBefore: before.shards,
    written: [plan.out, ...(plan.rejected === undefined ? [] : [plan.rejected]), ...(plan.report ?? [])],
  };
}

function forgotten({ name }: RunPlan, redis: string): IndexingError {
  return new IndexingError(
    'FileAccess',
    `Redis at ${redis} does not know the run ${name} any more: it was restarted without its queue, or the run was cancelled; start it again, parts that are done are kept`,
  );
}
