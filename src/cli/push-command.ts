/**
 * `simdex push`: sends a file of vectors to a server, batch by batch. Every row has an id before it is sent, so a batch that arrives twice,
 * or a command that is run again, stores nothing twice.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { vectorFormats } from '../formats/registry.js';
import { countOf } from '../reporting/format.js';
import { isLoopbackHost } from '../server/door/loopback.js';
import { printable } from './error-text.js';
import { UsageError } from './exit.js';
import { givenOnce } from './flag-values.js';
import { startProgress } from './progress.js';
import { type Batch, openBatches } from './push/batches.js';
import { HttpClient } from './push/http.js';
import { countPoints, createCollection, type Distance, dimsOf, findServer } from './push/servers.js';
import { addReadOptions, checkReadFlags, type ReadFlags, readOptionsOf } from './read-flags.js';
import { readKey } from './serve-command.js';

/** The flags of the command, as commander gives them. */
interface PushFlags extends ReadFlags {
  readonly url: string;
  readonly collection: string;
  readonly apiKeyFile?: string;
  readonly create?: Distance;
  readonly firstId?: number;
  readonly json?: true;
  readonly quiet?: true;
}

export function addPushCommand(program: Command, interrupted: AbortSignal): void {
  const command = program
    .command('push')
    .summary('send a file of vectors to a server')
    .description(
      'Send the rows of a file to a collection of a simdex server or of Qdrant. Ids come from the file if it has them. Payloads come from the key payload in lines of .jsonl. A point whose id exists is replaced.',
    )
    .argument(
      '<file>',
      `a file of vectors (${vectorFormats.map((name) => `.${name}`).join(', ')}); - is standard input`,
    )
    .requiredOption('--url <url>', 'where the server is, for example http://127.0.0.1:6333', parseUrl)
    .requiredOption('--collection <name>', 'the collection', givenOnce)
    .option('--api-key-file <file>', 'file with the API key', givenOnce)
    .addOption(
      new Option('--create <distance>', 'make the collection if it does not exist').choices([
        'Cosine',
        'Dot',
        'Euclid',
      ]),
    )
    .option('--first-id <n>', 'id of the first row, for files without ids; 0 for an empty collection', parseId);
  addReadOptions(command, 'the file')
    .option('--json', 'print the summary as one JSON object')
    .option('--quiet', 'print no progress and, without --json, no summary')
    .showHelpAfterError('(simdex push --help lists the flags)')
    .addHelpText(
      'after',
      `
Examples:
  simdex push vectors.npy --url http://127.0.0.1:6333 --collection texts
  simdex push b.npy --url http://127.0.0.1:6333 --collection c --first-id 500
  simdex push points.jsonl --url https://vectors.example --collection texts \\
    --api-key-file key.txt --create Cosine`,
    )
    .action((file: string, flags: PushFlags) => runPush(file, flags, interrupted));
}

async function runPush(file: string, flags: PushFlags, interrupted: AbortSignal): Promise<void> {
  const { url, collection, create, json, quiet = false } = flags;
  checkReadFlags([file], flags);
  if (collection === '') throw new UsageError('--collection: the name is empty');
  const apiKey = flags.apiKeyFile === undefined ? undefined : readKey('--api-key-file', flags.apiKeyFile);
  const tell = (message: string) => {
    if (!quiet) process.stderr.write(`${message}\n`);
  };
  if (apiKey !== undefined && isReadable(url))
    tell('warning: the key goes over the network unencrypted; use an https URL');
  const http = new HttpClient(url, apiKey, interrupted, tell);
  const startedAtMs = performance.now();
  const server = await findServer(http, { collection, column: flags.column });
  const points = await countPoints(http, collection);
  if (points === undefined && create === undefined)
    throw new UsageError(`there is no collection ${printable(collection)} at ${url}; --create Cosine makes it`);
  const input = await openBatches(file, readOptionsOf(flags), server.batchBytes);
  const progress = startProgress(input.count, `to ${server.name}`, quiet);
  const sums = { stored: 0, rejected: 0, rows: 0 };
  let firstId = flags.firstId;
  try {
    for await (const batch of input.batches) {
      if (sums.rows === 0) {
        firstId ??= firstIdFor(batch, points ?? 0, collection);
        if (points === undefined) await createCollection(http, collection, dimsOf(batch, flags.column), create!);
      }
      const { stored, rejected } = await server.send(batch, firstId ?? 0).catch((error: unknown) => {
        throw located(error, batch, firstId ?? 0);
      });
      sums.stored += stored;
      sums.rejected += rejected;
      sums.rows += batch.count;
      const share = input.readShare();
      progress.advance(
        batch.count,
        input.count ?? (share ? Math.max(sums.rows, Math.round(sums.rows / share)) : sums.rows),
      );
    }
  } finally {
    progress.stop();
  }
  const elapsedMs = performance.now() - startedAtMs;
  if (json)
    process.stdout.write(`${JSON.stringify({ server: server.name, url, collection, ...sums, elapsedMs }, null, 2)}\n`);
  else if (!quiet) process.stdout.write(summaryText(sums, collection, elapsedMs));
}

/** Numbers that are taken already would replace what is there, which only the user can want. */
function firstIdFor({ rows }: Batch, points: number, collection: string): number {
  const hasIds = 'lines' in rows ? /^\s*\{.*"id"\s*:/.test(rows.lines[0]!) : rows.ids !== undefined;
  if (hasIds || points === 0) return 0;
  throw new UsageError(
    `${printable(collection)} has ${countOf(points, 'point')}, and the rows have no ids; say with --first-id which numbers they get (points with these numbers are replaced)`,
  );
}

function located(error: unknown, { first, count }: Batch, firstId: number): unknown {
  if (!(error instanceof Error) || error.name === 'AbortError') return error;
  const before =
    first === 0
      ? ''
      : `; the rows before them are stored, and the same command with --first-id ${firstId} sends all again`;
  return new Error(`rows ${first} to ${first + count - 1} were not taken: ${error.message}${before}`, { cause: error });
}

function summaryText(sums: { stored: number; rejected: number }, collection: string, elapsedMs: number): string {
  const rate = Math.round((1000 * sums.stored) / Math.max(1, elapsedMs)).toLocaleString('en');
  const rejected = sums.rejected === 0 ? '' : `, ${countOf(sums.rejected, 'row')} rejected`;
  return `Stored ${countOf(sums.stored, 'vector')} in ${printable(collection)}${rejected}, ${rate}/s\n`;
}

function isReadable(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopbackHost(hostname);
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new InvalidArgumentError('Expected an http or https URL.');
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('Expected no user and password in it; a key belongs into --api-key-file.');
  if (url.search !== '' || url.hash !== '') throw new InvalidArgumentError('Expected a URL without ? and #.');
  return url.href.replace(/\/+$/, '');
}

function parseId(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('Expected an integer from 0 on.');
  return Number(text);
}
