/**
 * How files are opened by path. Only some platforms can; the entry point of a platform sets this.
 */
import { IndexingError } from '../base/errors.js';
import type { ByteSource } from './format.js';

/** A file that appears whole or not at all, also where the power is lost. */
export interface FileToWrite {
  /** Whether `overwrite` is possible; not so where bytes go to a pipe or a device. */
  readonly seekable: boolean;
  /** Writes behind all that was appended. Wait for each call before the next. */
  append(bytes: Uint8Array): Promise<void>;
  /** Writes over bytes that were appended before. */
  overwrite(bytes: Uint8Array, byteOffset: number): Promise<void>;
  /** Makes the file appear under its name, and waits until it is on the disk. */
  finish(): Promise<void>;
  /** Removes what was written. */
  abort(): Promise<void>;
}

export interface FileAccess {
  open(file: string): Promise<ByteSource & { close(): Promise<void> }>;
  create(file: string): Promise<FileToWrite>;
  /** What two paths have in common that name the same file. */
  identify(file: string): Promise<string>;
}

let bound: FileAccess | undefined;

export function bindFiles(files: FileAccess): void {
  bound = files;
}

/** @throws {IndexingError} `InvalidConfiguration` where there are no files */
export function boundFiles(): FileAccess {
  if (bound) return bound;
  const detail = 'files cannot be opened by their path here; give and take a Blob or bytes instead';
  throw new IndexingError('InvalidConfiguration', detail);
}
