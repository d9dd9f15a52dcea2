/**
 * Refuses combinations of flags that would fail later or would destroy an input. This happens before any file is opened.
 */
import { readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { RowShape } from '../formats/format.js';
import { formatsFor } from '../formats/registry.js';
import { manifestPathOf } from '../parts/part-manifest.js';
import { UsageError } from './exit.js';
import { reportEndings, reportWriterFor, savesIndex } from './output-names.js';
import type { OutputFlags } from './outputs.js';
import { checkReadFlags, type ReadFlags } from './read-flags.js';

/** @throws {UsageError} naming the flag */
export async function checkFlags(files: readonly string[], flags: ReadFlags & OutputFlags): Promise<void> {
  const outputs = outputsOf(flags);
  checkReadFlags(files, flags);
  checkOutputFlags(flags);
  await checkParts(flags);
  await checkDistinct(files, outputs);
}

/** @throws {UsageError} naming the flag whose file has no name that fits, or that does not fit the others */
export function checkOutputFlags(flags: OutputFlags): void {
  for (const { flag, path } of outputsOf(flags))
    if (path === '') throw new UsageError(`${flag}: the name of the file is empty`);
  const { out, magnitudes, report, graph, precision, order } = flags;
  if (graph && (out === undefined || !savesIndex(out))) {
    throw new UsageError('--graph needs --out with a name that ends in .safetensors');
  }
  if (graph && order === 'sorted')
    throw new UsageError('--graph: sorted rows are no vectors to search; leave out --order sorted');
  if (precision !== undefined && precision !== 'float32') {
    if (out === undefined || !savesIndex(out)) {
      throw new UsageError(`--precision ${precision} needs --out with a name that ends in .safetensors`);
    }
    if (order === 'sorted')
      throw new UsageError('--precision: sorted rows are no vectors to search; leave out --order sorted');
  }
  if (out !== undefined) checkOutputName('--out', out, { kind: 'vectors', dims: 1 });
  if (magnitudes !== undefined) checkOutputName('--magnitudes', magnitudes, { kind: 'column' });
  for (const path of report ?? []) {
    if (!reportWriterFor(path)) {
      throw new UsageError(`--report ${path}: expected a name that ends in ${reportEndings.join(' or ')}`);
    }
  }
}

/** A part has a file beside it, and is whole when both are there: it must be a file itself. */
async function checkParts({ rows, out, magnitudes, graph, precision }: OutputFlags): Promise<void> {
  if (!rows) return;
  if (graph)
    throw new UsageError(
      '--graph: the graph of a whole is built when its parts are merged; leave out --rows or --graph',
    );
  if (precision !== undefined && precision !== 'float32') {
    throw new UsageError(`--precision ${precision}: parts are float32; leave it out here, and give it to simdex merge`);
  }
  for (const [flag, path] of [['--out', out] as const, ['--magnitudes', magnitudes] as const]) {
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (found && !found.isFile()) throw new UsageError(`${flag} ${path} is no regular file, which a part has to be`);
  }
}

interface Output {
  readonly flag: string;
  readonly path: string;
}

export function outputsOf({ out, magnitudes, rejected, report = [], rows }: OutputFlags): Output[] {
  const given: [string, string | undefined][] = [
    ['--out', out],
    ['--magnitudes', magnitudes],
    ['--rejected', rejected],
    ...(rows ? [out, magnitudes] : []).flatMap((part): [string, string][] =>
      part === undefined || part === '' ? [] : [['--rows', manifestPathOf(part)]],
    ),
    ...report.map((path): [string, string] => ['--report', path]),
  ];
  return given.flatMap(([flag, path]) => (path === undefined ? [] : [{ flag, path }]));
}

function checkOutputName(flag: string, path: string, shape: RowShape): void {
  const fitting = formatsFor(shape);
  if (fitting.includes(extensionOf(path))) return;
  throw new UsageError(`${flag} ${path}: expected a name that ends in .${fitting.join(' or .')}`);
}

/** In lower case, without the dot; of a name that is nothing else, too. */
function extensionOf(path: string): string {
  return extname(`x${basename(path)}`)
    .slice(1)
    .toLowerCase();
}

/**
 * An output replaces its file when all is done: it must be neither another output nor an input, by whatever name.
 * @throws {UsageError} naming the flag
 */
export async function checkDistinct(files: readonly string[], outputs: readonly Output[]): Promise<void> {
  const inputs = new Set(await Promise.all(files.map(identityOf)));
  const seen = new Set<string>();
  for (const { flag, path } of outputs) {
    const identity = await identityOf(path);
    if (inputs.has(identity)) throw new UsageError(`${flag} ${path} is also an input; name another file`);
    if (seen.has(identity)) throw new UsageError(`${path} is given for two outputs; each needs a file of its own`);
    seen.add(identity);
  }
}

/** The same for all names of a file. One that is not there yet is known by its directory. */
async function identityOf(path: string): Promise<string> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return targetOf(path, MOST_LINKS);
  }
}

/** As many as systems follow. */
const MOST_LINKS = 40;

/** Where a chain of links leads, though nothing is there yet. */
async function targetOf(path: string, links: number): Promise<string> {
  const directory = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
  const target = links > 0 ? await readlink(path).catch(() => undefined) : undefined;
  return target === undefined ? join(directory, basename(path)) : targetOf(resolve(directory, target), links - 1);
}
