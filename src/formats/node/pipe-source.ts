/**
 * A pipe, a device or standard input as a `ByteSource`. It is read once, from front to back. It holds one piece in memory.
 */
import { createReadStream, fstatSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createForwardSource } from '../forward-source.js';
import type { ClosableSource } from '../vector-file.js';
import { fileError } from './file-error.js';
import { openFileSource } from './file-source.js';
import type { HttpOptions } from './http-ranges.js';
import { httpUrlOf, openHttpSource } from './http-source.js';

/** What stands for standard input in the place of a path. */
export const STANDARD_INPUT = '-';
/** A socket, which is what standard input may be, cannot be opened by these names. */
const OTHER_NAMES = ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];

const PIECE_BYTES = 2 ** 18;

/** Opens what a path or an http(s) URL names, to read it: a file at any place, anything else from front to back. Rejects with `FileAccess`. */
export async function openSourceToRead(path: string, http: HttpOptions = {}): Promise<ClosableSource> {
  if (path === STANDARD_INPUT || OTHER_NAMES.includes(path)) {
    const name = path === STANDARD_INPUT ? 'standard input' : path;
    // A file that was redirected is read at any place.
    return fstatSync(0).isFile() ? openFileSource('/dev/stdin', name) : createPipeSource(name, process.stdin);
  }
  const url = httpUrlOf(path);
  if (url) return openHttpSource(url, http);
  const stats = await stat(path).catch((cause: unknown) => {
    throw fileError('read', path, cause);
  });
  const isPipe = stats.isFIFO() || stats.isCharacterDevice();
  return isPipe ? createPipeSource(path, createReadStream(path, { highWaterMark: PIECE_BYTES })) : openFileSource(path);
}

/** @param stream is destroyed by `close` */
function createPipeSource(name: string, stream: Readable): ClosableSource {
  const pieces = stream.iterator({ destroyOnReturn: true }) as AsyncIterator<Uint8Array>;
  return createForwardSource(name, {
    kind: 'a pipe',
    async next() {
      for (;;) {
        const { done, value } = await pieces.next().catch((cause: unknown) => {
          throw fileError('read', name, cause);
        });
        if (done) return undefined;
        if (value.length > 0) return value;
      }
    },
    close: () => stream.destroy(),
  });
}
