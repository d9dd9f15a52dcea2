/**
 * The fixed words that programs and people know an error by, as the contract has them.
 */
import { expect, test } from 'vitest';
import { detailOf, IndexingError, type IndexingErrorCode } from '../../src/base/errors.js';

const openings: Record<IndexingErrorCode, string> = {
  ThreadPanic: 'Thread 3 panicked during indexing',
  EmptyVector: 'Cannot process empty vector',
  ZeroMagnitude: 'Vector has zero magnitude',
  NonFinite: 'Vector has a non-finite component',
  InsufficientMemory: 'Insufficient memory for indexing operation',
  InvalidConfiguration: 'Invalid indexing configuration',
  MalformedFile: 'Malformed file of vectors',
  FileAccess: 'Cannot read or write',
  MissingPackage: 'A package is missing',
  Disposed: 'Already disposed',
};

test.each(Object.entries(openings))('%s begins with its words and goes on with the detail', (code, opening) => {
  const error = new IndexingError(code as IndexingErrorCode, 'this: that', { threadId: 3 });
  expect(error.message).toBe(`${opening}: this: that`);
  expect(error.code).toBe(code);
  expect(detailOf(error)).toBe('this: that');
});

test('a thread that dies in a search says so', () => {
  const error = new IndexingError('ThreadPanic', 'why', { threadId: 1, during: 'search' });
  expect(error.message).toBe('Thread 1 panicked during search: why');
  expect(error.threadId).toBe(1);
});
