/**
 * The manifest beside an output that holds some rows of a larger input. Rejections are written to it while the output is made.
 * When the output has appeared, the rest is written, and the manifest appears too. The manifest of an earlier output is
 * removed before a new output replaces that output.
 */
import { rm, stat } from 'node:fs/promises';
import { type AtomicFile, createAtomicFile } from '../formats/node/atomic-file.js';
import { fileError } from '../formats/node/file-error.js';
import {
  manifestHead,
  manifestPathOf,
  manifestTail,
  type PartManifest,
  type PartOutput,
  type PartRejection,
  rejectionText,
} from '../parts/part-manifest.js';

/** What the manifests of all outputs of a run have in common. */
export type PartFacts = Omit<PartManifest, 'rejections' | 'output'>;

export class PartFile {
  readonly #part: string;
  readonly #manifest: AtomicFile;
  #isFirst = true;

  /** @param part the output it will stand beside */
  static async create(part: string): Promise<PartFile> {
    const manifest = await createAtomicFile(manifestPathOf(part));
    const file = new PartFile(part, manifest);
    await manifest.append(manifestHead);
    return file;
  }

  private constructor(part: string, manifest: AtomicFile) {
    this.#part = part;
    this.#manifest = manifest;
  }

  async add(rejections: readonly PartRejection[]): Promise<void> {
    if (rejections.length === 0) return;
    const lines = rejections.map(rejectionText).join(',\n');
    await this.#manifest.append(this.#isFirst ? lines : `,\n${lines}`);
    this.#isFirst = false;
  }

  /** Removes the manifest of what the output is about to replace, by which that is no longer a part. */
  async removeEarlier(): Promise<void> {
    const path = manifestPathOf(this.#part);
    await rm(path, { force: true }).catch((cause: unknown) => {
      throw fileError('remove', path, cause);
    });
  }

  /** Makes it appear, once the output has. A part without a manifest is of no use: where that fails, the output is removed. */
  async finish(facts: PartFacts, output: Omit<PartOutput, 'byteLength'>): Promise<void> {
    try {
      const { size } = await stat(this.#part).catch((cause: unknown) => {
        throw fileError('read', this.#part, cause);
      });
      await this.#manifest.append(manifestTail({ ...facts, output: { ...output, byteLength: size } }));
      await this.#manifest.finish();
    } catch (error) {
      await rm(this.#part, { force: true });
      throw error;
    }
  }

  abort(): Promise<void> {
    return this.#manifest.abort();
  }
}
