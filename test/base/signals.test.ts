import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { linkSignals, linkToOwner, onAbort } from '../../src/base/signals.js';

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

test('a source has one listener for all that follow it, and none after the last', () => {
  const { signal } = new AbortController();
  const listeners = () => getEventListeners(signal, 'abort').length;
  const links = Array.from({ length: 20 }, () => linkSignals(signal));
  expect(listeners()).toBe(1);
  for (const { unlink } of links) unlink();
  for (const { unlink } of links) unlink();
  expect(listeners()).toBe(0);
  linkSignals(signal);
  expect(listeners()).toBe(1);
});

test('all that follow one source abort with its reason, but not those that let go', () => {
  const controller = new AbortController();
  const links = [1, 2, 3].map(() => linkSignals(controller.signal));
  links[1]!.unlink();
  controller.abort('stop');
  expect(links.map(({ signal }) => signal.reason)).toEqual(['stop', undefined, 'stop']);
});

test('without a signal of its own a task has that of its owner', () => {
  const owner = new AbortController();
  expect(linkToOwner(owner.signal, undefined).signal).toBe(owner.signal);
  const given = new AbortController();
  const links = [1, 2].map(() => linkToOwner(owner.signal, given.signal));
  links[1]!.unlink();
  given.abort('given');
  owner.abort('owner');
  expect(links.map(({ signal }) => signal.reason)).toEqual(['given', undefined]);
});

test('whoever follows a signal is called once it is aborted, unless it let go', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const called: string[] = [];
  onAbort(signal, () => called.push('a'));
  const letGo = onAbort(signal, () => called.push('b'));
  expect(getEventListeners(signal, 'abort').length).toBe(1);
  letGo();
  letGo();
  controller.abort();
  expect(called).toEqual(['a']);
});
