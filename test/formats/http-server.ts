/**
 * A real HTTP server on a free loopback port that answers ranges, and does wrong what a test asks for.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

export interface Asked {
  readonly first: number;
  /** Included, as asked. */
  readonly last: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The answer that is right. */
  readonly answer: () => void;
}

export interface TestServer {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  /** Of every request so far, its range. */
  readonly ranges: (string | undefined)[];
  readonly requests: IncomingMessage[];
  /** The most that were under way at a time. */
  mostAtOnce: number;
  /** What is served, at any path. */
  bytes: Uint8Array;
  etag: string | undefined;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** @param handle does something else than to answer; its requests are counted all the same */
export async function serve(bytes: Uint8Array, handle?: (asked: Asked, count: number) => void): Promise<TestServer> {
  let atOnce = 0;
  const server = createServer((request, response) => {
    served.ranges.push(request.headers.range);
    served.requests.push(request);
    atOnce++;
    served.mostAtOnce = Math.max(served.mostAtOnce, atOnce);
    response.on('close', () => atOnce--);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const [first, last] = [Number(from), Number(to)];
    const answer = () => {
      const { bytes: all, etag } = served;
      const head = etag === undefined ? {} : { ETag: etag };
      if (first >= all.length)
        return response.writeHead(416, { ...head, 'Content-Range': `bytes */${all.length}` }).end();
      const end = Math.min(last, all.length - 1);
      response.writeHead(206, {
        ...head,
        'Content-Range': `bytes ${first}-${end}/${all.length}`,
        'Content-Length': end - first + 1,
      });
      return response.end(all.subarray(first, end + 1));
    };
    if (handle) handle({ first, last, request, response, answer }, served.ranges.length);
    else answer();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const served: TestServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges: [],
    requests: [],
    mostAtOnce: 0,
    bytes,
    etag: '"v1"',
  };
  return served;
}
