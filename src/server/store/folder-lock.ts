/**
 * A data folder belongs to one process at a time. The lock is a reader of an LMDB environment that is kept as long as the folder is open: LMDB
 * tells who else has one by locks of the kernel, which end with their process, however it ends.
 */
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { IndexingError, messageOf } from '../../base/errors.js';

type Lmdb = typeof import('lmdb');

export interface FolderLock {
  release(): Promise<void>;
}

/** Folders that this process has open: readers of one thread are one. */
const open = new Set<string>();

/** Makes the folder where it is missing. @throws {IndexingError} `FileAccess` where it cannot be had, saying who has it */
export function lockFolder(lmdb: Lmdb, folder: string): FolderLock {
  let path: string;
  try {
    mkdirSync(folder, { recursive: true });
    path = realpathSync(folder);
  } catch (cause) {
    throw new IndexingError('FileAccess', `the data folder ${folder}: ${messageOf(cause)}`, { cause });
  }
  if (open.has(path)) throw inUse(folder, 'a server of this process');
  const environment = openEnvironment(lmdb, join(path, 'lock'), folder);
  const reader = environment.useReadTransaction();
  environment.readerCheck();
  const [, ...readers] = environment.readerList().trim().split('\n');
  // One of the readers is this process.
  if (readers.length > 1) {
    const others = readers.map((line) => Number.parseInt(line, 10)).filter((id) => id !== process.pid);
    reader.done();
    void environment.close();
    throw inUse(folder, others.length > 0 ? `process ${others[0]}` : 'another process');
  }
  open.add(path);
  return {
    async release() {
      open.delete(path);
      reader.done();
      await environment.close();
    },
  };
}

function openEnvironment(lmdb: Lmdb, path: string, folder: string) {
  try {
    return lmdb.open({ path, noSubdir: false, overlappingSync: false, maxDbs: 1, encoding: 'binary' });
  } catch (cause) {
    throw new IndexingError('FileAccess', `the data folder ${folder}: ${messageOf(cause)}`, { cause });
  }
}

function inUse(folder: string, owner: string): IndexingError {
  return new IndexingError(
    'FileAccess',
    `the data folder ${folder} is in use by ${owner}; a folder belongs to one server at a time`,
  );
}
