/**
 * The body of a request as a source that is read from front to back, once. At most some megabytes wait to be read: a client that sends faster is held
 * up. Closing it passes over the rest and leaves the connection, on which the answer goes.
 */
import type { IncomingMessage } from 'node:http';
import { IndexingError } from '../../base/errors.js';
import { malformed } from '../../formats/malformed.js';
import type { ClosableSource } from '../../formats/vector-file.js';
import { RequestError } from '../errors.js';

const MOST_WAITING_BYTES = 2 ** 22;

export function createBodySource(name: string, request: IncomingMessage): ClosableSource {
  const pieces: Uint8Array[] = [];
  let waitingBytes = 0;
  let position = 0;
  let state: 'open' | 'ended' | 'closed' = 'open';
  let fault: RequestError | undefined;
  let wake: (() => void) | undefined;

  const change = (work: () => void) => {
    work();
    wake?.();
  };
  request.on('data', (piece: Uint8Array) =>
    change(() => {
      if (state === 'closed') return;
      pieces.push(piece);
      waitingBytes += piece.length;
      if (waitingBytes >= MOST_WAITING_BYTES) request.pause();
    }),
  );
  request.on('end', () =>
    change(() => {
      if (state === 'open') state = 'ended';
    }),
  );
  const fail = () =>
    change(() => {
      fault ??= new RequestError(400, 'The client went away before the end of the body');
    });
  request.on('error', fail);
  request.on('close', () => {
    if (!request.complete) fail();
  });

  /** Takes up to `length` bytes; passes over them where there is no target. */
  async function take(length: number, target?: Uint8Array): Promise<number> {
    let done = 0;
    while (done < length) {
      const [piece] = pieces;
      if (!piece) {
        if (fault) throw fault;
        if (state === 'closed') throw new IndexingError('Disposed', `${name} was closed before its last row was read`);
        if (state === 'ended') break;
        request.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const some = piece.subarray(0, length - done);
      target?.set(some, done);
      if (some.length === piece.length) pieces.shift();
      else pieces[0] = piece.subarray(some.length);
      waitingBytes -= some.length;
      done += some.length;
      position += some.length;
    }
    return done;
  }

  async function readUpTo(target: Uint8Array, byteOffset: number): Promise<number> {
    if (byteOffset < position) throw new IndexingError('FileAccess', `cannot read ${name}: a body can be read once`);
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
      change(() => {
        state = 'closed';
        pieces.length = 0;
        waitingBytes = 0;
      });
      request.resume();
    },
  };
}
