import { expect, test } from 'vitest';
import { npyBytes, run, runRefused, runWell, start, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();

test('says what a file of vectors holds', async () => {
  const file = directory.write(
    'a.npy',
    npyBytes([
      [3, 4],
      [0, 1],
      [6, 8],
    ]),
  );
  const { stdout } = await runWell(['info', file, '--json']);
  expect(JSON.parse(stdout)).toEqual({
    file,
    format: 'npy',
    vectors: 3,
    dims: 2,
    dtype: 'float32',
    bytes: 152,
    index: null,
    sample: { vectors: 3, ids: null, leastMagnitude: 1, greatestMagnitude: 10 },
  });
  expect((await runWell(['info', file])).stdout).toMatch(/magnitudes {2}1 to 10 in the first 3\n/);
});

test('says what an index holds that was made of rows with ids, of which a rejected one keeps its id', async () => {
  const lines = ['{"id":"x","vector":[3,4]}', '{"id":"=y","vector":[0,0]}', '{"id":"z","vector":[5,12]}'];
  const file = directory.write('a.jsonl', lines.join('\n'));
  const [out, rejected] = [directory.at('a.safetensors'), directory.at('r.csv')];
  await runWell(['index', file, '--on-invalid', 'skip', '--out', out, '--rejected', rejected, '--quiet']);
  expect(directory.read('r.csv').toString()).toBe("index,id,code\n1,'=y,ZeroMagnitude\n");
  const info = JSON.parse((await runWell(['info', out, '--json'])).stdout);
  expect(info).toMatchObject({
    format: 'safetensors',
    vectors: 3,
    dims: 2,
    index: { metric: 'cosine', order: 'original' },
    sample: { vectors: 3, ids: 'string', leastMagnitude: 0 },
  });
});

test('rows of different lengths go out as .jsonl, with their ids, and as nothing else', async () => {
  const file = directory.write('ragged.jsonl', '{"id":7,"vector":[3,4]}\n{"id":8,"vector":[2]}\n');
  await runWell(['index', file, '--out', directory.at('unit.jsonl'), '--quiet']);
  const unit = '{"id":7,"vector":[0.6,0.8]}\n{"id":8,"vector":[1]}\n';
  expect(directory.read('unit.jsonl').toString()).toBe(unit);
  const args = ['index', file, '--out', directory.at('unit.npy')];
  await runRefused(args, 1, /unit\.npy: expected rows of 2 components, got 1 at row 1; .* only as \.jsonl/);
  expect(directory.names()).not.toContain('unit.npy');
});

test('standard input, and a file whose name does not say what it is, with flags that say it', async () => {
  const bytes = npyBytes([
    [3, 4],
    [6, 8],
  ]);
  const { child, ended } = start(['info', '-', '--format', 'npy', '--json']);
  child.stdin!.end(bytes);
  expect(JSON.parse((await ended).stdout)).toMatchObject({
    file: 'standard input',
    format: 'npy',
    vectors: 2,
    dims: 2,
    bytes: null,
    sample: { leastMagnitude: 5, greatestMagnitude: 10 },
  });
  const text = directory.write('keys.txt', '{"a":[1],"b":[3,4]}\n');
  const chosen = await runWell(['info', text, '--format', 'jsonl', '--column', 'b', '--dims', '2', '--json']);
  expect(JSON.parse(chosen.stdout)).toMatchObject({ format: 'jsonl', sample: { leastMagnitude: 5 } });
  await runRefused(['info', text, '--format', 'jsonl', '--column', 'b', '--dims', '3'], 1, /3 components/);
  const two = directory.write('two.csv', '0,1\n3,4\n');
  expect((await runWell(['info', two, '--header', 'no'])).stdout).toMatch(/in the first 2\n/);
  expect((await runWell(['info', two])).stdout).toMatch(/in the first 1\n/);
  const index = directory.at('piped.safetensors');
  await runWell(['index', directory.write('p.npy', bytes), '--out', index, '--quiet']);
  await runRefused(['info', text, '--header', 'yes', '--format', 'npy'], 2, /--header: \.npy \(.*keys\.txt\) has none/);
});

test('a file that is none is refused', async () => {
  await runRefused(['info', directory.at('missing.npy')], 1, /there is no such file/);
  expect((await run(['info', ''])).status).toBe(2);
  await runRefused(
    ['info', 'vectors.txt'],
    2,
    /vectors\.txt: its name does not say a format; give it with --format \(npy, /,
  );
});

test('an index that is newer, cut short or damaged is told as such; a .safetensors file of others is none', async () => {
  const file = directory.write('few.npy', npyBytes([[3, 4]]));
  const index = directory.at('whole.safetensors');
  await runWell(['index', file, '--out', index, '--quiet']);
  const bytes = directory.read('whole.safetensors');
  const changed = (name: string, from: string, to: string) => {
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThan(0);
    const copy = Buffer.from(bytes);
    copy.write(to, at);
    return directory.write(name, copy);
  };
  await runRefused(['info', changed('newer.safetensors', 'simdex/1', 'simdex/9')], 1, /"simdex\/9", saved by a newer/);
  await runRefused(['info', changed('odd.safetensors', 'cosine', 'cosinx')], 1, /odd\.safetensors.*metric of cosine/);
  const cut = directory.write('cut.safetensors', bytes.subarray(0, bytes.length - 4));
  await runRefused(['info', cut], 1, /cut\.safetensors, .*truncated/);
  const foreign = await runWell(['info', changed('foreign.safetensors', 'simdex/1', 'others/1'), '--json']);
  expect(JSON.parse(foreign.stdout)).toMatchObject({ index: null, vectors: 1 });
});
