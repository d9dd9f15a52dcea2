/**
 * Values of flags, as commander parses them: what does not fit is wrong usage, and says what was expected.
 */
import { InvalidArgumentError } from 'commander';

/** For a flag that may be given once. */
export function once(value: string, before: string | undefined): string {
  if (before !== undefined) throw new InvalidArgumentError('It can be given once.');
  return value;
}

/** For a flag that may be repeated: all its values, in order. */
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

export function parsePositiveInteger(text: string): number {
  const value = parseDigits(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a positive integer.');
  return value;
}

function parseDigits(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
