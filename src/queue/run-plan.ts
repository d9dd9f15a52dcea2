/**
 * A run: what its shards and its merge are, as it stands in Redis. Whoever can write to Redis can write anything there, so what is read is
 * checked field by field, and nothing else may stand there.
 *
 * A run is the merge job, which has the plan, and one job for each shard, which has only the rows. Ids follow from the run's name, so nothing
 * is queued twice. Paths of parts follow from the plan.
 */
import { createHash } from 'node:crypto';
import { IndexingError, invalidConfiguration } from '../base/errors.js';
import { partOptions, sourceFile } from '../parts/part-manifest.js';
import {
  count,
  type Field,
  listOf,
  objectOf,
  oneOf,
  optional,
  text,
  trueOrFalse,
  type ValueOf,
} from '../reporting/fields.js';

const FORMAT = 'simdex-run/1';

const runPlan = objectOf({
  format: oneOf([FORMAT]),
  name: text,
  /** Paths of the files as given. They are resolved where they are read. */
  files: listOf<string>(text),
  /** Facts about the files when the run was planned. */
  source: listOf(sourceFile),
  /** Number of rows of all files together. */
  rows: count,
  shards: count,
  options: partOptions,
  out: text,
  rejected: optional(text),
  report: optional(listOf<string>(text)),
  graph: optional(trueOrFalse),
  precision: optional(oneOf(['float32', 'float16', 'int8'])),
  /** Set when the run is to stop. */
  cancelled: optional(trueOrFalse),
});
export interface RunPlan extends ValueOf<typeof runPlan> {}

const shardRows = objectOf({ run: text, first: count, last: count });
/** Rows `first` (included) to `last` (excluded) of the input of a run, by the id of its merge job. */
export interface ShardRows extends ValueOf<typeof shardRows> {}

/** Jobs are of two kinds. */
export const SHARD = 'shard';
export const MERGE = 'merge';

/** @throws {IndexingError} `InvalidConfiguration` */
export function checkRunName(name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return name;
  throw invalidConfiguration('name', 'up to 100 letters, digits, dots, dashes and underscores, not a dash first', name);
}

export function createPlan(plan: Omit<RunPlan, 'format' | 'name'> & { readonly name?: string | undefined }): RunPlan {
  const { name, ...facts } = plan;
  const whole = { format: FORMAT, name: name === undefined ? nameOfRun(facts) : checkRunName(name), ...facts };
  // As it will be read from the queue, so that the two can be compared.
  return readPlan(JSON.parse(JSON.stringify(whole)));
}

/** What a run is called that was given no name: the same for the same files, options and output. */
export function nameOfRun({ files, options, out }: Pick<RunPlan, 'files' | 'options' | 'out'>): string {
  const mark = createHash('sha256')
    .update(JSON.stringify([files, options, out]))
    .digest('hex')
    .slice(0, 8);
  const base = out.slice(Math.max(out.lastIndexOf('/'), out.lastIndexOf('\\')) + 1);
  return `run-${base.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 60)}-${mark}`;
}

export function mergeIdOf(name: string): string {
  return `${name}.merge`;
}

export function shardIdOf(name: string, { first, last }: { readonly first: number; readonly last: number }): string {
  return `${name}.${first}-${last}`;
}

/** The spans of all shards, in order: as equal as they can be, and none empty unless all are. */
export function shardRowsOf({ rows, shards }: Pick<RunPlan, 'rows' | 'shards'>): { first: number; last: number }[] {
  const spans = Math.max(1, Math.min(rows, shards));
  return Array.from({ length: spans }, (_, i) => ({ first: cut(i), last: cut(i + 1) }));

  function cut(i: number): number {
    // Whole and exact: i × rows may be above 2^53.
    return Number((BigInt(i) * BigInt(rows)) / BigInt(spans));
  }
}

export function partsFolderOf({ out }: Pick<RunPlan, 'out'>): string {
  return `${out}.parts`;
}

/** The part that a shard writes. */
export function partPathOf(plan: Pick<RunPlan, 'out'>, { first, last }: { first: number; last: number }): string {
  const extension = /\.[A-Za-z0-9]+$/.exec(plan.out)?.[0] ?? '';
  return `${partsFolderOf(plan)}/${first}-${last}${extension}`;
}

/** @throws {IndexingError} `InvalidConfiguration` naming the field */
export function readPlan(data: unknown): RunPlan {
  const plan = only(runPlan, data, 'job.data', PLAN_FIELDS);
  checkRunName(plan.name);
  if (plan.files.length === 0 || plan.source.length !== plan.files.length)
    throw invalidConfiguration('job.data.source', 'one for each file', plan.source.length);
  if (plan.shards < 1 || plan.shards > MOST_SHARDS)
    throw invalidConfiguration('job.data.shards', `1 to ${MOST_SHARDS}`, plan.shards);
  return plan;
}

/** @throws {IndexingError} `InvalidConfiguration` naming the field */
export function readShard(data: unknown): ShardRows {
  const shard = only(shardRows, data, 'job.data', new Set(['run', 'first', 'last']));
  if (shard.first > shard.last) throw invalidConfiguration('job.data', 'first ≤ last', [shard.first, shard.last]);
  return shard;
}

/** A flow is one transaction of Redis. */
export const MOST_SHARDS = 100_000;

const PLAN_FIELDS = new Set(
  Object.keys({
    format: 0,
    name: 0,
    files: 0,
    source: 0,
    rows: 0,
    shards: 0,
    options: 0,
    out: 0,
    rejected: 0,
    report: 0,
    graph: 0,
    precision: 0,
    cancelled: 0,
  } satisfies Record<keyof RunPlan, 0>),
);

function only<T>(field: Field<T>, value: unknown, path: string, names: ReadonlySet<string>): T {
  const read = field(value, path);
  for (const name of Object.keys(value as object))
    if (!names.has(name)) throw new IndexingError('InvalidConfiguration', `${path} has a field that is not known here`);
  return read;
}
