/**
 * The body of a request as a source that is read from front to back, once. At most some megabytes wait to be read: a client that sends faster is held
 * up. Closing it passes over the rest and leaves the connection, on which the answer goes.
 */
import type { IncomingMessage } from 'node:http';
import { createForwardSource } from '../../formats/forward-source.js';
import type { ClosableSource } from '../../formats/vector-file.js';
import { RequestError } from '../errors.js';

const MOST_WAITING_BYTES = 2 ** 22;

export function createBodySource(name: string, request: IncomingMessage): ClosableSource {
  /** Pieces of the body that wait to be read; none is empty. */
  const pieces: Uint8Array[] = [];
  let waitingBytes = 0;
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

  return createForwardSource(name, {
    kind: 'a body',
    async next() {
      while (pieces.length === 0 && state === 'open') {
        if (fault) throw fault;
        request.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const piece = pieces.shift();
      waitingBytes -= piece?.length ?? 0;
      return piece;
    },
    close: () => {
      change(() => {
        state = 'closed';
        pieces.length = 0;
        waitingBytes = 0;
      });
      request.resume();
    },
  });
}
