import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNativeContender } from '../../bench/suite/native.js';
import { openNativeProgram } from '../../bench/suite/node/native-program.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simdex-native-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** An executable whose body is shell. */
async function program(name: string, body: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

describe('openNativeProgram', () => {
  it('asks with the documented arguments and reads the answer', async () => {
    const log = join(folder, 'asked');
    const path = await program(
      'good',
      `echo "$@" >> "${log}"\necho '{"variant":"tuned","minNsPerVector":12.5,"medianNsPerVector":20}'`,
    );
    const native = await openNativeProgram(path);
    const contender = createNativeContender(native, { count: 1000, dims: 384, threads: 2, order: 'original' });
    expect(await contender.measureRound({ seconds: 1, minSamples: 9 })).toEqual([12.5, 20]);
    expect(await readFile(log, 'utf8')).toBe('16 8 1 sorted tuned 1\n1000 384 2 original tuned 2\n');
  });

  it('says of a missing program which one', async () => {
    await expect(openNativeProgram(join(folder, 'missing'))).rejects.toThrow(
      /native program .*missing failed \(.*ENOENT/,
    );
  });

  it('says what a failing program said', async () => {
    const path = await program('failing', 'echo "no such instruction" >&2; exit 3');
    await expect(openNativeProgram(path)).rejects.toThrow(/failing failed \([\s\S]*no such instruction/);
  });

  it.each([
    ['nothing', 'true', 'got nothing'],
    ['text', 'echo fast', 'got fast'],
    ['other JSON', `echo '{"ns":5}'`, 'got {"ns":5}'],
    ['a time that is none', `echo '{"minNsPerVector":0,"medianNsPerVector":1}'`, 'got {"minNsPerVector":0'],
  ])('refuses a program that prints %s', async (name, body, message) => {
    const path = await program(name.replaceAll(' ', '-'), body);
    await expect(openNativeProgram(path)).rejects.toThrow(message);
  });
});
