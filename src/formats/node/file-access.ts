/** Node: files by path, and by http(s) URL to read; what is written appears whole. */
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FileAccess } from '../file-access.js';
import { createAtomicFile } from './atomic-file.js';
import { openFileSource } from './file-source.js';
import { httpUrlOf, openHttpSource } from './http-source.js';

export const nodeFiles: FileAccess = {
  open(file) {
    const url = httpUrlOf(file);
    return url ? openHttpSource(url) : openFileSource(file);
  },
  create: (file) => createAtomicFile(file, { durable: true }),
  // A file that is not there yet is no other's.
  identify: (file) => realpath(file).catch(() => resolve(file)),
};
