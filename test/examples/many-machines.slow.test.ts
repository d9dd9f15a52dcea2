/**
 * The guide for many machines: its commands and files run as they stand there, each task in turn as its scheduler would start it. The
 * schedulers themselves are not here: what they set is set by hand.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { CLI, npyBytes, randomRows } from '../cli/support.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(join(root, 'docs/many-machines.md'), 'utf8');
const example = (name: string) => readFileSync(join(root, 'examples/many-machines', name), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'simdex-machines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = {
  ...process.env,
  PATH: [folder, dirname(process.execPath), process.env['PATH']].join(delimiter),
};
const shell = (script: string, more: NodeJS.ProcessEnv = {}) =>
  execFileSync('bash', ['-ec', script], { cwd: folder, env: { ...environment, ...more }, encoding: 'utf8' });
const read = (name: string) => readFileSync(join(folder, name));

writeFileSync(join(folder, 'simdex'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
chmodSync(join(folder, 'simdex'), 0o755);
copyFileSync(join(root, 'examples/many-machines/part.sh'), join(folder, 'part.sh'));
writeFileSync(join(folder, 'vectors.npy'), npyBytes(randomRows(100, 8, 1)));
shell('simdex index vectors.npy --out whole.safetensors --quiet');

beforeEach(() => {
  for (const name of ['parts', 'index.safetensors']) rmSync(join(folder, name), { recursive: true, force: true });
});

/** The commands of the guide that contain `words`, with two parts in place of 24. */
function commands(words: string): string {
  const lines = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => block!.trimEnd().split('\n'));
  const found = lines.filter((line) => line.includes(words) && !line.includes('part.sh FILE'));
  expect(found.length, words).toBeGreaterThan(0);
  return found[0]!.replace('seq 0 23', 'seq 0 1').replace('vectors.npy 24', 'vectors.npy 2');
}

function mergeAndCompare(): void {
  shell(commands('simdex merge parts/*.safetensors --out index.safetensors'));
  expect(read('index.safetensors').equals(read('whole.safetensors'))).toBe(true);
}

test('the guide shows the files as they are', () => {
  const shown = [...guide.matchAll(/<!-- file: (\S+) -->\n```\w+\n([\s\S]*?)```/g)];
  expect(shown.map(([, file]) => file!.split('/').at(-1))).toEqual(['part.sh', 'array.slurm', 'job.yaml']);
  for (const [, file, text] of shown) expect(text).toBe(readFileSync(join(root, file!), 'utf8'));
});

describe('parts as the guide makes them', () => {
  test('in a loop, and again where one is missing', () => {
    shell(commands('for i in'));
    const before = read('parts/0.safetensors.part.json');
    rmSync(join(folder, 'parts/1.safetensors'));
    rmSync(join(folder, 'parts/1.safetensors.part.json'));
    shell(commands('for i in'));
    expect(read('parts/0.safetensors.part.json')).toEqual(before);
    mergeAndCompare();
  });

  test('by xargs', () => {
    shell(commands('xargs -P'));
    expect(JSON.parse(read('parts/1.safetensors.part.json').toString()).rows).toEqual({
      first: 50,
      last: 100,
      total: 100,
    });
    mergeAndCompare();
  });

  const hasParallel = spawnSync('parallel', ['--version']).status === 0;
  test.skipIf(!hasParallel)('by GNU parallel, on this machine (skipped without parallel)', () => {
    writeFileSync(join(folder, 'machines'), ':\n');
    shell(commands('parallel --sshloginfile'));
    mergeAndCompare();
  });

  test('by the tasks of a Slurm array', () => {
    const script = example('array.slurm');
    expect(script).toMatch(/^#!\/bin\/bash\n(#SBATCH --[\w-]+=\S+\n)+/);
    for (let task = 0; task < 2; task++)
      shell(script, { SLURM_ARRAY_TASK_COUNT: '2', SLURM_ARRAY_TASK_ID: String(task) });
    const [, wrapped] = /--wrap '(.*)'/.exec(commands('sbatch --dependency'))!;
    shell(wrapped!);
    expect(read('index.safetensors').equals(read('whole.safetensors'))).toBe(true);
  });

  test('by the pods of a Kubernetes Job', () => {
    const job = example('job.yaml');
    const [, command] = /command: \[sh, -c, '(.*)'\]/.exec(job)!;
    const [, completions] = /completions: (\d+)/.exec(job)!;
    const [, parts] = /name: PARTS\n\s+value: "(\d+)"/.exec(job)!;
    expect(parts).toBe(completions);
    for (let pod = 0; pod < 2; pod++) shell(command!, { PARTS: '2', JOB_COMPLETION_INDEX: String(pod) });
    mergeAndCompare();
  });
});
