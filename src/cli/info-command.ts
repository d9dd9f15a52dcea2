/**
 * `simdex info`: what a file of vectors or a saved index holds, from its header and its first rows.
 */
import type { Command } from 'commander';
import type { ByteSource } from '../formats/format.js';
import { openSourceToRead } from '../formats/node/pipe-source.js';
import { openVectors } from '../formats/node/read-vectors.js';
import { vectorFormats } from '../formats/registry.js';
import type { RowChunk } from '../formats/row-chunk.js';
import { CALIBRATION_COLUMNS, type SavedGraphPlaces } from '../formats/saved-graph.js';
import { isSavedIndex, readSavedIndex } from '../formats/saved-index.js';
import type { GraphCalibration } from '../index.node.js';
import { canBeCompact, hasInt8Scan } from '../kernel/search/int8-bound.js';
import { keptBytes, type Precision, type RowForm } from '../memory/segment-layout.js';
import { formatDuration } from '../reporting/format.js';
import { colorsFor } from './colors.js';
import { printable } from './error-text.js';
import { addReadOptions, checkReadFlags, type ReadFlags, readOptionsOf } from './read-flags.js';

/** The graph that was saved with an index, and what it is known to find; or what is wrong with it. */
type SavedGraphInfo =
  | {
      readonly degree: number;
      readonly effort: number;
      readonly rows: number;
      readonly calibration: readonly GraphCalibration[];
    }
  | { readonly damage: string };

interface FileInfo {
  readonly file: string;
  readonly format: string;
  /** Number of vectors; null where only reading the whole file tells. */
  readonly vectors: number | null;
  readonly dims: number | 'ragged' | null;
  readonly dtype: string;
  /** Bytes of the file; null for a pipe. */
  readonly bytes: number | null;
  /** Facts about a saved index; null for other files. */
  readonly index: {
    readonly metric: string;
    readonly order: string;
    readonly precision: Precision;
    /** Whether codes were saved, without which rows are read once where they are to stay in the file. */
    readonly codes: boolean;
    /** Bytes of rows and codes where it is loaded with all rows, and with the rows in the file; null where these cannot stay there. */
    readonly memory: { readonly rowsInMemory: number; readonly rowsInFile: number | null };
    readonly graph: SavedGraphInfo | null;
  } | null;
  /** The first rows: how many were looked at, their ids' type, and their lengths in float64. */
  readonly sample: {
    readonly vectors: number;
    readonly ids: 'number' | 'string' | null;
    readonly leastMagnitude: number | null;
    readonly greatestMagnitude: number | null;
  };
}

/** Rows looked at: enough to see whether vectors have unit length, few enough to be read at once. */
const SAMPLE = 1000;

export function addInfoCommand(program: Command): void {
  const command = program
    .command('info')
    .summary('say what a file of vectors or a saved index holds')
    .description('Say what a file of vectors or a saved index holds, from its header and first rows.')
    .argument(
      '<file>',
      `a file of vectors (${vectorFormats.map((name) => `.${name}`).join(', ')}); - is standard input`,
    );
  addReadOptions(command, 'the file')
    .option('--json', 'print it as one JSON object')
    .showHelpAfterError('(simdex info --help lists the flags)')
    .addHelpText('after', '\nExamples:\n  simdex info vectors.npy\n  simdex info unit.safetensors --json')
    .action(async (file: string, { json, ...flags }: ReadFlags & { readonly json?: true }) => {
      checkReadFlags([file], flags);
      const info = await readInfo(file, flags);
      process.stdout.write(json ? `${JSON.stringify(info, null, 2)}\n` : infoText(info));
    });
}

async function readInfo(path: string, flags: ReadFlags): Promise<FileInfo> {
  const vectors = await openVectors(path, { ...readOptionsOf(flags), chunkVectors: SAMPLE });
  try {
    const { file, format, count, dims, dtype, byteLength } = vectors;
    const bytes = Number.isFinite(byteLength) ? byteLength : null;
    let first: RowChunk | undefined;
    for await (const chunk of vectors.chunks()) {
      first = chunk;
      break;
    }
    const index = format === 'safetensors' ? await readIndex(path) : null;
    const sample = sampleOf(first);
    return { file, format, vectors: count ?? null, dims: dims ?? null, dtype, bytes, index, sample };
  } finally {
    await vectors.close();
  }
}

/** null for a .safetensors file that is no saved index, which is no mistake here; one that is newer or damaged is refused. */
async function readIndex(file: string): Promise<FileInfo['index']> {
  const source = await openSourceToRead(file);
  try {
    if (!(await isSavedIndex(source))) return null;
    const { metric, order, precision, codes, count, dims, graph } = await readSavedIndex(source);
    const bytesAs = (form: RowForm, int8: boolean) => count * keptBytes({ dims, form, int8 });
    const rowsInMemory = bytesAs(precision, precision !== 'float32' || hasInt8Scan(dims));
    const rowsInFile = precision === 'int8' || !canBeCompact(dims) ? null : bytesAs('elsewhere', true);
    return {
      metric,
      order,
      precision,
      codes: codes !== undefined,
      memory: { rowsInMemory, rowsInFile },
      graph: graph ? await readGraph(source, graph) : null,
    };
  } finally {
    await source.close();
  }
}

async function readGraph(source: ByteSource, graph: SavedGraphPlaces): Promise<SavedGraphInfo> {
  if ('damage' in graph) return graph;
  const { degree, effort, parts, calibration } = graph;
  const figures = new Float64Array(calibration.shape[0]! * CALIBRATION_COLUMNS);
  await source.readInto(new Uint8Array(figures.buffer), calibration.byteOffset);
  const points = Array.from({ length: calibration.shape[0]! }, (_, i) => {
    const [k, effort, recall, , meanMs] = figures.subarray(i * CALIBRATION_COLUMNS);
    return { k: k!, effort: effort!, recall: recall!, meanMs: meanMs! };
  });
  return { degree, effort, rows: parts.reduce((sum, { rows }) => sum + rows[0]!, 0), calibration: points };
}

function sampleOf(chunk: RowChunk | undefined): FileInfo['sample'] {
  const magnitudes = chunk ? rowsOf(chunk).map((row) => magnitudeOf(row)) : [];
  const id = chunk?.ids?.[0];
  return {
    vectors: magnitudes.length,
    ids: id === undefined ? null : typeof id === 'string' ? 'string' : 'number',
    leastMagnitude: magnitudes.length > 0 ? magnitudes.reduce((a, b) => Math.min(a, b)) : null,
    greatestMagnitude: magnitudes.length > 0 ? magnitudes.reduce((a, b) => Math.max(a, b)) : null,
  };
}

function magnitudeOf(row: Float32Array): number {
  return Math.sqrt(row.reduce((sum, component) => sum + component * component, 0));
}

function rowsOf(chunk: RowChunk): readonly Float32Array[] {
  if ('rows' in chunk) return chunk.rows;
  const { data, dims } = chunk;
  return Array.from({ length: data.length / dims }, (_, row) => data.subarray(row * dims, (row + 1) * dims));
}

function infoText({ file, format, vectors, dims, dtype, bytes, index, sample }: FileInfo): string {
  const unknown = 'not known before all is read';
  const rows: [string, string][] = [
    ['format', index ? `${format}, a saved index (${index.metric}, ${index.order} order)` : format],
    ['vectors', vectors?.toLocaleString('en') ?? unknown],
    ['components', dims === 'ragged' ? 'differ' : (dims?.toLocaleString('en') ?? unknown)],
    ['numbers', dtype],
    ['bytes', bytes?.toLocaleString('en') ?? unknown],
    ['ids', sample.ids === null ? 'none' : `${sample.ids}s`],
  ];
  if (sample.leastMagnitude !== null) {
    const range = [sample.leastMagnitude, sample.greatestMagnitude!].map((value) => String(Math.fround(value)));
    rows.push(['magnitudes', `${range.join(' to ')} in the first ${sample.vectors.toLocaleString('en')}`]);
  }
  if (index) {
    const { rowsInMemory, rowsInFile } = index.memory;
    const inFile = rowsInFile === null ? '' : `, ${rowsInFile.toLocaleString('en')} with the rows in the file`;
    rows.push(['memory', `${rowsInMemory.toLocaleString('en')} bytes${inFile}`]);
  }
  rows.push(...graphRows(index?.graph ?? null));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`);
  return `${[colorsFor(process.stdout).bold(printable(file)), ...lines].join('\n')}\n`;
}

/** Hits whose calibration is shown; all of it is in the JSON. */
const SHOWN_HITS = 10;

function graphRows(graph: SavedGraphInfo | null): [string, string][] {
  if (!graph) return [];
  if ('damage' in graph) return [['graph', `damaged (${printable(graph.damage)}): searches scan all rows`]];
  const { degree, effort, rows, calibration } = graph;
  const shown = calibration.filter(({ k }) => k === SHOWN_HITS);
  return [
    ['graph', `${rows.toLocaleString('en')} rows, at most ${degree} neighbours each, built with effort ${effort}`],
    ...shown.map((point): [string, string] => [
      '',
      `effort ${String(point.effort).padStart(4)}: ${(100 * point.recall).toFixed(1)} % of the ${point.k} best, ${formatDuration(point.meanMs)} a search`,
    ]),
  ];
}
