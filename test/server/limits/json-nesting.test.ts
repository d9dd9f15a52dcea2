/**
 * The look at JSON before it is parsed, against what parsing finds.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RequestError } from '../../../src/server/errors.js';
import { checkNesting, MOST_LEVELS } from '../../../src/server/limits/json-body.js';

const bytes = (text: string) => Buffer.from(text);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('whatever is valid and nests at most so deep passes, and nothing deeper', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[[\]{}"\\ ]{0,80}$/));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 80, depthSize: 'max' }, text, fc.integer(), tie('list'), tie('object')),
    list: fc.array(tie('tree'), { maxLength: 3 }),
    object: fc.dictionary(text, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  }));
  const wrapped = fc.tuple(tree, fc.integer({ min: 0, max: 70 })).map(([value, levels]) => {
    let all: unknown = value;
    for (let level = 0; level < levels; level++) all = level % 2 === 0 ? [all] : { '}"[': all };
    return all;
  });
  fc.assert(
    fc.property(wrapped, fc.boolean(), (value, isSpaced) => {
      const json = bytes(JSON.stringify(value, undefined, isSpaced ? 40 : 0));
      if (depthOf(value) <= MOST_LEVELS) checkNesting(json);
      else expect(() => checkNesting(json)).toThrow(`nests deeper than ${MOST_LEVELS} levels`);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['open lists without end', '['.repeat(10_000_000)],
  ['open objects', '{"a":'.repeat(1_000_000)],
  ['closed lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['far apart', `[${'1,'.repeat(100)}`.repeat(100)],
])('%s: 400', (_, text) => {
  expect(() => checkNesting(bytes(text))).toThrow(RequestError);
  expect(() => checkNesting(bytes(text))).toThrow(/nests deeper than 64 levels/);
});

test('millions of empty objects are too many for their body', () => {
  expect(() => checkNesting(bytes(`[${'{},'.repeat(2_000_000)}0]`))).toThrow(/2000001 objects and lists, too many/);
});

test('brackets in texts count nothing, whatever escapes there are', () => {
  for (const content of [
    '[',
    '\\"[',
    '\\\\',
    'x'.repeat(40),
    `${'x'.repeat(40)}\\"${'['.repeat(40)}`,
    '\\\\'.repeat(33),
  ]) {
    checkNesting(bytes(`{"a":"${content.repeat(100)}","b":[1]}`));
    const deep = `{"a":"${content.repeat(3)}","b":${'['.repeat(64)}`;
    expect(() => checkNesting(bytes(deep))).toThrow(/nests deeper/);
  }
});

test('a body that ends within a text, or within an escape, is looked at to its end', () => {
  for (const text of ['"', '"\\', '["\\"', `"${'x'.repeat(31)}\\`, `"${'x'.repeat(32)}\\`, `"${'x'.repeat(50)}\\"`])
    checkNesting(bytes(text));
});
