import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemorySource } from '../../src/formats/byte-sources.js';
import type { ByteSource } from '../../src/formats/format.js';
import { jsonl } from '../../src/formats/json-lines.js';
import { MAX_LINE_BYTES } from '../../src/formats/lines.js';
import { collectRows, expectRefusal } from './support.js';

/** A source of 1 GiB that holds no line feed and takes no memory. */
function endlessLine(largest: { bytes: number }): ByteSource {
  return {
    name: 'endless.jsonl',
    byteLength: 2 ** 30,
    async readInto(target) {
      largest.bytes = Math.max(largest.bytes, target.buffer.byteLength);
      target.fill(0x20);
    },
  };
}

test('a line of 1 GB is refused at the bound, with no more memory than that', async () => {
  const largest = { bytes: 0 };
  const rows = await jsonl.open(endlessLine(largest), {});
  await expectRefusal(
    () => collectRows(rows.chunks()),
    /endless\.jsonl, byte 0: expected lines of at most 67108864 bytes, found a longer one/,
  );
  expect(largest.bytes).toBeLessThanOrEqual(MAX_LINE_BYTES + 1);
});

test('any line is read as JSON.parse reads it, or refused with its number', async () => {
  const vector = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 5 });
  const id = fc.oneof(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger());
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(vector, id, fc.json()), { minLength: 1, maxLength: 20 }), async (given) => {
      const lines = given.map(([components, name, extra], row) =>
        row % 2
          ? `{"meta":${extra},"id":${JSON.stringify(name)},"vector":${JSON.stringify(components)}}`
          : `{ "vector" : [${components.join(' , ')}] , "id" : ${JSON.stringify(name)}, "z": ${extra} }`,
      );
      const rows = await jsonl.open(createMemorySource(new TextEncoder().encode(lines.join('\r\n')), 'x'), {});
      const found = await collectRows(rows.chunks());
      const parsed = lines.map((line) => JSON.parse(line) as { id: unknown; vector: number[] });
      expect(found.ids).toEqual(parsed.map((each) => each.id));
      expect(found.rows).toEqual(parsed.map((each) => each.vector.map(Math.fround)));
    }),
  );
});

test.each([
  ['[1,nan]', /x, line 2 \(byte 7\): expected a number, found "nan\]"/],
  ['{"id":1}', /line 2 .*expected the key "vector", found an object without it/],
  ['{"vector":[1],"vector":[2]}', /expected the key "vector" once/],
  ['{"id":1.5,"vector":[1]}', /expected an id that is a string or an integer/],
  ['{"id":9007199254740992,"vector":[1]}', /expected an id/],
  [
    `{"a":${'['.repeat(100_000)},"vector":[1]}`,
    /expected a JSON value that (ends in this line|nests at most 1000 deep)/,
  ],
  ['[1] 2', /expected the end of the line, found "2"/],
  ['[1,2', /expected a comma or \] behind a number, found the end of the line/],
  ['"text"', /expected a vector in \[ \] or an object in \{ \}/],
])('%s', async (line, message) => {
  const bytes = new TextEncoder().encode(`[1]\n${line}\n`);
  const rows = await jsonl.open(createMemorySource(bytes, 'x'), {});
  await expectRefusal(() => collectRows(rows.chunks()), message);
});
