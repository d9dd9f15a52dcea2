/**
 * Everything that a command writes. Each file appears under its name when all rows are in it, or not at all.
 */
import { extname } from 'node:path';
import { type AtomicFile, createAtomicFile } from '../formats/node/atomic-file.js';
import {
  type ColumnWriter,
  createColumnWriter,
  createIndexWriter,
  createVectorWriter,
  type VectorWriter,
} from '../formats/node/write-vectors.js';
import { formatOfExtension } from '../formats/registry.js';
import type { RowChunk } from '../formats/row-chunk.js';
import type { IndexingResult } from '../indexing/result/indexing-result.js';
import type { Precision } from '../memory/segment-layout.js';
import type { PartRejection } from '../parts/part-manifest.js';
import type { IndexingPerformanceReport } from '../reporting/report.js';
import type { GraphFigures } from '../reporting/report-data.js';
import type { VectorId } from '../vectors/vector-id.js';
import type { ComponentOrder } from '../vectors/vector-source.js';
import { csvCell } from './csv-cell.js';
import { UsageError } from './exit.js';
import { type GraphBuildOptions, GraphOutput } from './graph-output.js';
import type { ChunkNotes, InputFiles, RowSpan } from './input-files.js';
import { type ReportWriter, reportWriterFor, savesIndex } from './output-names.js';
import { type PartFacts, PartFile } from './part-output.js';
import { RowIds } from './row-ids.js';

export interface OutputFlags {
  readonly out?: string;
  readonly magnitudes?: string;
  readonly rejected?: string;
  readonly report?: readonly string[];
  readonly order: ComponentOrder;
  /** Whether the index is saved with a graph. */
  readonly graph?: true;
  /** What its rows are saved as. */
  readonly precision?: Precision;
  /** What the outputs hold of the input: they are parts then, each with a manifest beside it. Default: all rows. */
  readonly rows?: RowSpan;
}

/** What the outputs hold rows of. */
interface RowsToCome {
  /** Components of every row, as far as is known by now. */
  readonly dims: number | 'ragged' | undefined;
  /** Rows to come; undefined where nobody knows. */
  readonly count: number | undefined;
  /** The number of the first row. */
  readonly firstRow: number;
  /** What an error calls a row. */
  nameOf(row: number): string;
}

/** Some rows, and what was made of them. */
export interface RowsDone {
  readonly count: number;
  /** undefined where only magnitudes are there. */
  readonly rows: RowChunk | undefined;
  readonly ids: readonly VectorId[] | undefined;
  /** One for each row; undefined where only unit vectors are there. */
  readonly magnitudes: Float32Array | undefined;
  readonly rejections: readonly PartRejection[];
}

/** What all outputs have in common. */
interface Unfinished {
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** Files that an error names. */
const MOST_NAMES = 8;

export class Outputs implements AsyncDisposable {
  /** Paths, as given, in the order they are written. */
  readonly paths: readonly string[];
  readonly #unfinished: Unfinished[] = [];
  #rows: VectorWriter | undefined;
  #graph: GraphOutput | undefined;
  #magnitudes: ColumnWriter | undefined;
  #rejected: AtomicFile | undefined;
  #reports: { readonly file: AtomicFile; readonly render: ReportWriter }[] = [];
  /** Beside each output that is a part. */
  readonly #parts: { readonly file: PartFile; readonly kind: 'vectors' | 'index' | 'magnitudes' }[] = [];
  #position: number;
  #hasIds = false;
  /** undefined where no output holds ids. */
  readonly #ids: RowIds | undefined;
  readonly #source: RowsToCome;
  readonly #isIndex: boolean;

  /** Opens all outputs, so that a path which cannot be written is told before the work and not after it. */
  static async create(flags: OutputFlags, source: RowsToCome): Promise<Outputs> {
    const outputs = new Outputs(flags, source);
    try {
      await outputs.#open(flags, source);
    } catch (error) {
      await outputs[Symbol.asyncDispose]();
      throw error;
    }
    return outputs;
  }

  private constructor({ out, magnitudes, rejected, report = [] }: OutputFlags, source: RowsToCome) {
    const isIndex = out !== undefined && savesIndex(out);
    const holdsIds = isIndex || rejected !== undefined || (out !== undefined && formatOfExtension(out) === 'jsonl');
    this.#source = source;
    this.#isIndex = isIndex;
    this.#position = source.firstRow;
    this.#ids = holdsIds ? new RowIds(isIndex, (row) => source.nameOf(row)) : undefined;
    this.paths = [out, magnitudes, rejected, ...report].filter((path) => path !== undefined);
  }

  async #open(flags: OutputFlags, source: RowsToCome): Promise<void> {
    const { out, magnitudes, rejected, report = [], rows } = flags;
    const { count } = source;
    const dims = source.dims === 'ragged' ? undefined : source.dims;
    if (out !== undefined) {
      const index = { metric: 'cosine', order: flags.order, precision: flags.precision, dims } as const;
      this.#graph = flags.graph && new GraphOutput(out);
      const file = this.#graph?.rowsFile ?? out;
      this.#rows = await (savesIndex(out) ? createIndexWriter(file, index) : createVectorWriter(file, { count, dims }));
      this.#unfinished.push(this.#rows);
      if (rows) await this.#openPart(out, savesIndex(out) ? 'index' : 'vectors');
    }
    if (magnitudes !== undefined) {
      this.#magnitudes = await createColumnWriter(magnitudes, { count });
      this.#unfinished.push(this.#magnitudes);
      if (rows) await this.#openPart(magnitudes, 'magnitudes');
    }
    if (rejected !== undefined) {
      this.#rejected = await createAtomicFile(rejected);
      this.#unfinished.push(this.#rejected);
      await this.#rejected.append('index,id,code\n');
    }
    for (const path of report) {
      const file = await createAtomicFile(path);
      this.#unfinished.push(file);
      this.#reports.push({ file, render: reportWriterFor(path)! });
    }
  }

  /** Appends the rows of a chunk that was indexed. */
  write({ vectors, rejected }: IndexingResult, { ids, lengths }: ChunkNotes): Promise<void> {
    const first = this.#position;
    return this.append({
      count: vectors.length,
      rows: this.#rows && (lengths ? { rows: this.#rowsOf(vectors, lengths) } : vectors.matrix),
      ids,
      magnitudes: vectors.magnitudes,
      // A row without an id is called by its position among all rows.
      rejections: rejected.map(({ index, code }) => ({
        index: first + index,
        id: ids?.[index] ?? first + index,
        code,
      })),
    });
  }

  /** Appends rows. */
  async append({ count, rows, ids, magnitudes, rejections }: RowsDone): Promise<void> {
    const first = this.#position;
    this.#ids?.check(ids, first, count);
    this.#hasIds ||= ids !== undefined;
    // The writer would count them from 0.
    const isNumbered = ids === undefined && this.#isIndex && this.#source.firstRow > 0;
    const idsHere = isNumbered ? Array.from({ length: count }, (_, row) => first + row) : ids;
    if (this.#rows && rows) await this.#rows.write({ ...rows, ids: idsHere, magnitudes });
    if (magnitudes) await this.#magnitudes?.write(magnitudes);
    const lines = rejections.map(({ index, id, code }) => `${index},${csvCell(id)},${code}\n`);
    if (lines.length > 0) await this.#rejected?.append(lines.join(''));
    for (const { file } of this.#parts) await file.add(rejections);
    this.#position += count;
  }

  async #openPart(path: string, kind: 'vectors' | 'index' | 'magnitudes'): Promise<void> {
    this.#parts.push({ file: await PartFile.create(path), kind });
  }

  /** Builds the graph of the index, once all rows are through; undefined where none is wanted. */
  async buildGraph(options: GraphBuildOptions): Promise<GraphFigures | undefined> {
    if (!this.#graph || !this.#rows) return undefined;
    await this.#rows.finish();
    return this.#graph.build(options);
  }

  /** Makes the reports and throws them away: how long that takes is told in them. */
  tryReports(report: IndexingPerformanceReport): void {
    for (const { render } of this.#reports) render(report);
  }

  /** A rejected row is zeros, as many as it had components; one that had none is as long as all others, where they are of one length. */
  #rowsOf(vectors: IndexingResult['vectors'], lengths: readonly number[]): Float32Array[] {
    const { dims } = this.#source;
    const empty = typeof dims === 'number' ? dims : 0;
    return lengths.map((length, row) => vectors.get(row)?.normalized ?? new Float32Array(length || empty));
  }

  /**
   * Writes the reports and lets every file appear under its name.
   *
   * @param facts what the manifests of parts say; undefined where there are none
   */
  async finish(report: IndexingPerformanceReport, facts?: PartFacts): Promise<void> {
    for (const { file, render } of this.#reports) await file.append(render(report));
    for (const { file } of this.#parts) await file.removeEarlier();
    await this.#graph?.save();
    for (const output of this.#unfinished) {
      // The rows of a graph are finished already.
      if (!this.#graph || output !== this.#rows) await output.finish();
    }
    if (!facts) return;
    const { dims } = this.#source;
    for (const { file, kind } of this.#parts)
      await file.finish(facts, { kind, dims: typeof dims === 'number' ? dims : undefined, hasIds: this.#hasIds });
  }

  /** Removes what is not finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const output of this.#unfinished) await output.abort();
    for (const { file } of this.#parts) await file.abort();
    await this.#graph?.[Symbol.asyncDispose]();
  }
}

/** Refuses what headers alone tell; where only reading tells, the writer refuses the first row that does not fit. */
export function checkDims({ out }: OutputFlags, inputs: InputFiles): void {
  if (out === undefined || inputs.dims !== 'ragged' || extname(out).toLowerCase() === '.jsonl') return;
  const dims = inputs.files
    .slice(0, MOST_NAMES)
    .map(({ header }) => `${header.file} (${header.dims ?? 'unknown'})`)
    .join(', ');
  const remedy = 'name a .jsonl file, or index them one by one';
  throw new UsageError(`--out ${out} holds rows of one length, but these differ: ${dims}; ${remedy}`);
}
