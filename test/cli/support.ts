/**
 * What the tests of the command share: a directory of their own, files of vectors made and read by hand, the reference, and
 * the built command as a child process that may not hang.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { runWarm } from './warm-command.js';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
export const isRoot = process.getuid?.() === 0;
/** A command that takes longer hangs. */
const LIMIT_MS = 25_000;

/** A directory for the tests of a file; `at(name)` is a path in it. */
export function temporaryDirectory() {
  const path = mkdtempSync(join(tmpdir(), 'simdex-cli-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    at: (name: string) => join(path, name),
    write(name: string, content: Uint8Array | string): string {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
    read: (name: string) => readFileSync(join(path, name)),
    /** Names of what was not there at first, hidden files included. */
    names: () => readdirSync(path).sort(),
  };
}

export interface Ended {
  readonly status: number | null;
  /** What killed it; null where it ended by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A command other than this Node with the built simdex. */
  readonly command?: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stderr(): string;
  stdout(): string;
}

/** The environment without what changes colours; `more` is added. */
export function plainEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...env } = process.env;
  return { ...env, ...more };
}

/** Starts `simdex <args>`; it is killed, and its test fails, when it does not end. */
export function start(args: readonly string[], options: StartOptions = {}): Started {
  const { cwd, env = plainEnvironment(), command } = options;
  const child = spawn(command ?? process.execPath, command ? args : [CLI, ...args], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin!.on('error', () => undefined);
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const ended = once(child, 'close').then(([status, signal]) => {
    clearTimeout(limit);
    if (signal === 'SIGKILL') throw new Error(`simdex ${args.join(' ')} did not end; it wrote: ${stderr}`);
    return { status, signal, stdout, stderr } as Ended;
  });
  return { child, ended, stderr: () => stderr, stdout: () => stdout };
}

export async function run(args: readonly string[], options?: StartOptions): Promise<Ended> {
  const { child, ended } = start(args, options);
  child.stdin!.end();
  return ended;
}

/** Whether a run needs a process of its own: for what it reads and writes, or what it is given to find. */
function needsProcess(args: readonly string[], { env, command }: StartOptions): boolean {
  return env !== undefined || command !== undefined || args.some((arg) => arg === '-' || arg.startsWith('/dev/'));
}

/** Runs what must succeed. */
export async function runWell(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  const ended = await (needsProcess(args, options) ? run(args, options) : runWarm(CLI, args, options.cwd));
  expect(ended, ended.stderr).toMatchObject({ status: 0, signal: null });
  return ended;
}

/** Runs what must fail with `status` and one sentence, without a stack trace, that matches; gives the sentence. */
export async function runRefused(
  args: readonly string[],
  status: number,
  sentence: RegExp,
  options: StartOptions = {},
): Promise<string> {
  const ended = await (needsProcess(args, options) ? run(args, options) : runWarm(CLI, args, options.cwd));
  const context = `simdex ${args.join(' ')}\n${ended.stderr}`;
  expect(ended.status, context).toBe(status);
  expect(ended.stdout, context).toBe('');
  const [first, ...others] = ended.stderr.trimEnd().split('\n');
  expect(first, context).toMatch(sentence);
  expect(first, context).toMatch(/^error: /);
  // Wrong usage may be followed by where help is.
  expect(
    others.filter((line) => !line.startsWith('(')),
    context,
  ).toEqual([]);
  expect(ended.stderr, context).not.toMatch(/\bat .*[:(]\d+|node:internal|undefined|NaN/);
  return first!;
}

/** Until `condition` holds; the test's own time limit is the bound. */
export async function until(condition: () => boolean, everyMs = 2): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, everyMs));
}

export function hasEnded({ child }: Started): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Interrupts a command again and again until it ends: what comes right after the first time is part of it. */
export async function interruptUntilEnded(started: Started, interrupt: () => void): Promise<void> {
  await until(() => {
    if (!hasEnded(started)) interrupt();
    return hasEnded(started);
  }, 50);
}

/** Rows (any lengths) as .fvecs. */
export function fvecsBytes(rows: readonly (readonly number[])[]): Buffer {
  return Buffer.concat(rows.map((row) => Buffer.concat([Buffer.from(Int32Array.of(row.length).buffer), floats(row)])));
}

/** Rows as float32 .npy, the header made as NumPy makes it; `shape` where it is not count × dims. */
export function npyBytes(rows: readonly (readonly number[])[], shape?: string): Buffer {
  return Buffer.concat([npyHeader(shape ?? `(${rows.length}, ${rows[0]?.length ?? 1})`), floats(rows.flat())]);
}

export function npyHeader(shape: string, descr = '<f4'): Buffer {
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const header = Buffer.from(`\x93NUMPY\x01\x00vv${dict.padEnd(117)}\n`, 'latin1');
  header.writeUInt16LE(118, 8);
  return header;
}

function floats(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

export interface Array2D {
  readonly shape: string;
  readonly values: Float32Array;
}

export function parseNpy(bytes: Buffer): Array2D {
  expect(bytes.toString('latin1', 0, 6)).toBe('\x93NUMPY');
  const end = 10 + bytes.readUInt16LE(8);
  const [, descr, shape] = /'descr': '(.*?)', .*'shape': (\(.*?\))/.exec(bytes.toString('latin1', 10, end))!;
  expect(descr).toBe('<f4');
  return { shape: shape!, values: new Float32Array(new Uint8Array(bytes.subarray(end)).buffer) };
}

/** Rows of .fvecs that all have `dims` components. */
export function parseFvecs(bytes: Buffer, dims: number): number[][] {
  const rows: number[][] = [];
  for (let at = 0; at < bytes.length; at += 4 * (dims + 1)) {
    expect(bytes.readInt32LE(at)).toBe(dims);
    rows.push(Array.from({ length: dims }, (_, i) => bytes.readFloatLE(at + 4 * (i + 1))));
  }
  return rows;
}

export function rowsOf(values: Float32Array, dims: number): number[][] {
  return Array.from({ length: values.length / dims }, (_, row) => [...values.subarray(row * dims, (row + 1) * dims)]);
}

export interface Reference {
  /** Unit components in the order asked for; zeros for a rejected row. */
  readonly row: readonly number[];
  readonly magnitude: number;
  readonly code: 'ZeroMagnitude' | 'NonFinite' | undefined;
}

/** One row in float64, obviously. The components are first rounded to float32, as the file holds them. */
export function reference(given: readonly number[], order: 'original' | 'sorted' = 'original'): Reference {
  const components = given.map(Math.fround);
  const rejected = (code: 'ZeroMagnitude' | 'NonFinite'): Reference => ({
    row: components.map(() => 0),
    magnitude: Number.NaN,
    code,
  });
  if (!components.every(Number.isFinite)) return rejected('NonFinite');
  const magnitude = Math.sqrt(components.reduce((sum, x) => sum + x * x, 0));
  if (magnitude === 0) return rejected('ZeroMagnitude');
  const row = components.map((x) => x / magnitude);
  return { row: order === 'sorted' ? row.sort((a, b) => a - b) : row, magnitude, code: undefined };
}

/** Fails unless every number is within 1e-6 of the reference, relatively; NaN equals NaN. */
export function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [found[i]!, expected[i]!];
    const equal = Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-6 * Math.abs(b);
    if (!equal) expect.fail(`number ${i}: expected ${b}, found ${a}`);
  }
}

/** A seeded generator (mulberry32) of numbers in -1..1. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

export function randomRows(count: number, dims: number, seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => Array.from({ length: dims }, () => 10 * random()));
}
