/**
 * `simdex serve`: runs the server until it is told to stop. Then it finishes the requests that have begun, and closes
 * everything.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { messageOf } from '../base/errors.js';
import type { ServerOptions } from '../server/options.js';
import { type Interrupts, orUsageError, UsageError, untilAborted } from './exit.js';
import { addServeOptions, resolveSettings, type ServeFlags, type ServeSettings } from './serve-settings.js';

/** Time for requests under way to be answered, in milliseconds. Container systems kill after ten seconds. */
const DRAIN_MS = 8000;
/** Time for closing the store, beyond the time to drain. */
const CLOSE_MS = 60_000;

export function addServeCommand(program: Command, interrupts: Pick<Interrupts, 'signal' | 'allow'>): void {
  const command = program
    .command('serve')
    .summary('serve collections of vectors over HTTP')
    .description(
      'Serve collections of vectors over HTTP, with the REST interface of Qdrant. Every setting can also be given in the environment (--max-body as SIMDEX_MAX_BODY) or in a JSON file (maxBody); flags come first, then the environment, then the file.',
    );
  addServeOptions(command)
    .showHelpAfterError('(simdex serve --help lists the flags)')
    .addHelpText(
      'after',
      `
Examples:
  simdex serve --data ./vectors
  simdex serve --host 0.0.0.0 --api-key-file key.txt
  simdex serve --config serve.json --port 7000

The dashboard is at http://127.0.0.1:6333/dashboard, metrics are at /metrics.`,
    )
    .action((flags: ServeFlags) => runServe(flags, interrupts));
}

async function runServe(flags: ServeFlags, interrupts: Pick<Interrupts, 'signal' | 'allow'>): Promise<void> {
  const { settings, unknownVariables } = resolveSettings(flags, process.env);
  const options = serverOptionsOf(settings);
  interrupts.allow(DRAIN_MS + CLOSE_MS);
  const { createServer } = await import('../index.server.js');
  const app = await orUsageError(createServer(options));
  try {
    for (const name of unknownVariables)
      app.log.warn({ variable: name }, 'a variable of the environment is no setting');
    if (!interrupts.signal.aborted) await app.listen({ host: settings.host, port: settings.port });
    await untilAborted(interrupts.signal);
    app.log.info('stopping: requests under way are answered first');
  } finally {
    const limit = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    await app.close();
    clearTimeout(limit);
  }
}

function serverOptionsOf(settings: ServeSettings): ServerOptions {
  const { apiKeyFile, readOnlyApiKeyFile, tlsCert, tlsKey, transferTimeout } = settings;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new UsageError('--tls-cert and --tls-key go together');
  return {
    data: settings.data,
    host: settings.host,
    threads: settings.threads,
    cors: settings.cors,
    apiKey: apiKeyFile === undefined ? undefined : readKey('--api-key-file', apiKeyFile),
    readOnlyApiKey:
      readOnlyApiKeyFile === undefined ? undefined : readKey('--read-only-api-key-file', readOnlyApiKeyFile),
    tls:
      tlsCert === undefined
        ? undefined
        : { cert: readFlagFile('--tls-cert', tlsCert), key: readFlagFile('--tls-key', tlsKey!) },
    maxMemoryBytes: settings.maxMemory,
    maxBodyBytes: settings.maxBody,
    maxConnections: settings.maxConnections,
    transferTimeoutMs: transferTimeout === undefined ? undefined : transferTimeout * 1000,
    logLevel: settings.logLevel,
  };
}

/** Editors end a file with a line break, which is no part of the key. */
export function readKey(flag: string, file: string): string {
  const key = readFlagFile(flag, file).replace(/\r?\n$/, '');
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new UsageError(`${flag} ${file}: expected one line of visible ASCII characters without spaces`);
  return key;
}

function readFlagFile(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${flag} ${file}: cannot be read: ${messageOf(error)}`);
  }
}
