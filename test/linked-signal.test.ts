import { expect, test } from 'vitest';
import { linkSignals } from '../src/linked-signal.js';

test('the first source to abort gives its reason', () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const { signal } = linkSignals(a.signal, undefined, b.signal);
  expect(signal.aborted).toBe(false);
  b.abort('b');
  a.abort('a');
  expect(signal.reason).toBe('b');
});

test('a source that is aborted already aborts at once', () => {
  expect(linkSignals(undefined, AbortSignal.abort('before')).signal.reason).toBe('before');
});

test('after unlink the sources are let go', () => {
  const controller = new AbortController();
  const { signal, unlink } = linkSignals(controller.signal);
  unlink();
  controller.abort();
  expect(signal.aborted).toBe(false);
});
