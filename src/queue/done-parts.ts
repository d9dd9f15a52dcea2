/**
 * Which shards are done already: their part is there, whole, with a manifest that says that it is of this run. So a run that is started again
 * does only what is missing.
 */
import { readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { IndexingError } from '../base/errors.js';
import { targetOfTemporary } from '../formats/node/atomic-file.js';
import { hasErrorCode } from '../formats/node/file-error.js';
import { manifestPathOf, type PartManifest, readManifest, type SourceFile } from '../parts/part-manifest.js';
import { partPathOf, partsFolderOf, type RunPlan, shardRowsOf } from './run-plan.js';
import type { UnitResult } from './unit-messages.js';

interface Span {
  readonly first: number;
  readonly last: number;
}

/** What making the part gave; undefined where it is not there, or is not of this run. */
export async function resultOfPart(part: string, plan: RunPlan, span: Span): Promise<UnitResult | undefined> {
  const manifest = await manifestOf(part);
  if (!manifest || !isOf(manifest, plan, span)) return undefined;
  const found = await stat(part).catch(() => undefined);
  if (found?.size !== manifest.output.byteLength) return undefined;
  const { rejectedCount, totalTimeMs } = manifest.statistics;
  return { rows: span.last - span.first, rejected: rejectedCount, totalTimeMs };
}

async function manifestOf(part: string): Promise<PartManifest | undefined> {
  const path = manifestPathOf(part);
  try {
    return readManifest(await readFile(path, 'utf8'), path);
  } catch (error) {
    // A part that is missing or incomplete is made again.
    if (error instanceof IndexingError || hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ENOTDIR'))
      return undefined;
    throw error;
  }
}

function isOf({ rows, source, options }: PartManifest, plan: RunPlan, { first, last }: Span): boolean {
  if (rows.first !== first || rows.last !== last) return false;
  const isSame = (a: PartManifest['options'], b: PartManifest['options']) =>
    (['order', 'onInvalid', 'format', 'dims', 'column', 'header'] as const).every((name) => a[name] === b[name]);
  return isSame(options, plan.options) && areSame(source, plan.source);
}

/** Whether files are the same as they were; machines may have them in different folders. */
export function areSame(a: readonly SourceFile[], b: readonly SourceFile[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ byteLength, version }, i) => byteLength === b[i]!.byteLength && version === b[i]!.version)
  );
}

/**
 * Removes the parts of a run that was merged, and the unfinished files of machines that died while they wrote a part. Then removes the
 * folder, unless something else is in it.
 *
 * @param placeOf gives the real path; undefined for what is not there
 */
export async function removeParts(
  plan: RunPlan,
  placeOf: (path: string) => Promise<string | undefined>,
): Promise<void> {
  const parts = shardRowsOf(plan).map((span) => partPathOf(plan, span));
  // The place of a file in the folder is checked through links; the place of the folder itself may be a link.
  const [inside, folder] = [await placeOf(parts[0]!), await placeOf(partsFolderOf(plan))];
  const names = new Set(parts.flatMap((part) => [part, manifestPathOf(part)]).map((path) => posix.basename(path)));
  if (inside === undefined || folder === undefined) return;
  for (const name of await readdir(dirname(inside)).catch(nothingThere))
    if (names.has(targetOfTemporary(name) ?? name)) await rm(join(dirname(inside), name), { force: true });
  await rmdir(folder).catch((error: unknown) => {
    const isKept = ['ENOTEMPTY', 'EEXIST', 'ENOENT'].some((code) => hasErrorCode(error, code));
    if (!isKept) throw error;
  });
}

function nothingThere(error: unknown): string[] {
  if (hasErrorCode(error, 'ENOENT')) return [];
  throw error;
}
