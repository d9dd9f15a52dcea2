/**
 * Runs the built command again and again in one process, each time as if the process had just started: with arguments and a working
 * directory of its own, output that is handed back, and an exit status. Ends by itself once it is told that no more comes, if no run
 * has left anything that keeps a process.
 *
 * Arguments: the command's file
 */
import { pathToFileURL } from 'node:url';

const command = process.argv[2];
const home = process.cwd();
const streams = [process.stdout, process.stderr];
let runs = 0;

/** What is written to a stream goes into the list instead. */
function capture(stream, written) {
  const { write } = stream;
  stream.write = (chunk, encoding, done) => {
    written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const called = typeof encoding === 'function' ? encoding : done;
    if (called) process.nextTick(called);
    return true;
  };
  return () => {
    stream.write = write;
  };
}

async function run(args, cwd) {
  const outputs = streams.map(() => []);
  const listeners = streams.map((stream) => stream.listeners('error'));
  const restores = streams.map((stream, i) => capture(stream, outputs[i]));
  process.argv = [process.execPath, command, ...args];
  process.exitCode = undefined;
  process.chdir(cwd ?? home);
  try {
    // A module of its own each time, and so is what it keeps.
    await import(`${pathToFileURL(command)}?run=${++runs}`);
    return { status: process.exitCode, stdout: outputs[0].join(''), stderr: outputs[1].join('') };
  } finally {
    process.exitCode = undefined;
    for (const restore of restores) restore();
    for (const [i, stream] of streams.entries()) {
      for (const listener of stream.listeners('error')) {
        if (!listeners[i].includes(listener)) stream.off('error', listener);
      }
    }
  }
}

process.on('message', async ({ args, cwd }) => process.send(await run(args, cwd)));
