/**
 * A regular file as a `ByteSource`. It is open from `openFileSource` until its owner calls `close()`. Reads name their
 * position, so any number of them may go on at a time.
 */
import { constants, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { IndexingError } from '../../base/errors.js';
import { malformed } from '../malformed.js';
import type { ClosableSource } from '../vector-file.js';
import { fileError } from './file-error.js';

/** The system refuses single reads of 2 GiB. */
const MAX_READ_BYTES = 2 ** 30;

/**
 * Rejects with `FileAccess` for a file that is missing, forbidden or no regular file.
 *
 * @param name what errors call it
 */
export async function openFileSource(file: string, name = file): Promise<ClosableSource> {
  const handle = await openToRead(file);
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw unreadable(name, 'it is a directory; name a file in it');
    if (!stats.isFile()) throw unreadable(name, 'it is a device, pipe or socket; save it to a file first');
    return createSource(name, handle, stats);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openToRead(file: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever. Windows has no such flag.
    return await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw fileError('read', file, cause);
  }
}

function createSource(file: string, handle: FileHandle, opened: Stats): ClosableSource {
  const byteLength = opened.size;
  let closed = false;
  const refuseClosed = () => {
    if (closed) throw new IndexingError('Disposed', `${file} was closed before its last row was read`);
  };
  return {
    name: file,
    byteLength,
    version: opened.mtime.toISOString(),

    async readInto(target, byteOffset) {
      for (let done = 0; done < target.length; ) {
        refuseClosed();
        const length = Math.min(target.length - done, MAX_READ_BYTES);
        const position = byteOffset + done;
        const { bytesRead } = await handle.read(target, done, length, position).catch((cause: unknown) => {
          throw fileError('read', file, cause);
        });
        if (bytesRead === 0)
          throw malformed(
            file,
            `byte ${position}`,
            `${byteLength} bytes, as when it was opened`,
            'the end of the file',
          );
        done += bytesRead;
      }
    },

    readUpToNow(target, byteOffset) {
      refuseClosed();
      try {
        return readSync(handle.fd, target, 0, target.length, byteOffset);
      } catch (cause) {
        throw fileError('read', file, cause);
      }
    },

    async requireUnchanged() {
      refuseClosed();
      const { size, mtimeMs } = await handle.stat().catch((cause: unknown) => {
        throw fileError('read', file, cause);
      });
      if (size === byteLength && mtimeMs === opened.mtimeMs) return;
      const what = size === byteLength ? 'its time is another' : `it has ${size} bytes, not ${byteLength}`;
      throw unreadable(file, `it was changed while it was open (${what}); load it again`);
    },

    async close() {
      closed = true;
      await handle.close();
    },
  };
}

function unreadable(file: string, reason: string): IndexingError {
  return new IndexingError('FileAccess', `cannot read ${file}: ${reason}`);
}
