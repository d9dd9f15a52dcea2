/**
 * Runs a module of this folder in a process of its own and gives what it printed as JSON.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export async function runChild(
  name: string,
  args: readonly string[] = [],
  nodeOptions: readonly string[] = [],
  timeoutMs = 110_000,
) {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeOptions, file, ...args], {
    timeout: timeoutMs,
  });
  return JSON.parse(stdout) as Record<string, number>;
}
