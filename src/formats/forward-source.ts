/**
 * A `ByteSource` made of pieces that come one after the other: it is read once, from front to back. It holds what is left of one piece.
 */
import { IndexingError } from '../base/errors.js';
import { malformed } from './malformed.js';
import type { ClosableSource } from './vector-file.js';

export interface ForwardPieces {
  /** For messages: `a pipe`, `a body`. */
  readonly kind: string;
  /** The next piece, not empty; undefined behind the last one. Rejects with what the reader is to be told. */
  next(): Promise<Uint8Array | undefined>;
  /** Called by the source's `close`: nobody asks for pieces any more. */
  close(): void;
}

export function createForwardSource(name: string, pieces: ForwardPieces): ClosableSource {
  let piece: Uint8Array | undefined;
  let position = 0;
  let closed = false;

  /** Takes up to `length` bytes; passes over them where there is no target. */
  async function take(length: number, target?: Uint8Array): Promise<number> {
    let done = 0;
    while (done < length) {
      if (!piece) {
        if (!closed) piece = await pieces.next();
        if (closed) throw new IndexingError('Disposed', `${name} was closed before its last row was read`);
        if (!piece) break;
      }
      const some = piece.subarray(0, length - done);
      target?.set(some, done);
      piece = some.length === piece.length ? undefined : piece.subarray(some.length);
      done += some.length;
      position += some.length;
    }
    return done;
  }

  async function readUpTo(target: Uint8Array, byteOffset: number): Promise<number> {
    if (byteOffset < position) {
      throw new IndexingError('FileAccess', `cannot read ${name}: ${pieces.kind} can be read once`);
    }
    await take(byteOffset - position);
    return position < byteOffset ? 0 : take(target.length, target);
  }

  return {
    name,
    byteLength: Number.POSITIVE_INFINITY,
    isForwardOnly: true,
    readUpTo,
    async readInto(target, byteOffset) {
      const read = await readUpTo(target, byteOffset);
      if (read === target.length) return;
      throw malformed(name, `byte ${position}`, `${target.length - read} more bytes`, 'the end');
    },
    async close() {
      closed = true;
      piece = undefined;
      pieces.close();
    },
  };
}
