/** Node: files by path; what is written appears whole. */
import type { FileAccess } from '../file-access.js';
import { createAtomicFile } from './atomic-file.js';
import { openFileSource } from './file-source.js';

export const nodeFiles: FileAccess = {
  open: openFileSource,
  create: (file) => createAtomicFile(file, { durable: true }),
};
