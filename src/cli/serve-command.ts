/**
 * `simdex serve`: collections of vectors over HTTP.
 */
import type { Command } from 'commander';
import { createServer } from '../index.server.js';
import { parsePositiveInteger } from './flag-values.js';

interface ServeFlags {
  readonly data: string;
  readonly host: string;
  readonly port: number;
}

export function addServeCommand(program: Command, interrupted: AbortSignal): void {
  program
    .command('serve')
    .summary('serve collections of vectors over HTTP')
    .description('Serve collections of vectors over HTTP, by the REST interface of Qdrant.')
    .option('--data <dir>', 'the folder of the collections', 'simdex-data')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <n>', 'the port to listen on', parsePositiveInteger, 6333)
    .showHelpAfterError('(simdex serve --help lists the flags)')
    .addHelpText(
      'after',
      `
Examples:
  simdex serve --data vectors
  simdex serve --data vectors --port 7000`,
    )
    .action((flags: ServeFlags) => runServe(flags, interrupted));
}

async function runServe({ data, host, port }: ServeFlags, interrupted: AbortSignal): Promise<void> {
  const server = await createServer({ data });
  try {
    await server.listen({ host, port });
    process.stderr.write(`Listening on http://${host}:${port}\n`);
    await new Promise<void>((resolve) => {
      if (interrupted.aborted) resolve();
      interrupted.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await server.close();
  }
}
