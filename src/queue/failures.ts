/**
 * Failures as the queue keeps them: one text, of which the code of the error can be read again.
 */
import { IndexingError } from '../base/errors.js';

/** The text of a failure. A worker tells it to the queue, and a run reads it. */
export function failureText({ code, message }: { readonly code: string; readonly message: string }): string {
  return `${code}: ${message}`;
}

const CODES = new Set<string>(
  Object.keys({
    ThreadPanic: 0,
    EmptyVector: 0,
    ZeroMagnitude: 0,
    NonFinite: 0,
    InsufficientMemory: 0,
    InvalidConfiguration: 0,
    MalformedFile: 0,
    FileAccess: 0,
    MissingPackage: 0,
    Disposed: 0,
  } satisfies Record<IndexingError['code'], 0>),
);

/** The error that a failure's text is of. */
export function failureOf(text: string, where: string): IndexingError {
  const [, code, sentence] = /^(\w+): ([\s\S]*)$/.exec(text) ?? [];
  const isKnown = code !== undefined && CODES.has(code);
  // A refusal or a lack of the worker is no fault of an option here.
  const isElsewhere = code === 'InvalidConfiguration' || code === 'MissingPackage';
  const detail = `${where}: ${(isKnown ? sentence! : text).slice(0, 1000)}`;
  return new IndexingError(isKnown && !isElsewhere ? (code as IndexingError['code']) : 'FileAccess', detail);
}
