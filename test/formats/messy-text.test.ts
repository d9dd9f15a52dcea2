/**
 * CSV and JSON lines as people's programs write them: headers or none, ids anywhere, quotes, lists in cells, numbers that are none.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readVectors } from '../../src/formats/node/read-vectors.js';
import type { ReadVectorsOptions } from '../../src/formats/vector-file.js';
import { collectRows, expectRefusal } from './support.js';

const read = (name: string, text: string, options: ReadVectorsOptions = {}) =>
  collectRows(readVectors(new File([text], name), options));
const csv = (text: string, options: ReadVectorsOptions = {}) => read('x.csv', text, options);
const jsonl = (text: string, options: ReadVectorsOptions = {}) => read('x.jsonl', text, options);

const NONE = Number.NaN;

describe('the first line of a .csv', () => {
  const two = [
    [0.5, 0.25],
    [1, 2],
  ];
  test.each([
    ['words', 'x,y\n0.5,0.25\n1,2\n', two, []],
    ['words in quotes, one with a comma', '"x, left","y"\n0.5,0.25\n1,2\n', two, []],
    ['numbers that count from 0', '0,1\n0.5,0.25\n1,2\n', two, []],
    ['such numbers in quotes', '"0","1"\n0.5,0.25\n1,2\n', two, []],
    ['the index of a data frame and its columns', ',0,1\n0,0.5,0.25\n1,1,2\n', two, []],
    ['an index with a name of words', ',x,y\n0,0.5,0.25\n1,1,2\n', two, []],
    ['an id and numbers that count', 'id,0,1\na,0.5,0.25\nb,1,2\n', two, ['a', 'b']],
    ['an id first', 'ID,x,y\na,0.5,0.25\nb,1,2\n', two, ['a', 'b']],
    ['an id last', 'x,y,id\n0.5,0.25,a\n1,2,b\n', two, ['a', 'b']],
    ['an id between', 'x,Id,y\n0.5,"a, ""b""",0.25\n1, c ,2\n', two, ['a, "b"', 'c']],
    ['no header', '0.5,0.25\n1,2\n', two, []],
    ['numbers that do not count', '1,2\n0.5,0.25\n', [two[1], two[0]], []],
    ['what is no number, and no name either', 'nan,1\n0.5,0.25\n', [[NONE, 1], two[0]], []],
  ])('%s', async (_, text, rows, ids) => {
    expect(await csv(text)).toEqual({ rows, ids });
  });

  test.each([
    ['semicolons', 'x;y\n0.5;0.25\n1;2\n', two, []],
    ['semicolons and an id', 'id;x;y\n"a;b";0.5;0.25\nb;1;2\n', two, ['a;b', 'b']],
    ['semicolons, without names', '0.5;0.25\r\n1; 2\r\n', two, []],
    ['tabs', 'x\ty\n0.5\t0.25\n1\t2\n', two, []],
    ['tabs, behind the index of a data frame', '\tx\ty\n0\t0.5\t0.25\n1\t1\t2\n', two, []],
    ['tabs and an empty cell', 'x\ty\n\t0.25\n1\t2\n', [[NONE, 0.25], two[1]], []],
    ['commas, beside tabs and semicolons', 'id,x,y\n"a;\t",0.5,\t0.25\nb,1,2\n', two, ['a;\t', 'b']],
    ['nothing, before a tab at its end', '1\t\n2\t\n', [[1], [2]], []],
    ['semicolons around lists', 'id;vector\na;[0.5, 0.25]\nb;"[1, 2]"\n', undefined, []],
  ])('tells what separates: %s', async (_, text, rows, ids) => {
    if (rows) expect(await csv(text)).toEqual({ rows, ids });
    // A comma that is no separator and stands in no quotes may be a decimal one.
    else await expectRefusal(() => csv(text), /line 2 .*numbers with a point, and fields separated by semicolons/);
  });

  test('with semicolons, numbers with a comma are refused, not taken for two', async () => {
    await expectRefusal(
      () => csv('x;y\n3,5;4,25\n'),
      /line 2 \(byte 5\): expected numbers with a point, .*found ",5;4,25/,
    );
  });

  test('is what the option header says', async () => {
    expect((await csv('0,1\n2,3\n', { header: false })).rows).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect((await csv('0,1\n2,3\n')).rows).toEqual([[2, 3]]);
    expect((await csv('7,9\n2,3\n', { header: true })).rows).toEqual([[2, 3]]);
    await expectRefusal(() => csv('a,b\n2,3\n', { header: false }), /line 1 .*expected a number, found "a,b"/);
    await expectRefusal(
      () => jsonl('[1]', { header: true }),
      /header "true" was given, but \.jsonl has none/,
      'InvalidConfiguration',
    );
    await expectRefusal(
      () => csv('1', { header: 'yes' as never }),
      /header must be true or false, got "yes"/,
      'InvalidConfiguration',
    );
  });

  test('with two ids is refused, and lines of another number of fields where only their number tells the id', async () => {
    await expectRefusal(() => csv('id,x,ID\na,1,b\n'), /line 1: expected one column called id, found 2 of them/);
    await expectRefusal(
      () => csv('x,y,id\n1,2,a\n1,2\n'),
      /line 3 .*expected 3 fields, as the first line has, found 2/,
    );
    await expectRefusal(() => csv('x,y,id\n1,2,a\n1,2,b,4\n'), /line 3 .*expected 3 fields.*found 4/);
    expect((await csv('id,x,y\na,1,2\nb,1\n')).rows).toEqual([[1, 2], [1]]);
  });
});

describe('fields of a .csv', () => {
  test('numbers in quotes, alone and among others', async () => {
    expect(await csv('"id","x","y"\n"1","0.6","0.8"\n2,0.8,"0.6"\n')).toEqual({
      rows: [[0.6, 0.8].map(Math.fround), [0.8, 0.6].map(Math.fround)],
      ids: ['1', '2'],
    });
    expect((await csv('1, "2" ,3,"4"\n"5",6,7,8\n')).rows).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
  });

  test('a list in a cell, of a column called vector, of one named by the option, and of a file without names', async () => {
    const list = '"[0.5, 0.25]"';
    const rows = [[0.5, 0.25]];
    expect(await csv(`id,vector\na,${list}\n`)).toEqual({ rows, ids: ['a'] });
    expect(await csv(`text,Vectors,id\n"two\nlines, ""quoted""",${list},a\n`)).toEqual({ rows, ids: ['a'] });
    expect(await csv(`id,text,embedding\na,hello,${list}\n`, { column: 'embedding' })).toEqual({ rows, ids: ['a'] });
    expect(await csv(`${list}\n`)).toEqual({ rows, ids: [] });
    // As NumPy writes a row, on two lines.
    expect(await csv('id,vector\na,"[0.5\n 0.25]"\nb,[1]\n')).toEqual({ rows: [[0.5, 0.25], [1]], ids: ['a', 'b'] });
    expect(await csv('id,vector\na,\nb,[]\nc,null\n')).toEqual({
      rows: [[], [], []].map(() => [Number.NaN]),
      ids: ['a', 'b', 'c'],
    });
  });

  test('a list that does not end, a quote that does not close, and a column that is not there are refused', async () => {
    await expectRefusal(() => csv('vector\n"[1, 2"\n'), /line 2 .*expected a list that ends with \] in its cell/);
    await expectRefusal(() => csv('vector\n"[1, x]"\n'), /line 2 .*expected a number, found "x\]/);
    await expectRefusal(() => csv('vector\n"[1 ... 2]"\n'), /line 2 .*expected a number, found "\.\.\. 2\]/);
    await expectRefusal(() => csv('1,2\n3,"4\n5,6\n'), /line 2 .*expected a quote that is closed/);
    await expectRefusal(() => csv('1,"2"3\n'), /line 1 .*expected a comma or the end of the line behind a quote/);
    await expectRefusal(
      () => csv('a,b\n1,2\n', { column: 'c' }),
      /x\.csv: column "c" is not there; the first line has "a", "b"/,
      'InvalidConfiguration',
    );
  });

  test('empty cells and what stands for no number are NaN or an infinity', async () => {
    expect((await csv('1,,3\n,2,\nnan,NA,-inf\n"",null,1\n')).rows).toEqual([
      [1, NONE, 3],
      [NONE, 2, NONE],
      [NONE, NONE, -Infinity],
      [NONE, NONE, 1],
    ]);
  });

  test('lines are counted through fields of several lines', async () => {
    await expectRefusal(
      () => csv('id,text,x\na,"1\n2\n3",5\nb,t,y\n', { column: 'x' }),
      /line 5 .*expected a number, found "y"/,
    );
  });

  test('any table comes back, however it is quoted, in any chunks', async () => {
    const number = fc.float({ noNaN: true });
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', '1', '[', 'é'), maxLength: 8 });
    const table = fc.array(fc.tuple(number, cell, number, fc.boolean()), { minLength: 1, maxLength: 30 });
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 5 }), async (given, chunkVectors) => {
        const lines = given.map(([x, id, y, quoted]) =>
          quoted ? `"${x}",${quote(id)},${y}` : ` ${x} , ${quote(id)} ,"${y}"`,
        );
        const found = await csv(`left,id,right\r\n${lines.join('\r\n')}`, { chunkVectors });
        expect(found).toEqual({ rows: given.map(([x, , y]) => [x + 0, y + 0]), ids: given.map(([, id]) => id) });
      }),
      { numRuns: 300 },
    );
  });

  test('quotes of all kinds in a long file take time in proportion to it', { timeout: 20_000 }, async () => {
    const lines = '1,2\n'.repeat(250_000);
    expect((await csv(`${lines}"3",4\n`)).rows).toHaveLength(250_001);
    expect((await csv('1,"2"\n'.repeat(200_000))).rows).toHaveLength(200_000);
    await expectRefusal(() => csv(`${'1, "2\n'.repeat(200_000)}`), /expected a (comma|quote)/);
    await expectRefusal(() => csv(`1${' "'.repeat(500_000)}`), /line 1 .*expected/);
  });
});

describe('.jsonl', () => {
  test('NaN, infinities and null among numbers, and null for a vector', async () => {
    const text = '{"id":"a","vector":[NaN,1]}\n{"id":"b","vector":[-Infinity,null]}\n{"id":"c","vector":null}\n';
    expect(await jsonl(text)).toEqual({
      rows: [
        [NONE, 1],
        [-Infinity, NONE],
        [NONE, NONE],
      ],
      ids: ['a', 'b', 'c'],
    });
    expect((await jsonl('null\n[]\n[1,2,3]\n')).rows).toEqual([Array(3).fill(NONE), Array(3).fill(NONE), [1, 2, 3]]);
    expect((await jsonl('null\n[]\n')).rows).toEqual([[NONE], [NONE]]);
    await expectRefusal(() => jsonl('{"vector":"text"}\n'), /expected an array of numbers/);
    await expectRefusal(() => jsonl('nullx\n'), /expected the end of the line, found "x"/);
  });

  test('an object whose vector has another name says how to name it', async () => {
    const rows = '{"id":"a","embedding":[1,2]}\n';
    await expectRefusal(
      () => jsonl(rows),
      /the key "vector", found an object without it; the option column names another/,
    );
    expect((await jsonl(rows, { column: 'embedding' })).rows).toEqual([[1, 2]]);
  });

  test('the option column names the key', async () => {
    const text = '{"vector":[9],"embedding":[1,2],"id":7}\n';
    expect(await jsonl(text, { column: 'embedding' })).toEqual({ rows: [[1, 2]], ids: [7] });
    await expectRefusal(() => jsonl(text, { column: 'other' }), /expected the key "other", found an object without it/);
  });

  test('rows with ids and rows without begin new chunks, and no id is made up', async () => {
    const chunks = [];
    const text = '{"id":1,"vector":[1,0]}\n[0,1]\n[1,1]\n{"id":2,"vector":[2,2]}\n';
    for await (const { data, ids } of readVectors(new File([text], 'x.jsonl'))) chunks.push({ data: [...data], ids });
    expect(chunks).toEqual([
      { data: [1, 0], ids: [1] },
      { data: [0, 1, 1, 1], ids: undefined },
      { data: [2, 2], ids: [2] },
    ]);
  });

  test('an id that no file could give back is refused', async () => {
    await expectRefusal(() => jsonl('{"id":"a\\ud800","vector":[1]}\n'), /expected an id of whole characters/);
    expect((await jsonl('{"id":"\\ud83d\\ude00","vector":[1]}\n')).ids).toEqual(['\u{1f600}']);
  });
});
