/**
 * A server as a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('workers/serve.mjs', import.meta.url));

export interface ServerProcess {
  readonly url: string;
  /** Ends it, and waits for its end. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** Rejects with what the process wrote where it ends at once. `wrapper` is a command that runs it. */
export async function startServer(data: string, wrapper: readonly string[] = []): Promise<ServerProcess> {
  const [command, ...args] = [...wrapper, process.execPath, program, data];
  // A server that a wrapper runs is to end with it: a group of their own.
  const isWrapped = wrapper.length > 0;
  const child: ChildProcess = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: isWrapped });
  let written = '';
  child.stderr!.on('data', (text) => {
    written += text;
  });
  const ended = once(child, 'exit');
  const first = await Promise.race([once(createInterface(child.stdout!), 'line'), ended.then(() => undefined)]);
  if (!first) throw new Error(written.trim());
  return {
    url: String(first[0]),
    async end(signal) {
      if (isWrapped) process.kill(-child.pid!, signal);
      else child.kill(signal);
      await ended;
    },
  };
}
