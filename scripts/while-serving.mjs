// Runs a server of another program for the time of a check.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Starts a server, and calls `visit` with the first address that it writes. Then asks it to end (SIGTERM); after `limitMs` in all it is killed.
 * Gives what it wrote, on both streams, and its exit status.
 */
export async function whileServing(command, args, options, visit, limitMs = 600_000) {
  // A group of its own, since some servers leave the work to another process.
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const closed = once(child, 'close');
  const end = (signal) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, signal);
  };
  const limit = setTimeout(() => end('SIGKILL'), limitMs);
  let said = '';
  try {
    const url = await new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          said += text;
          const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
          if (found) resolve(found[0]);
        });
      }
      closed.then(([status]) => reject(new Error(`${command} ended with ${status}: ${said}`)), reject);
    });
    await visit(url);
  } finally {
    end('SIGTERM');
    await closed.finally(() => clearTimeout(limit));
  }
  const [status] = await closed;
  return { said, status };
}
