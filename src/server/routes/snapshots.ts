/**
 * Routes of snapshots: made, listed, downloaded, deleted, and uploaded to be restored.
 */
import { createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { createAtomicFile } from '../../formats/node/atomic-file.js';
import { answer } from '../answers.js';
import type { Snapshots } from '../collections/snapshots.js';
import { boundaryOf, firstPart } from './multipart.js';
import { NAME_PARAMS, type NameRoute } from './shapes.js';

interface SnapshotRoute {
  readonly Params: { readonly name: string; readonly snapshot: string };
}

export async function snapshotRoutes(app: FastifyInstance, { snapshots }: { snapshots: Snapshots }): Promise<void> {
  // Uploads are read as they come; no other route here has a body.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  app.post<NameRoute>(
    '/collections/:name/snapshots',
    { schema: { params: NAME_PARAMS } },
    async ({ params: { name } }, reply) => answer(reply, await snapshots.create(name)),
  );

  app.get<NameRoute>(
    '/collections/:name/snapshots',
    { schema: { params: NAME_PARAMS } },
    async ({ params: { name } }, reply) => answer(reply, await snapshots.list(name)),
  );

  app.get<SnapshotRoute>(
    '/collections/:name/snapshots/:snapshot',
    { schema: { params: NAME_PARAMS } },
    async ({ params: { name, snapshot } }, reply) => {
      const path = await snapshots.find(name, snapshot);
      reply.header('content-disposition', `attachment; filename="${snapshot}"`).type('application/octet-stream');
      return reply.send(createReadStream(path));
    },
  );

  app.delete<SnapshotRoute>(
    '/collections/:name/snapshots/:snapshot',
    { schema: { params: NAME_PARAMS } },
    async ({ params: { name, snapshot } }, reply) => {
      await snapshots.delete(name, snapshot);
      return answer(reply, true);
    },
  );

  app.post<NameRoute>(
    '/collections/:name/snapshots/upload',
    { config: { streamed: true }, schema: { params: NAME_PARAMS } },
    async ({ params: { name }, raw }, reply) => {
      try {
        await snapshots.restore(name, (path) => receive(raw, path));
      } catch (error) {
        // The rest of the body is skipped, and the connection is not used again.
        raw.resume();
        reply.header('connection', 'close');
        throw error;
      }
      return answer(reply, true);
    },
  );
}

/** Writes a body, or the file in it, to a path. */
async function receive(request: IncomingMessage, path: string): Promise<void> {
  const contentType = request.headers['content-type'] ?? '';
  // A reader that stops early must not end the connection: the answer is sent on it.
  const body: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false });
  const pieces = /^multipart\/form-data/i.test(contentType) ? firstPart(body, boundaryOf(contentType)) : body;
  const out = await createAtomicFile(path);
  try {
    for await (const piece of pieces) await out.append(piece);
    await out.finish();
  } catch (error) {
    await out.abort();
    throw error;
  }
}
