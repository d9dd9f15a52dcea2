/**
 * The flags that say how a file is read, the same for all commands that read one.
 */
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { publicNameOf } from '../formats/node/http-source.js';
import { STANDARD_INPUT } from '../formats/node/pipe-source.js';
import { formatOf, formatOfExtension, type VectorFormat, vectorFormats } from '../formats/registry.js';
import { UsageError } from './exit.js';
import { givenOnce, parsePositiveInteger, parseYesOrNo } from './flag-values.js';

export interface ReadFlags {
  readonly format?: VectorFormat;
  readonly dims?: number;
  readonly column?: string;
  readonly header?: boolean;
}

/** @param files name of the files in the help */
export function addReadOptions(command: Command, files: string): Command {
  return command
    .addOption(
      new Option('--format <name>', `format of ${files}, where the name of the file does not say it`).choices(
        vectorFormats,
      ),
    )
    .option('--dims <n>', 'components of a row, for files that do not say how many', parsePositiveInteger)
    .option(
      '--column <name>',
      'what holds the vectors: a dataset (model/embeddings), array, tensor, column, or key of JSON',
      givenOnce,
    )
    .option(
      '--header <yes|no>',
      'whether the first line of .csv files is a header; decided from the line by default',
      parseYesOrNo,
    );
}

/** @throws {UsageError} where the files have no known format, a flag does not fit them, or standard input is wanted twice */
export function checkReadFlags(paths: readonly string[], flags: ReadFlags): void {
  for (const path of paths) {
    if (path === '') throw new UsageError('the name of an input file is empty');
    if (flags.format === undefined && formatOfExtension(basename(publicNameOf(path))) === undefined)
      throw new UsageError(
        `${publicNameOf(path)}: its name does not say a format; give it with --format (${vectorFormats.join(', ')})`,
      );
    checkFormatFlags(path, flags);
  }
  if (paths.filter((path) => path === STANDARD_INPUT).length > 1)
    throw new UsageError('standard input (-) can be read once');
}

/** A flag that a file's format has no use for is a mistake. */
function checkFormatFlags(path: string, { format: given, column, header }: ReadFlags): void {
  const file = publicNameOf(path);
  const { name, format } = formatOf(file, given);
  if (column !== undefined && !format.hasColumns)
    throw new UsageError(`--column ${column}: .${name} (${file}) has none`);
  if (header !== undefined && !format.hasHeader) throw new UsageError(`--header: .${name} (${file}) has none`);
}

/** Options of `readVectors`. */
export function readOptionsOf({ format, dims, column, header }: ReadFlags): ReadFlags {
  return {
    ...(format && { format }),
    ...(dims !== undefined && { dims }),
    ...(column !== undefined && { column }),
    ...(header !== undefined && { header }),
  };
}
