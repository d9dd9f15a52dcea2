/**
 * Files behind http URLs: read by ranges, right to the byte, and every wrong of a server ends in words, in bounded time and memory.
 */
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openHttpSource } from '../../src/formats/node/http-source.js';
import { openVectors, readVectors } from '../../src/formats/node/read-vectors.js';
import type { VectorFormat } from '../../src/formats/registry.js';
import { type Asked, serve, type TestServer } from './http-server.js';
import { byteRows, ids, rows, samples } from './samples.js';
import { collectRows } from './support.js';

const quick = { stallMs: 300, retries: 2, backoffMs: 1 };
const open = ({ origin }: TestServer, options = quick) => openHttpSource(new URL(`${origin}/a.npy`), options);
const MIB = 2 ** 20;

/** Bytes of which no two places look alike. */
function patterned(length: number): Uint8Array {
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, (_, i) => Math.imul(i + 1, 2_654_435_761));
  return new Uint8Array(words.buffer, 0, length);
}

describe('what is right', () => {
  const withIds = ['safetensors', 'jsonl', 'csv', 'parquet', 'arrow'];

  test.each(Object.keys(samples) as VectorFormat[])('.%s is read as from a file', async (name) => {
    const server = await serve(Uint8Array.from(await samples[name]!()));
    const expected = { rows: name === 'bvecs' ? byteRows : rows, ids: withIds.includes(name) ? ids : [] };
    const address = `${server.origin}/folder/sample.${name}?signature=secret`;
    expect(await collectRows(readVectors(address))).toEqual(expected);
    expect(await collectRows(readVectors(new URL(address), { chunkVectors: 1 }))).toEqual(expected);
    const vectors = await openVectors(address);
    expect([vectors.file, vectors.version]).toEqual([`${server.origin}/folder/sample.${name}`, '"v1"']);
    await vectors.close();
  });

  test('any piece of a large file, in any order, by requests at a time of which none is for all of it', async () => {
    const bytes = patterned(20 * MIB + 12_345);
    // A server at a distance.
    const server = await serve(bytes, ({ answer }) => setTimeout(answer, 20));
    const source = await open(server, { ...quick, stallMs: 5000 });
    expect(source.byteLength).toBe(bytes.length);
    const pieces: [number, number][] = [
      [0, 10],
      [65_530, 20],
      [3 * MIB + 1, 9 * MIB + 7],
      [bytes.length - 5, 5],
      [bytes.length - 2 * MIB, 2 * MIB],
      [7, 0],
    ];
    await Promise.all(
      pieces.map(async ([at, length]) => {
        const target = new Uint8Array(length);
        await source.readInto(target, at);
        expect(Buffer.compare(target, bytes.subarray(at, at + length))).toBe(0);
      }),
    );
    expect(server.mostAtOnce).toBeGreaterThan(1);
    expect(server.mostAtOnce).toBeLessThanOrEqual(8);
    for (const range of server.ranges) {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range!)!;
      expect(Number(last) - Number(first)).toBeLessThan(4 * MIB);
    }
    await expect(source.readInto(new Uint8Array(10), bytes.length - 5)).rejects.toThrow(/the end of the file/);
    await source.close();
    await expect(source.readInto(new Uint8Array(100_000), 0)).rejects.toMatchObject({ code: 'Disposed' });
  });

  test('small reads that lie together share a request', async () => {
    const server = await serve(patterned(300_000));
    const source = await open(server);
    for (let at = 0; at < 200_000; at += 1000) {
      const target = new Uint8Array(8);
      await source.readInto(target, at);
      expect(target).toEqual(server.bytes.slice(at, at + 8));
    }
    expect(server.ranges.length).toBe(4);
    await source.close();
  });

  test('an empty file, and a server that gives less at a time than it is asked for', async () => {
    const empty = await open(await serve(new Uint8Array(0)));
    expect(empty.byteLength).toBe(0);
    await empty.close();
    const server = await serve(patterned(200_000), ({ first, last, response }) => {
      const end = Math.min(last, first + 49_999, 199_999);
      response.writeHead(206, { ETag: '"v1"', 'Content-Range': `bytes ${first}-${end}/200000` });
      response.end(server.bytes.subarray(first, end + 1));
    });
    const source = await open(server);
    const target = new Uint8Array(200_000);
    await source.readInto(target, 0);
    expect(Buffer.compare(target, server.bytes)).toBe(0);
    await source.close();
  });
});

describe('what may go well another time', () => {
  const flaky: Record<string, (asked: Asked) => void> = {
    'a status that passes': ({ response }) => response.writeHead(503).end(),
    'too many requests': ({ response }) => response.writeHead(429, { 'Retry-After': '0' }).end(),
    'a connection that is cut': ({ response }) => response.destroy(),
    'a body that is cut': ({ first, last, response }) => {
      response.writeHead(206, {
        ETag: '"v1"',
        'Content-Range': `bytes ${first}-${last}/1000000`,
        'Content-Length': last - first + 1,
      });
      response.write(patterned(1_000_000).subarray(first, first + 100), () => response.destroy());
    },
    'a stall before the answer': () => undefined,
    'a stall within the body': ({ first, last, response }) => {
      response.writeHead(206, { ETag: '"v1"', 'Content-Range': `bytes ${first}-${last}/1000000` });
      response.write(patterned(1_000_000).subarray(first, first + 100));
    },
  };

  test.each(Object.keys(flaky))('%s', async (kind) => {
    // Every second request goes wrong.
    const server = await serve(patterned(1_000_000), (asked, count) =>
      count % 2 === 0 ? flaky[kind]!(asked) : asked.answer(),
    );
    const source = await open(server, { ...quick, retries: 9 });
    const target = new Uint8Array(1_000_000);
    await source.readInto(target, 0);
    expect(Buffer.compare(target, server.bytes)).toBe(0);
    await source.close();

    const always = await serve(patterned(1_000_000), (asked, count) =>
      count > 1 ? flaky[kind]!(asked) : asked.answer(),
    );
    const given = await open(always, { ...quick, retries: 1, stallMs: 50 });
    await expect(given.readInto(new Uint8Array(100_000), 200_000)).rejects.toMatchObject({
      code: 'FileAccess',
      message: expect.stringMatching(/a\.npy: (the server|the connection).*, also when it was tried 1 more times/),
    });
    expect(always.ranges.length).toBe(3);
    await given.close();
  });

  test('closing ends what is under way, pauses included', async () => {
    for (const wrong of ['a stall before the answer', 'a status that passes']) {
      const server = await serve(patterned(1_000_000), (asked, count) =>
        count > 1 ? flaky[wrong]!(asked) : asked.answer(),
      );
      const source = await open(server, { stallMs: 60_000, retries: 9, backoffMs: 60_000 });
      const reading = expect(source.readInto(new Uint8Array(500_000), 100_000)).rejects.toMatchObject({
        code: 'Disposed',
      });
      while (server.ranges.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      await source.close();
      await reading;
    }
  });
});

describe('what is refused', () => {
  const head = ({ first, last }: Asked, total: number | string = 1_000_000) => ({
    ETag: '"v1"',
    'Content-Range': `bytes ${first}-${last}/${total}`,
  });
  const answers: Record<string, [(asked: Asked) => void, RegExp]> = {
    'a server that ignores ranges': [
      ({ response }) => {
        response.writeHead(200, { 'Content-Length': 1e12 });
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(MIB)));
        };
        response.on('drain', more);
        more();
      },
      /the server ignores ranges/,
    ],
    'more bytes than were asked for': [
      (asked) => {
        asked.response.writeHead(206, head(asked));
        const more = () => {
          while (!asked.response.destroyed && asked.response.write(Buffer.alloc(MIB)));
        };
        asked.response.on('drain', more);
        more();
      },
      /sent more than the \d+ bytes/,
    ],
    'a length that does not fit the range': [
      (asked) => asked.response.writeHead(206, { ...head(asked), 'Content-Length': 5 }).end('abcde'),
      /says that bytes \d+-\d+\/1000000 has 5 bytes/,
    ],
    'another range': [
      ({ first, last, response }) =>
        response.writeHead(206, { 'Content-Range': `bytes ${first + 1}-${last}/1000000` }).end(),
      /another range than it was asked for/,
    ],
    'a range beyond the file': [(asked) => asked.response.writeHead(206, head(asked, 10)).end(), /another range/],
    'a file of no known size': [
      (asked) => asked.response.writeHead(206, head(asked, '*')).end(),
      /does not say which range/,
    ],
    'no range at all': [({ response }) => response.writeHead(206).end('abc'), /does not say which range/],
    'a size beyond all numbers': [
      (asked) => asked.response.writeHead(206, head(asked, '9'.repeat(30))).end(),
      /another range/,
    ],
    'an encoding': [
      (asked) => asked.response.writeHead(206, { ...head(asked), 'Content-Encoding': 'gzip' }).end(),
      /in the encoding "gzip"/,
    ],
    'no access': [({ response }) => response.writeHead(403).end(), /refuses access \(403 Forbidden\)/],
    'no file': [({ response }) => response.writeHead(404).end(), /there is no such file \(404 Not Found\)/],
    'a status of its own': [({ response }) => response.writeHead(418, 'Teapot').end(), /answered 418 Teapot/],
    'a redirect to another scheme': [
      ({ response }) => response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
      /redirected to file:/,
    ],
    'a redirect without an address': [({ response }) => response.writeHead(302).end(), /redirected without an address/],
    'redirects without end': [
      ({ response }) => response.writeHead(302, { Location: '/again.npy' }).end(),
      /redirected more than 5 times/,
    ],
  };

  test.each(Object.keys(answers))('%s, at the first request and later', async (kind) => {
    const [answer, sentence] = answers[kind]!;
    const refusal = { code: 'FileAccess', message: expect.stringMatching(sentence) };
    await expect(open(await serve(patterned(1_000_000), answer))).rejects.toMatchObject(refusal);
    const server = await serve(patterned(1_000_000), (asked, count) => (count > 1 ? answer(asked) : asked.answer()));
    const source = await open(server);
    const before = process.memoryUsage().arrayBuffers;
    await expect(source.readInto(new Uint8Array(100_000), 200_000)).rejects.toMatchObject(refusal);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
    await source.close();
  });

  test('a file that was changed meanwhile: its ETag, its size, its time', async () => {
    const changes: [(server: TestServer) => void, RegExp][] = [
      [(server) => Object.assign(server, { etag: '"v2"' }), /it was changed while it was read \(its ETag is another\)/],
      [(server) => Object.assign(server, { etag: undefined }), /it was changed while it was read/],
      [(server) => Object.assign(server, { bytes: patterned(900_000) }), /it had 1000000 bytes and has 900000/],
      [(server) => Object.assign(server, { bytes: patterned(100_000) }), /shorter than it was; it was changed/],
    ];
    for (const [change, sentence] of changes) {
      const server = await serve(patterned(1_000_000));
      const source = await open(server);
      await source.readInto(new Uint8Array(100_000), 300_000);
      change(server);
      await expect(source.readInto(new Uint8Array(100_000), 500_000)).rejects.toThrow(sentence);
      await source.close();
    }
  });

  test('a server that drips is not waited for without end', async () => {
    const server = await serve(patterned(1_000_000), (asked, count) => {
      if (count === 1) return asked.answer();
      asked.response.writeHead(206, head(asked));
      const timer = setInterval(() => asked.response.write('x'), 10);
      asked.response.on('close', () => clearInterval(timer));
    });
    const source = await open(server, { stallMs: 100, retries: 0, backoffMs: 1 });
    await expect(source.readInto(new Uint8Array(100_000), 200_000)).rejects.toThrow(/the server is too slow/);
    await source.close();
  });

  test('a host that nobody knows, a port that nobody answers, what is no HTTP', async () => {
    await expect(openHttpSource(new URL('http://nobody.invalid/a.npy'), quick)).rejects.toThrow(/a\.npy: /);
    await expect(openHttpSource(new URL('http://127.0.0.1:1/a.npy'), quick)).rejects.toThrow(/connection refused/);
    const other = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('220 smtp\r\n'),
    );
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(openHttpSource(new URL(`http://127.0.0.1:${port}/a.npy`), quick)).rejects.toMatchObject({
      code: 'FileAccess',
    });
    await new Promise((resolve) => other.close(resolve));
    await expect(openVectors(new URL('ftp://host/a.npy'))).rejects.toMatchObject({ code: 'InvalidConfiguration' });
  });
});

describe('credentials', () => {
  test('go to the origin of the URL only, and into no message', async () => {
    const other = await serve(patterned(1000));
    const server = await serve(patterned(1000), ({ request, response, answer }) =>
      request.url === '/here.npy'
        ? answer()
        : response
            .writeHead(307, {
              Location: request.url === '/away.npy' ? `${other.origin.replace('//', '//x:y@')}/b.npy` : '/here.npy',
            })
            .end(),
    );
    const expected = `Basic ${Buffer.from('us er:pass:wörd').toString('base64')}`;
    const authorized = server.origin.replace('//', '//us%20er:pass%3Aw%C3%B6rd@');
    const near = await openHttpSource(new URL(`${authorized}/near.npy?token=1`), quick);
    expect(server.requests.map(({ headers, url }) => [url, headers.authorization])).toEqual([
      ['/near.npy?token=1', expected],
      ['/here.npy', expected],
    ]);
    expect(near.name).toBe(`${server.origin}/near.npy`);
    await near.close();
    const away = await openHttpSource(new URL(`${authorized}/away.npy`), quick);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    for (const { headers } of other.requests) expect([headers.cookie, headers.referer]).toEqual([undefined, undefined]);
    await away.close();
    server.etag = undefined;
    const wrong = openHttpSource(new URL(`${authorized.replace(/\d+$/, '1')}/a.npy?token=secret`), quick);
    const error: Error = await wrong.then(
      () => expect.fail('it was read'),
      (refused) => refused,
    );
    expect(error.message).not.toMatch(/secret|pass|us er|us%20er/);
  });

  test('with percent signs that stand for nothing go as they are', async () => {
    const server = await serve(patterned(1000));
    const source = await openHttpSource(new URL(`${server.origin.replace('//', '//50%:100%@')}/a.npy`), quick);
    expect(server.requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from('50%:100%').toString('base64')}`);
    await source.close();
  });

  test('a redirect that has expired is asked for again', async () => {
    let signature = 1;
    const target = await serve(patterned(1_000_000), ({ request, response, answer }) =>
      request.url === `/b.npy?${signature}` ? answer() : response.writeHead(403).end(),
    );
    const server = await serve(new Uint8Array(0), ({ response }) =>
      response.writeHead(302, { Location: `${target.origin}/b.npy?${signature}` }).end(),
    );
    const source = await open(server);
    signature = 2;
    const bytes = new Uint8Array(100_000);
    await source.readInto(bytes, 300_000);
    expect(Buffer.compare(bytes, target.bytes.subarray(300_000, 400_000))).toBe(0);
    await source.close();
  });
});
