/**
 * Whether parts make up a whole: all of the same input and options, every row in one of them and none in two.
 */
import { IndexingError } from '../base/errors.js';
import type { PartManifest, PartOptions, SourceFile } from './part-manifest.js';

/** A part that is there. */
export interface NamedPart {
  readonly file: string;
  readonly manifest: Omit<PartManifest, 'rejections' | 'statistics'>;
}

/**
 * The parts in order of their rows.
 *
 * @throws {IndexingError} `InvalidConfiguration` naming the part that does not belong to the others, or the rows that are missing or there twice.
 */
export function orderParts<Part extends NamedPart>(parts: readonly Part[]): Part[] {
  const [reference, ...others] = parts;
  if (!reference) throw refusal('there are no parts');
  for (const part of others) checkBelongs(part, reference);
  const ordered = [...parts].sort(
    ({ manifest: { rows: a } }, { manifest: { rows: b } }) => a.first - b.first || a.last - b.last,
  );
  const total = totalOf(ordered);
  let covered = 0;
  let before: Part | undefined;
  for (const part of ordered) {
    const { first, last } = part.manifest.rows;
    if (first < covered && last > first)
      throw refusal(
        `rows ${first} to ${Math.min(covered, last) - 1} are in two parts, ${before!.file} and ${part.file}; leave one of them out`,
      );
    if (first > covered) throw missing(covered, first, part.file);
    if (last > covered) before = part;
    covered = Math.max(covered, last);
  }
  if (total === undefined)
    throw refusal(
      `rows from ${covered} on are in no part, or nobody knows that there are none: index them with --rows ${covered}..`,
    );
  if (covered < total) throw missing(covered, total, undefined);
  return ordered;
}

function totalOf(parts: readonly NamedPart[]): number | undefined {
  let known: { total: number; file: string } | undefined;
  for (const { file, manifest } of parts) {
    const { total } = manifest.rows;
    if (total === undefined) continue;
    if (known && known.total !== total)
      throw refusal(
        `${file} is of an input of ${total} rows and ${known.file} of one of ${known.total}; they do not belong together`,
      );
    known = { total, file };
  }
  return known?.total;
}

function missing(first: number, end: number, next: string | undefined): IndexingError {
  const rows = end - first === 1 ? `row ${first} is` : `rows ${first} to ${end - 1} are`;
  const where = next === undefined ? '' : ` (the next part is ${next})`;
  return refusal(`${rows} in no part${where}; index what is missing with --rows ${first}..${end}`);
}

function checkBelongs(part: NamedPart, reference: NamedPart): void {
  const differ = (what: string, found: string, expected: string) =>
    refusal(
      `${part.file} and ${reference.file} do not belong together: ${what} is ${found} in the first and ${expected} in the second`,
    );
  const [a, b] = [part.manifest, reference.manifest];
  if (a.source.length !== b.source.length)
    throw differ('the number of files', String(a.source.length), String(b.source.length));
  for (const [i, file] of a.source.entries()) {
    const other = b.source[i]!;
    if (nameOf(file.file) !== nameOf(other.file))
      throw differ(`file ${i + 1} of the input`, JSON.stringify(file.file), JSON.stringify(other.file));
    for (const field of ['byteLength', 'version'] as const) {
      if (file[field] !== other[field])
        throw differ(`the ${WHAT[field]} of ${file.file}`, String(file[field]), String(other[field]));
    }
  }
  for (const name of OPTIONS) {
    if (a.options[name] !== b.options[name])
      throw differ(
        `--${FLAGS[name] ?? name}`,
        String(a.options[name] ?? 'not given'),
        String(b.options[name] ?? 'not given'),
      );
  }
  if (a.output.kind !== b.output.kind) throw differ('what it holds', a.output.kind, b.output.kind);
}

const WHAT: Readonly<Record<Exclude<keyof SourceFile, 'file'>, string>> = {
  byteLength: 'size in bytes',
  version: 'time of the last change, or ETag,',
};

const OPTIONS = ['order', 'onInvalid', 'format', 'dims', 'column', 'header'] as const satisfies (keyof PartOptions)[];
const FLAGS: Partial<Record<keyof PartOptions, string>> = { onInvalid: 'on-invalid' };

/** Machines may have the same files in different folders. */
function nameOf(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
}

function refusal(sentence: string): IndexingError {
  return new IndexingError('InvalidConfiguration', sentence);
}
