/**
 * Parses the values of flags for commander. A wrong value is wrong usage, and the message says what was expected.
 */
import { InvalidArgumentError, Option } from 'commander';

/** Parses a flag that may be given once. */
export function givenOnce(value: string, before: string | undefined): string {
  if (before !== undefined) throw new InvalidArgumentError('It can be given once.');
  return value;
}

/** Parses a flag that may be repeated: all its values, in order. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

export function parseThreads(text: string): number | 'auto' {
  if (text === 'auto') return 'auto';
  const threads = parseDigits(text);
  if (!(threads >= 1 && threads <= 256)) throw new InvalidArgumentError('Expected 1 to 256, or auto.');
  return threads;
}

export function parseYesOrNo(text: string): boolean {
  if (text !== 'yes' && text !== 'no') throw new InvalidArgumentError('Expected yes or no.');
  return text === 'yes';
}

/** `A..B`: rows A (included) to B (excluded), counted from 0; `A..`: to the end. */
export function parseRows(text: string): { readonly first: number; readonly last: number | undefined } {
  const [, from, to] = /^(\d+)\.\.(\d*)$/.exec(text) ?? [];
  const first = Number(from);
  const last = to === '' ? undefined : Number(to);
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last ?? 0))
    throw new InvalidArgumentError('Expected A..B, rows A to B - 1 counted from 0, or A.. to the end.');
  if (last !== undefined && last < first) throw new InvalidArgumentError('The second number is below the first.');
  return { first, last };
}

export function parsePositiveInteger(text: string): number {
  const value = parseDigits(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a positive integer.');
  return value;
}

function parseDigits(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** For the commands that write an index. */
export function precisionOption(): Option {
  return new Option(
    '--precision <precision>',
    'how the rows of an index are saved: float32 (the default), float16 (half the bytes) or int8 (a quarter) (.safetensors)',
  ).choices(['float32', 'float16', 'int8']);
}
