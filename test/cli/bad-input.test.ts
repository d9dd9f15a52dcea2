/**
 * What `simdex index` cannot do: one sentence that names what is wrong, the right status, and nothing left behind.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  createReadStream,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CLI,
  fvecsBytes,
  isRoot,
  npyBytes,
  npyHeader,
  parseNpy,
  randomRows,
  run,
  runRefused,
  start,
  temporaryDirectory,
  until,
} from './support.js';

const DIMS = 8;
const FAILED = 1;
const USAGE = 2;

const directory = temporaryDirectory();
const { at } = directory;
const rows = randomRows(300, DIMS, 5);
const good = directory.write('good.npy', npyBytes(rows));
const old = 'what was there before';
mkdirSync(at('folder'));

const hasMkfifo = spawnSync('mkfifo', ['--version']).status === 0;

let before: string[] = [];
beforeEach(() => {
  before = directory.names();
});

/** Refused, with the directory as it was. */
async function refused(args: readonly string[], status: number, sentence: RegExp): Promise<string> {
  const names = directory.names();
  const message = await runRefused(['index', ...args], status, sentence, { cwd: directory.path });
  expect(directory.names()).toEqual(names);
  return message;
}

afterEach(() => {
  // Nothing hidden may ever be left.
  expect(directory.names().filter((name) => name.startsWith('.') && !before.includes(name))).toEqual([]);
});

describe('inputs that cannot be read', () => {
  test('a missing file', () =>
    refused([at('missing.npy')], FAILED, /cannot read .*missing\.npy: there is no such file/));

  test('a missing file behind a good one, with outputs', () =>
    refused([good, at('missing.npy'), '--out', at('o.npy')], FAILED, /missing\.npy: there is no such file/));

  test('a directory', async () => {
    mkdirSync(at('folder.npy'), { recursive: true });
    await refused([at('folder.npy')], FAILED, /folder\.npy: it is a directory/);
    await refused([at('folder'), '--format', 'npy'], FAILED, /folder: it is a directory/);
  });

  test('a path below a file', () =>
    refused([`${good}/x.npy`], FAILED, /x\.npy: a part of its path is not a directory/));

  test.skipIf(isRoot)('a file without permission (skipped as root, who may read everything)', async () => {
    chmodSync(directory.write('secret.npy', npyBytes(rows)), 0);
    await refused([at('secret.npy')], FAILED, /secret\.npy: permission denied/);
  });

  test('a device with nothing in it, and a pipe for a format that needs a file', async () => {
    await refused(
      ['/dev/null', '--format', 'npy'],
      FAILED,
      /\/dev\/null, byte 0: expected 10 more bytes, found the end/,
    );
    await refused(
      ['/dev/null', '--format', 'parquet'],
      FAILED,
      /\/dev\/null is a pipe, and \.parquet is not read from front/,
    );
  });

  test('an extension that says no format', async () => {
    directory.write('vectors.dat', npyBytes(rows));
    await refused([at('vectors.dat')], USAGE, /vectors\.dat.*--format/);
    await refused([good, at('folder')], USAGE, /folder.*--format/);
    await refused([''], USAGE, /empty/);
  });

  test.each([
    ['an empty file', 'empty.npy', Buffer.alloc(0), /empty\.npy, byte 0: .*an empty file/],
    ['an empty .fvecs', 'empty.fvecs', Buffer.alloc(0), /empty\.fvecs, byte 0: .*an empty file/],
    ['three bytes', 'three.fvecs', Buffer.alloc(3), /three\.fvecs, byte 0: /],
    ['a foreign file', 'foreign.npy', Buffer.from('PK\x03\x04 not numpy at all'), /foreign\.npy, byte 0: .*NUMPY/],
    ['a text', 'text.fvecs', Buffer.from('1.0 2.0 3.0\n4.0 5.0 6.0\n'), /text\.fvecs, byte 0: expected whole rows of/],
    ['negative dims', 'negative.fvecs', Buffer.from(Int32Array.of(-4, 0).buffer), /negative\.fvecs, row 0 \(byte 0\)/],
    ['no bytes', 'none.arrow', Buffer.alloc(0), /none\.arrow, byte 0: expected a schema, .* found none/],
    ['a truncated file', 'cut.npy', npyBytes(rows).subarray(0, 5000), /cut\.npy, byte 128: .*truncated/],
    [
      'a truncated .fvecs',
      'cut.fvecs',
      fvecsBytes(rows).subarray(0, 5000),
      /cut\.fvecs, row 138 \(byte 4968\): expected 32 bytes for a row of 8, found 28 bytes to the end of the file/,
    ],
    ['trailing bytes', 'long.npy', Buffer.concat([npyBytes(rows), Buffer.alloc(1)]), /long\.npy, byte 128: .*trailing/],
    ['a header that lies', 'lie.npy', npyBytes(rows, '(9007199254740991, 8)'), /lie\.npy, byte 128: .*truncated/],
    ['three dimensions', 'cube.npy', npyBytes(rows, '(3, 100, 8)'), /cube\.npy, shape: expected one or two dimensions/],
    [
      'complex numbers',
      'complex.npy',
      npyHeader('(0, 4)', '<c8'),
      /complex\.npy, descr: expected a dtype of floats or/,
    ],
    ['rows without components', 'flat.npy', npyHeader('(5, 0)'), /flat\.npy, shape: expected rows of 1 to/],
  ])('%s', async (_, name, bytes, sentence) => {
    await refused([directory.write(name, bytes), '--out', at('o.npy')], FAILED, sentence);
  });

  test('a row of other dims than the flag says names the row and the byte', () =>
    refused(
      [directory.write('ragged.fvecs', fvecsBytes([[1, 2], [3, 4], [5, 6, 7], [8]])), '--dims', '2'],
      FAILED,
      /ragged\.fvecs, row 2 \(byte 24\): expected rows of 2 components, as the option dims says, found 3/,
    ));

  test('dims that are not those of the file', () =>
    refused([good, '--dims', '9'], FAILED, /good\.npy, shape: expected rows of 9 components/));

  test('a row larger than any memory', async () => {
    const huge = directory.write('huge.npy', npyHeader('(1, 1400000000)'));
    truncateSync(huge, 128 + 4 * 1_400_000_000);
    try {
      await refused(
        [huge],
        FAILED,
        /Insufficient memory for indexing operation: a row of 1400000000 components needs 5600000000 bytes/,
      );
    } finally {
      rmSync(huge);
    }
  });

  test('a control character in a name stays in its line', () =>
    refused([at('new\nline\x1b[31m.npy')], FAILED, /new\\nline\\x1b\[31m\.npy: there is no such file/));
});

describe('rows that cannot be indexed', () => {
  test.each([
    ['zeros', 'zero.npy', 0, /Vector has zero magnitude: row 250 of .*zero\.npy; --on-invalid skip/],
    ['NaN', 'nan.npy', Number.NaN, /Vector has a non-finite component: row 250 of .*nan\.npy; --on-invalid skip/],
  ])('%s', async (_, name, value, sentence) => {
    const spoilt = rows.with(250, new Array(DIMS).fill(value));
    const file = directory.write(name, npyBytes(spoilt));
    directory.write('kept.npy', old);
    await refused([good, file, '--out', at('kept.npy'), '--rejected', at('kept.csv')], FAILED, sentence);
    expect(directory.read('kept.npy').toString()).toBe(old);
  });
});

describe('flags', () => {
  test.each([['0'], ['-1'], ['1.5'], ['257'], ['10000'], ['abc'], [''], ['1e1'], ['0x4']])(
    '--threads %j',
    async (value) => {
      const message = await refused([good, '--threads', value], USAGE, /--threads.*1 to 256/);
      expect(message).toContain(`'${value}'`);
    },
  );

  test.each(['--batch-size', '--dims'])('%s', async (flag) => {
    for (const value of ['0', '-3', '2.5', 'x', '', '1e999']) {
      const message = await refused([good, flag, value], USAGE, new RegExp(`${flag}.*positive integer`));
      expect(message).toContain(`'${value}'`);
    }
  });

  test.each([
    [['--order', 'upwards'], /--order.*'upwards'.*original, sorted/],
    [['--on-invalid', 'ignore'], /--on-invalid.*'ignore'.*throw, skip/],
    [['--format', 'parket'], /--format.*'parket'.*npy, npz, fvecs/],
    [['--out', 'x.txt'], /--out x\.txt.*\.npy or \.fvecs/],
    [['--out', 'x'], /--out x.*\.npy or \.fvecs/],
    [['--out', ''], /--out.*empty/],
    [['--magnitudes', 'm.fvecs'], /--magnitudes m\.fvecs.*\.npy/],
    [['--magnitudes', 'm.csv'], /--magnitudes m\.csv.*\.npy/],
    [['--rejected', ''], /--rejected.*empty/],
    [['--report', '.html'], /--report \.html: expected a name that ends in \.html or \.csv or \.trace\.json or \.json/],
    [
      ['--report', 'x.csv', '--report', 'y'],
      /--report y: expected a name that ends in \.html or \.csv or \.trace\.json or \.json/,
    ],
    [['--out', 'a.npy', '--out', 'b.npy'], /--out.*once/],
  ])('%j', async (flags, sentence) => {
    await refused([good, ...flags], USAGE, sentence);
    // Wrong usage is told before any file is looked at.
    await refused([at('missing.npy'), ...flags], USAGE, sentence);
  });

  test('one file for two outputs, however it is called', async () => {
    mkdirSync(at('sub'), { recursive: true });
    await refused([good, '--out', at('a.npy'), '--magnitudes', at('sub/../a.npy')], USAGE, /a\.npy.*two outputs/);
    directory.write('target.npy', old);
    symlinkSync('target.npy', at('link.npy'));
    await refused([good, '--out', at('target.npy'), '--magnitudes', at('link.npy')], USAGE, /link\.npy.*two outputs/);
    symlinkSync('sub', at('sub2'));
    await refused([good, '--out', at('sub/n.npy'), '--magnitudes', at('sub2/n.npy')], USAGE, /n\.npy.*two outputs/);
    await refused([good, '--report', at('r.json'), '--report', at('r.json')], USAGE, /r\.json.*two outputs/);
  });

  test('an output that is an input, however it is called', async () => {
    symlinkSync('good.npy', at('alias.npy'));
    linkSync(good, at('hard.npy'));
    for (const name of ['good.npy', 'sub/../good.npy', 'alias.npy', 'hard.npy']) {
      await refused([good, '--out', at(name)], USAGE, /--out .*is also an input/);
      await refused([good, '--rejected', at(name)], USAGE, /--rejected .*is also an input/);
    }
    expect(parseNpy(directory.read('good.npy')).values.length).toBe(300 * DIMS);
  });

  test('--out for files of different dims', async () => {
    const other = directory.write('other.fvecs', fvecsBytes([[1, 2, 3]]));
    const message = await refused([good, other, '--out', at('o.npy')], USAGE, /--out .*o\.npy/);
    expect(message).toContain(`${good} (8)`);
    expect(message).toContain(`${other} (3)`);
  });
});

describe('outputs that cannot be written', () => {
  test('in a missing directory', async () => {
    await refused([good, '--out', at('no/o.npy')], FAILED, /cannot write .*no\/o\.npy: its directory does not exist/);
    const other = ['--out', at('o.npy'), '--rejected', at('no/r.csv')];
    await refused([good, ...other], FAILED, /cannot write .*no\/r\.csv: its directory does not exist/);
  });

  test('below a file', () =>
    refused([good, '--out', `${good}/o.npy`], FAILED, /o\.npy: a part of its path is not a directory/));

  test('over a directory', () => {
    mkdirSync(at('o.npy.npy'), { recursive: true });
    return refused([good, '--out', at('o.npy.npy')], FAILED, /o\.npy\.npy: it is a directory/);
  });

  test.skipIf(isRoot)('over a protected file (skipped as root, who may write everything)', async () => {
    chmodSync(directory.write('protected.npy', old), 0o444);
    await refused([good, '--out', at('protected.npy')], FAILED, /protected\.npy: permission denied/);
    expect(directory.read('protected.npy').toString()).toBe(old);
  });

  test.skipIf(!isRoot)('on a file system that is read-only (skipped unless root, who may look at one)', async () => {
    // Linux mounts this one so, or has none: then the directory is missing.
    await refused([good, '--out', '/sys/o.npy'], FAILED, /cannot write \/sys\/o\.npy: /);
  });

  test.skipIf(process.platform !== 'linux')('to a full device', async () => {
    symlinkSync('/dev/full', at('full.npy'));
    symlinkSync('/dev/full', at('full.json'));
    await refused([good, '--out', at('full.npy')], FAILED, /full\.npy: the disk is full/);
    await refused([good, '--magnitudes', at('full.npy')], FAILED, /full\.npy: the disk is full/);
    await refused([good, '--rejected', '/dev/full'], FAILED, /\/dev\/full: the disk is full/);
    const reports = ['--out', at('o.npy'), '--report', at('full.json')];
    await refused([good, ...reports], FAILED, /full\.json: the disk is full/);
  });

  test('to a disk that becomes full (skipped where none can be mounted)', async ({ skip }) => {
    mkdirSync(at('small'));
    const mounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at('small')]).status === 0;
    if (!mounted) return skip('a small file system needs root');
    try {
      const file = directory.write('large.npy', npyBytes(randomRows(20_000, DIMS, 6)));
      await refused([file, '--out', at('small/o.npy')], FAILED, /small\/o\.npy: the disk is full/);
      await refused([file, '--magnitudes', at('small/m.npy')], FAILED, /small\/m\.npy: the disk is full/);
      expect(spawnSync('ls', ['-A', at('small')]).stdout.toString()).toBe('');
    } finally {
      spawnSync('umount', [at('small')]);
    }
  });

  test('standard output on a full disk', async ({ skip }) => {
    if (process.platform !== 'linux') return skip('there is no /dev/full');
    const { status, stderr } = await run(['-c', `"$0" "$1" index "$2" > /dev/full`, process.execPath, CLI, good], {
      command: 'sh',
    });
    expect(stderr).toMatch(/^error: cannot write to standard output: .*\n$/);
    expect(status).toBe(FAILED);
  });
});

describe.skipIf(!hasMkfifo)('pipes', () => {
  function pipe(name: string): string {
    spawnSync('mkfifo', [at(name)]);
    return at(name);
  }

  /** What comes out of a pipe, once its writer has closed it. */
  function readPipe(path: string): Promise<Buffer> {
    const { ended } = start([path], { command: 'base64' });
    return ended.then(({ stdout }) => Buffer.from(stdout, 'base64'));
  }

  test('receive rows and magnitudes', async () => {
    const [out, magnitudes] = [pipe('p.npy'), pipe('pm.npy')];
    const [ended, outBytes, magnitudeBytes] = await Promise.all([
      run(['index', good, '--out', out, '--magnitudes', magnitudes]),
      readPipe(out),
      readPipe(magnitudes),
    ]);
    expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(parseNpy(outBytes).shape).toBe(`(300, ${DIMS})`);
    expect(parseNpy(magnitudeBytes).shape).toBe('(300,)');
    expect(directory.names()).toContain('p.npy');
  });

  test('whose reader goes away are told of', async () => {
    const file = directory.write('many.npy', npyBytes(randomRows(40_000, DIMS, 7)));
    const out = pipe('gone.npy');
    const started = start(['index', file, '--out', out]);
    const reader = start(['-c', 'head -c 10 "$0" > /dev/null', out], { command: 'sh' });
    const [ended] = await Promise.all([started.ended, reader.ended]);
    expect(ended.stderr).toMatch(/^error: cannot write .*gone\.npy: .*reader.*\n$/);
    expect(ended.status).toBe(FAILED);
  });

  test('a file that shrinks while it is read names the byte', async () => {
    const file = directory.write('shrinks.npy', npyHeader('(2000000, 8)'));
    truncateSync(file, 128 + 2_000_000 * DIMS * 4);
    const out = pipe('slow.fvecs');
    const { ended } = start(['index', file, '--on-invalid', 'skip', '--out', out]);
    // Until it is read from, the command cannot go on: it has read three chunks of 8 MiB at most.
    const reader = createReadStream(out);
    await once(reader, 'readable');
    truncateSync(file, 1000);
    reader.resume();
    const { status, stderr } = await ended;
    expect(stderr).toMatch(/^error: .*shrinks\.npy, byte \d+: expected 64000128 bytes.*end of the file\n$/m);
    expect(status).toBe(FAILED);
  });
});

test.skipIf(process.platform === 'win32')('piped to head it is quiet', async () => {
  const { status, stderr } = await run(
    [
      '-c',
      '"$0" "$1" index "$2" | head -n 0; "$0" "$1" index "$2" --json 2>&1 | head -n 1 > /dev/null',
      process.execPath,
      CLI,
      good,
    ],
    { command: 'sh' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('a directory that goes away under a run is told of in one sentence', async ({ skip }) => {
  if (!hasMkfifo) return skip('there is no mkfifo');
  const file = directory.write('away.npy', npyBytes(rows));
  mkdirSync(at('goes'));
  const pipe = at('wait.csv');
  spawnSync('mkfifo', [pipe]);
  const { ended } = start(['index', file, '--out', at('goes/o.npy'), '--rejected', pipe]);
  await until(() => spawnSync('ls', ['-A', at('goes')]).stdout.length > 0, 20);
  renameSync(at('goes'), at('gone'));
  closeSync(openSync(at('goes'), 'w'));
  const reader = start([pipe], { command: 'cat' });
  const { status, stderr } = await ended;
  await reader.ended;
  expect(status).toBe(FAILED);
  expect(stderr).toMatch(/^error: cannot write .*goes\/o\.npy: .*\n$/);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  rmSync(at('gone'), { recursive: true });
});
