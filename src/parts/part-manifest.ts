/**
 * What is known of a part: a file of some rows of a larger input, made by `simdex index --rows`. It stands beside the part, as JSON, and says
 * what a merge must know to put parts together: of which files and options they are, which rows they hold, what was rejected and measured.
 */
import { IndexingError, invalidConfiguration } from '../base/errors.js';
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
import { orderNames, runSubject } from '../reporting/report-data.js';
import { isVectorId, type VectorId } from '../vectors/vector-id.js';
import { partStatistics } from './part-statistics.js';

/** The file beside a part that says what it is. */
export function manifestPathOf(part: string): string {
  return `${part}.part.json`;
}

const FORMAT_FAMILY = 'simdex-part/';
const FORMAT = `${FORMAT_FAMILY}1`;

export const sourceFile = objectOf({
  /** Its path as given, or its URL without what is secret in it. */
  file: text,
  /** undefined of a pipe. */
  byteLength: optional(count),
  /** Its ETag, or the time of its last change; undefined where nobody tells. */
  version: optional(text),
});
export interface SourceFile extends ValueOf<typeof sourceFile> {}

export const partOptions = objectOf({
  order: oneOf(orderNames),
  onInvalid: oneOf(['throw', 'skip']),
  format: optional(text),
  dims: optional(count),
  column: optional(text),
  header: optional(trueOrFalse),
});
/** The options that decide what is in the part. */
export interface PartOptions extends ValueOf<typeof partOptions> {}

const partKinds = ['vectors', 'index', 'magnitudes'] as const;

const partOutput = objectOf({
  /** Rows alone, an index, or one magnitude for each row. */
  kind: oneOf(partKinds),
  byteLength: count,
  /** Components of a row; undefined where they differ or no row came. */
  dims: optional(count),
  /** Whether the rows have ids of their own, not only their numbers. */
  hasIds: trueOrFalse,
});
export interface PartOutput extends ValueOf<typeof partOutput> {}

const id: Field<VectorId> = (value, path) => {
  if (isVectorId(value)) return value;
  throw invalidConfiguration(path, 'a whole number or a string', value);
};

const rejectionCodes = ['EmptyVector', 'ZeroMagnitude', 'NonFinite'] as const;

const rejection = objectOf({ index: count, id, code: oneOf(rejectionCodes) });
/** A row that was left out: its number among all rows of the input. */
export interface PartRejection extends ValueOf<typeof rejection> {}

const manifestFields = objectOf({
  source: listOf<SourceFile>(sourceFile),
  rows: objectOf({
    first: count,
    last: count,
    /** Rows of the whole input; undefined where nobody has read it to its end. */
    total: optional(count),
  }),
  options: partOptions,
  output: partOutput,
  subject: runSubject,
  statistics: partStatistics,
  rejections: listOf<PartRejection>(rejection),
});
export interface PartManifest extends ValueOf<typeof manifestFields> {}

/** What is written before the first rejection; rejections follow, by `rejectionText`, with commas between them. */
export const manifestHead: string = `{"format":${JSON.stringify(FORMAT)},\n"rejections":[`;

export function rejectionText(rejected: PartRejection): string {
  return JSON.stringify(rejected);
}

/** What is written after the last rejection. */
export function manifestTail(manifest: Omit<PartManifest, 'rejections'>): string {
  return `],\n${JSON.stringify(manifest).slice(1)}\n`;
}

/** @throws {IndexingError} `MalformedFile` naming `file` and what is wrong in it. */
export function readManifest(json: string, file: string): PartManifest {
  try {
    const parsed: unknown = JSON.parse(json);
    const format = typeof parsed === 'object' && parsed !== null && 'format' in parsed ? parsed.format : undefined;
    if (format !== FORMAT) throw new Error(describeFormat(format));
    const manifest = manifestFields(parsed, 'part');
    checkRows(manifest.rows);
    checkRejections(manifest);
    return manifest;
  } catch (cause) {
    throw new IndexingError('MalformedFile', `${file}: ${(cause as Error).message}`, { cause });
  }
}

function describeFormat(format: unknown): string {
  if (typeof format === 'string' && format.startsWith(FORMAT_FAMILY))
    return `it was made by a newer version of simdex (${format.slice(0, 40)}); this one reads ${FORMAT}`;
  return `it is no manifest of a part (expected "format": "${FORMAT}")`;
}

function checkRows({ first, last, total = last }: PartManifest['rows']): void {
  if (first > last || last > total)
    throw invalidConfiguration('part.rows', 'first ≤ last ≤ total', [first, last, total]);
}

/** In order of their rows, and as many as were counted. */
function checkRejections({ rows, rejections, statistics }: PartManifest): void {
  let next = rows.first;
  for (const [i, { index }] of rejections.entries()) {
    if (index < next || index >= rows.last)
      throw invalidConfiguration(`part.rejections[${i}].index`, `a row from ${next} to ${rows.last - 1}`, index);
    next = index + 1;
  }
  if (rejections.length === statistics.rejectedCount) return;
  throw invalidConfiguration('part.statistics.rejectedCount', String(rejections.length), statistics.rejectedCount);
}
