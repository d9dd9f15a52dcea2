/**
 * Runs a native program in a process of its own.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { IndexingError } from '../../../src/base/errors.js';
import type { NativeAnswer, NativeProgram, NativeTask } from '../native.js';

const execute = promisify(execFile);

/**
 * Rejects with `InvalidConfiguration` for a program that is missing or answers a small task wrongly.
 *
 * @param signal ends a process under way
 */
export async function openNativeProgram(path: string, signal?: AbortSignal): Promise<NativeProgram> {
  const run = async ({ count, dims, threads, order, repeats }: NativeTask) => {
    const args = [count, dims, threads, order, 'tuned', repeats].map(String);
    return readAnswer(path, await outputOf(path, args, signal));
  };
  await run({ count: 16, dims: 8, threads: 1, order: 'sorted', repeats: 1 });
  return { run };
}

async function outputOf(path: string, args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  try {
    return (await execute(path, args, { signal })).stdout;
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new IndexingError('InvalidConfiguration', `the native program ${path} failed (${reason})`, { cause });
  }
}

function readAnswer(path: string, output: string): NativeAnswer {
  const answer = parse(output);
  if (typeof answer === 'object' && answer !== null && 'minNsPerVector' in answer && 'medianNsPerVector' in answer) {
    const { minNsPerVector, medianNsPerVector } = answer;
    if (isTime(minNsPerVector) && isTime(medianNsPerVector)) return { minNsPerVector, medianNsPerVector };
  }
  const expected = 'one JSON line with positive minNsPerVector and medianNsPerVector';
  const found = output.trim().slice(0, 80) || 'nothing';
  throw new IndexingError('InvalidConfiguration', `the native program ${path} must print ${expected}, got ${found}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
