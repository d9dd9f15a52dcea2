/**
 * `simdex search`: the nearest rows of a saved index, for the vectors of a file or for one of its own rows.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { IndexingError } from '../base/errors.js';
import { widenHalvesInto } from '../base/float16.js';
import { openFileSource } from '../formats/node/file-source.js';
import { readSavedIndex } from '../formats/saved-index.js';
import { readVectors, type SearchHits, type SearchQuality, VectorIndex, type VectorMatrix } from '../index.node.js';
import { printable } from './error-text.js';
import { UsageError } from './exit.js';
import { parsePositiveInteger } from './flag-values.js';
import { addReadOptions, checkReadFlags, type ReadFlags, readOptionsOf } from './read-flags.js';

/** The flags of the command, as commander gives them. */
interface SearchFlags extends ReadFlags {
  readonly query?: string;
  readonly row?: number;
  readonly k: number;
  readonly rowsIn: 'memory' | 'file';
  readonly exact?: true;
  readonly recall?: number;
  readonly effort?: number;
  readonly json?: true;
}

export function addSearchCommand(program: Command, interrupted: AbortSignal): void {
  const command = program
    .command('search')
    .summary('find the nearest rows in a saved index')
    .description(
      'Find the rows of a saved index that are nearest to the vectors of a file, or to one of its own rows.\nThe search is exact, unless the index was saved with a graph.',
    )
    .argument('<index>', 'the index: a .safetensors file written by index --out or VectorIndex.save')
    .option('--query <file>', 'search for every vector of this file; - is standard input')
    .option('--row <n>', 'search for row n of the index, counted from 0', parseRow)
    .option('-k <n>', 'hits for each query', parsePositiveInteger, 10)
    .option(
      '--recall <share>',
      'with a graph: the share of the true hits to find, above 0, up to 1; 0.95 by default',
      parseRecall,
    )
    .option(
      '--effort <n>',
      'with a graph: size of the candidate list, at least -k; a larger one finds more and takes longer',
      parsePositiveInteger,
    )
    .option('--exact', 'scan all rows, even when there is a graph')
    .addOption(
      new Option(
        '--rows-in <place>',
        'load the rows, or leave them in the file and read only those that may be hits; the hits are the same',
      )
        .choices(['memory', 'file'])
        .default('memory'),
    );
  addReadOptions(command, 'the queries')
    .option('--json', 'print the hits as one JSON object')
    .showHelpAfterError('(simdex search --help lists the flags)')
    .addHelpText(
      'after',
      `
Examples:
  simdex search unit.safetensors --row 42
  simdex search unit.safetensors --query questions.npy -k 5 --json
  simdex search unit.safetensors --query questions.npy --recall 0.99
  simdex search unit.safetensors --row 42 --rows-in file
  embed questions.txt | simdex search unit.safetensors --query - --format jsonl`,
    )
    .action((index: string, flags: SearchFlags) => runSearch(index, flags, interrupted));
}

async function runSearch(file: string, flags: SearchFlags, interrupted: AbortSignal): Promise<void> {
  const { query, row, k, json } = flags;
  const quality = qualityOf(flags);
  if ((query === undefined) === (row === undefined)) throw new UsageError('give either --query or --row');
  if (file === '') throw new UsageError('the name of the index is empty');
  if (query !== undefined) checkReadFlags([query], flags);
  const queries = query === undefined ? [await readRow(file, row!)] : readVectors(query, readOptionsOf(flags));
  const index = await VectorIndex.load(file, { rows: flags.rowsIn, signal: interrupted });
  try {
    const found: SearchHits[] = [];
    const startedAtMs = performance.now();
    for await (const chunk of queries) {
      const hits = await index.searchBatch(chunk, k, { ...quality, signal: interrupted }).catch((error: unknown) => {
        throw query === undefined ? locate(error, row!, file) : locate(error, found.length, query);
      });
      for (const each of hits) found.push(each);
    }
    const searchTimeMs = performance.now() - startedAtMs;
    const { size, dims, metric } = index;
    const outcome: Outcome = { index: file, size, dims, metric, k, searchTimeMs, found, firstQuery: row ?? 0 };
    process.stdout.write(json ? jsonText(outcome) : plainText(outcome));
  } finally {
    await index.dispose();
  }
}

/** Quality of the search: at most one of the three flags, since only one of them can count. */
function qualityOf({ k, exact, recall, effort }: SearchFlags): SearchQuality {
  const given = Object.entries({ exact, recall, effort }).filter(([, value]) => value !== undefined);
  if (given.length > 1) throw new UsageError(`give only one of ${given.map(([name]) => `--${name}`).join(' and ')}`);
  if (effort !== undefined && effort < k)
    throw new UsageError(`--effort ${effort}: expected ${k} or more, as many as hits`);
  return Object.fromEntries(given);
}

/** One row of the index, read where it lies. */
async function readRow(file: string, row: number): Promise<VectorMatrix> {
  const source = await openFileSource(file);
  try {
    const { count, dims, precision, vectors, scales } = await readSavedIndex(source);
    if (row >= count) throw new UsageError(`--row ${row}: the index has ${count} rows, counted from 0`);
    const data = new Float32Array(dims);
    const bytes = new Uint8Array(vectors.byteLength / count);
    await source.readInto(bytes, vectors.byteOffset + bytes.length * row);
    if (precision === 'float32') {
      data.set(new Float32Array(bytes.buffer));
    } else if (precision === 'float16') {
      widenHalvesInto(new Uint32Array(data.buffer), 0, new Uint16Array(bytes.buffer));
    } else {
      const scale = new Float32Array(1);
      await source.readInto(new Uint8Array(scale.buffer), scales!.byteOffset + 4 * row);
      data.set(Float32Array.from(new Int8Array(bytes.buffer), (code) => code * scale[0]!));
    }
    return { data, dims };
  } finally {
    await source.close();
  }
}

/** Says of an error about a query which row of the file it is. */
function locate(error: unknown, first: number, file: string): unknown {
  if (!(error instanceof IndexingError) || error.vectorIndex === undefined) return error;
  const vectorIndex = first + error.vectorIndex;
  return new IndexingError(error.code, `row ${vectorIndex} of ${file} cannot be searched for`, {
    vectorIndex,
    cause: error,
  });
}

interface Outcome {
  readonly index: string;
  readonly size: number;
  readonly dims: number;
  readonly metric: string;
  readonly k: number;
  readonly searchTimeMs: number;
  readonly found: readonly SearchHits[];
  /** Number of the first query in its file. */
  readonly firstQuery: number;
}

function jsonText({ found, firstQuery, ...figures }: Outcome): string {
  const queries = found.map(({ ids, scores, exact }, i) => ({
    row: firstQuery + i,
    exact,
    hits: ids.map((id, rank) => ({ id, score: scores[rank] })),
  }));
  return `${JSON.stringify({ ...figures, queries }, null, 2)}\n`;
}

function plainText({ size, metric, searchTimeMs, found, firstQuery }: Outcome): string {
  const way = found.every(({ exact }) => exact) ? '' : ', through the graph';
  const what = `${size.toLocaleString('en')} rows by ${metric}${way}, ${searchTimeMs.toFixed(1)} ms`;
  const lines = [`Searched ${what}`];
  for (const [i, { ids, scores }] of found.entries()) {
    lines.push(`row ${firstQuery + i}`);
    for (const [rank, id] of ids.entries()) {
      const place = `${rank + 1}`.padStart(5);
      lines.push(`${place}  ${scores[rank]!.toPrecision(7).padStart(13)}  ${printable(String(id))}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function parseRecall(text: string): number {
  const recall = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(recall > 0 && recall <= 1)) throw new InvalidArgumentError('Expected a number above 0, up to 1.');
  return recall;
}

function parseRow(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new InvalidArgumentError('Expected an integer from 0 on.');
  }
  return Number(text);
}
