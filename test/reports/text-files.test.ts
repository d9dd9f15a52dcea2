/**
 * Inputs from public reports of parsers of CSV and of JSON lines: Papa Parse, csv-parse, league/csv, miller, quick-csv, ndjson-cli,
 * ndjson-to-json, Bun.JSONL, ragflow. Each was once read wrongly, or not at all, by the library that is named. Here it is read right
 * or refused in words that say where.
 */

import { describe, expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import { collectRows, expectRefusal } from '../formats/support.js';

const BOM = '\ufeff';

const read = (name: string, content: string | Uint8Array<ArrayBuffer>, options = {}) =>
  collectRows(readVectors(new File([content], name), options));

const two = [
  [1, 2],
  [3, 4],
];

describe('csv that must be read', () => {
  test.each([
    ['Papa Parse: a byte order mark becomes part of the first name', `${BOM}id,x,y\na,1,2\nb,3,4\n`, two, ['a', 'b']],
    [
      'csv-parse: a byte order mark before a quoted name',
      `${BOM}"id","x","y"\n"a","1","2"\n"b","3","4"\n`,
      two,
      ['a', 'b'],
    ],
    ['league/csv: a byte order mark before a quoted comma', `${BOM}"a,b",y\n1,2\n3,4\n`, two, []],
    ['quick-csv: a byte order mark, and no line break at the end', `${BOM}"x","y"\n1,2\n3,4`, two, []],
    ['a byte order mark before numbers', `${BOM}1,2\n3,4\n`, two, []],
    ['Papa Parse: names in quotes after a space', 'x, "y"\n1,2\n3,4\n', two, []],
    ['Papa Parse: a carriage return in a quoted name', '"x\r","y"\n1,2\n3,4\n', two, []],
    ['Papa Parse: line breaks of Windows', 'x,y\r\n1,2\r\n3,4\r\n', two, []],
    ['csv-parse: empty lines at the end', 'x,y\n1,2\n3,4\n\n\n', two, []],
    ['csv-parse: empty lines between', 'x,y\n1,2\n\n3,4\n', two, []],
    ['an id with a quote doubled', 'id,x,y\n"a ""1""",1,2\nb,3,4\n', two, ['a "1"', 'b']],
    ['an id with letters beyond ASCII', 'id,x,y\nÄpfel,1,2\n日本,3,4\n', two, ['Äpfel', '日本']],
    ['an id that looks like a number keeps its zeros', 'id,x,y\n007,1,2\n1e3,3,4\n', two, ['007', '1e3']],
    ['an id that looks like a date', 'id,x,y\n2024-01-02,1,2\n1/2,3,4\n', two, ['2024-01-02', '1/2']],
    [
      'ids beyond 2^53 stay as they are',
      'id,x,y\n9007199254740993,1,2\n9007199254740992,3,4\n',
      two,
      ['9007199254740993', '9007199254740992'],
    ],
    ['a leading plus sign', '+1,2\n3,+4\n', two, []],
    ['exponents in either case', '1e0,2E0\n30e-1,0.4E+1\n', two, []],
    ['spaces around numbers', ' 1 , 2\n3 ,4 \n', two, []],
    [
      'numbers without digits before the point',
      '.5,1.\n-.5,2\n',
      [
        [0.5, 1],
        [-0.5, 2],
      ],
      [],
    ],
    ['pandas: an unnamed index before the names', ',x,y\n0,1,2\n1,3,4\n', two, []],
    ['pandas: the list of a column in a cell', 'id,vector\na,"[1, 2]"\nb,"[3, 4]"\n', two, ['a', 'b']],
    ['NumPy: the list of a column, with spaces', 'id,vector\na,[1. 2.]\nb,[3. 4.]\n', two, ['a', 'b']],
    ['Excel: semicolons', 'x;y\n1;2\n3;4\n', two, []],
    [
      'an empty cell is NaN, and not 0',
      'x,y\n1,\n3,4\n',
      [
        [1, Number.NaN],
        [3, 4],
      ],
      [],
    ],
    [
      'a cell of spaces is NaN, and not 0',
      'x,y\n1, \n3,4\n',
      [
        [1, Number.NaN],
        [3, 4],
      ],
      [],
    ],
  ])('%s', async (_, content, rows, ids) => {
    expect(await read('x.csv', content)).toEqual({ rows, ids });
  });

  test('quick-csv: a file of nothing but names has no rows', async () => {
    expect(await read('x.csv', 'id,x,y\n', { dims: 2 })).toEqual({ rows: [], ids: [] });
  });

  test('a line longer than a piece of the file', async () => {
    const long = Array.from({ length: 300_000 }, (_, i) => i % 1000);
    expect((await read('x.csv', `${long.join(', ')}\n`)).rows).toEqual([long]);
  });

  test('letters of several bytes that two pieces of the file share', async () => {
    const line = (row: number) => `ééééé-${row},${row},1\n`;
    const many = `id,x,y\n${Array.from({ length: 60_000 }, (_, row) => line(row)).join('')}`;
    const { ids, rows } = await read('x.csv', many);
    expect(ids).toHaveLength(60_000);
    expect(ids.every((id, row) => id === `ééééé-${row}`)).toBe(true);
    expect(rows.every(([x], row) => x === row)).toBe(true);
  });
});

describe('csv that must be refused', () => {
  test.each([
    ['Papa Parse: a quote that is never closed', 'x,y\n"1,2\n3,4\n', /line 2/],
    ['csv-parse: text behind a closing quote', 'x,y\n"1"a,2\n', /line 2/],
    ['a word among numbers', 'x,y\n1,2\n3,four\n', /line 3 .*expected/],
    ['a decimal comma', 'x;y\n1,5;2,5\n', /line 2 .*numbers with a point/],
    ['a hexadecimal number', '3,4\n3,0x4\n', /line 2/],
    ['two signs', '1,2\n3,--4\n', /line 2/],
    ['a thousands separator', 'x;y\n1 000;2\n', /line 2/],
    ['text in UTF-16', new Uint8Array([0xff, 0xfe, 0x31, 0, 0x2c, 0, 0x32, 0, 0x0a, 0]), /UTF-16/],
    ['a file of zeros, as a download that broke leaves it', new Uint8Array(64), /line 1/],
    ['a page of HTML in place of the file', '<!doctype html>\n<html><body>404, not found</body></html>\n', /line \d/],
  ])('%s', async (_, content, message) => {
    await expectRefusal(() => read('x.csv', content as string, { header: undefined }), message);
  });
});

describe('lines of JSON that must be read', () => {
  const lines = '{"id":"a","vector":[1,2]}\n{"id":"b","vector":[3,4]}\n';
  test.each([
    ['ndjson-to-json: empty lines at the end', `${lines}\n\n`, two, ['a', 'b']],
    ['ndjson-cli: empty lines between', lines.replace('\n', '\n\n'), two, ['a', 'b']],
    ['a line of spaces', lines.replace('\n', '\n   \n'), two, ['a', 'b']],
    ['no line break at the end', lines.trimEnd(), two, ['a', 'b']],
    ['line breaks of Windows', lines.replaceAll('\n', '\r\n'), two, ['a', 'b']],
    ['ragflow: a byte order mark drops the first row', BOM + lines, two, ['a', 'b']],
    [
      'other keys, nested, before the vector',
      '{"m":{"vector":[9],"x":"}]"},"vector":[1,2]}\n{"m":[[]],"vector":[3,4]}\n',
      two,
      [],
    ],
    ['keys in another order', '{"vector":[1,2],"id":"a"}\n{"vector":[3,4],"id":"b"}\n', two, ['a', 'b']],
    [
      'an escaped id',
      '{"id":"\\u00e4\\n\\"","vector":[1,2]}\n{"id":"\\ud83d\\ude00","vector":[3,4]}\n',
      two,
      ['ä\n"', '😀'],
    ],
    ['numbers as integers and with exponents', '[1.0,2e0]\n[30E-1,4]\n', two, []],
    [
      'Python: NaN and Infinity',
      '[NaN,1]\n[-Infinity,Infinity]\n',
      [
        [Number.NaN, 1],
        [-Infinity, Infinity],
      ],
      [],
    ],
    [
      'null for a component is NaN, and not 0',
      '[null,1]\n[3,4]\n',
      [
        [Number.NaN, 1],
        [3, 4],
      ],
      [],
    ],
    [
      'numbers beyond float32 are infinite, and not wrapped',
      '[1e39,-1e39]\n[3,4]\n',
      [
        [Infinity, -Infinity],
        [3, 4],
      ],
      [],
    ],
    ['the key __proto__ does no harm', '{"__proto__":{"vector":[9,9]},"vector":[1,2]}\n[3,4]\n', two, []],
  ])('%s', async (_, content, rows, ids) => {
    expect(await read('x.jsonl', content)).toEqual({ rows, ids });
  });
});

describe('lines of JSON that must be refused', () => {
  test.each([
    ['Bun.JSONL: two values in a line', '[1,2] [3,4]\n', /line 1/],
    ['Bun.JSONL: two objects without a space', '{"vector":[1,2]}{"vector":[3,4]}\n', /line 1/],
    ['Bun.JSONL: garbage behind a value', '{"vector":[1,2]} garbage\n', /line 1/],
    ['an array over several lines', '[\n[1,2],\n[3,4]\n]\n', /line 1/],
    ['a whole array in one line', '[[1,2],[3,4]]\n', /line 1/],
    ['a line that ends too soon', '[1,2]\n[3,\n', /line 2/],
    ['a comma at the end', '[1,2,]\n', /line 1/],
    ['numbers as text', '["1","2"]\n', /line 1/],
    ['true and false', '[true,false]\n', /line 1/],
    ['a leading zero, which JSON has not', '[01,2]\n', /line 1/],
    ['a comment', '// rows\n[1,2]\n', /line 1/],
    ['a key that is missing', '{"id":"a","embedding":[1,2]}\n', /line 1 .*vector/],
    ['an id that is an object', '{"id":{"a":1},"vector":[1,2]}\n', /line 1/],
    ['an id that float64 cannot hold', '{"id":9007199254740993,"vector":[1,2]}\n', /line 1/],
    ['half of a pair of surrogates as an id', '{"id":"\\ud800","vector":[1,2]}\n', /line 1/],
    ['the vector twice', '{"vector":[1,2],"vector":[3,4]}\n', /line 1/],
    ['brackets without end', `${'['.repeat(100_000)}\n`, /line 1/],
  ])('%s', async (_, content, message) => {
    await expectRefusal(() => read('x.jsonl', content), message);
  });
});
