/**
 * The files of a session: opened before the work, whole under their names after it, or not at all.
 */
import { type AtomicFile, createAtomicFile } from '../../../src/formats/node/atomic-file.js';
import { resultsToHtml } from '../html.js';
import { resultsToMarkdown } from '../markdown.js';
import type { BenchmarkResults } from '../results.js';

/** Paths; undefined where there is to be no such file. */
export interface OutputPaths {
  readonly html?: string | undefined;
  readonly markdown?: string | undefined;
}

export class OutputFiles implements AsyncDisposable {
  readonly #files: { readonly file: AtomicFile; readonly render: (results: BenchmarkResults) => string }[] = [];

  static async create({ html, markdown }: OutputPaths): Promise<OutputFiles> {
    const outputs = new OutputFiles();
    try {
      if (html !== undefined) outputs.#files.push({ file: await createAtomicFile(html), render: resultsToHtml });
      if (markdown !== undefined) {
        outputs.#files.push({ file: await createAtomicFile(markdown), render: resultsToMarkdown });
      }
    } catch (error) {
      await outputs[Symbol.asyncDispose]();
      throw error;
    }
    return outputs;
  }

  async finish(results: BenchmarkResults): Promise<void> {
    for (const { file, render } of this.#files) await file.append(render(results));
    for (const { file } of this.#files) await file.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { file } of this.#files) await file.abort();
  }
}
