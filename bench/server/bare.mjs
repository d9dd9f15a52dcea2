// What the server is compared with: a Fastify route that parses the JSON of an upsert and does nothing, and one that writes its body to the file that
// is named as the first argument, with fsync. Prints its port.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import fastify from 'fastify';

const app = fastify({ bodyLimit: 32 * 2 ** 20 });
app.put('/collections/:name/points', (request) => ({
  status: 'ok',
  time: 0,
  result: { count: request.body.points.length },
}));
app.addContentTypeParser('application/octet-stream', (_request, body, done) => done(null, body));
app.put('/file', async ({ body }) => {
  const descriptor = openSync(process.argv[2], 'w');
  let bytes = 0;
  for await (const piece of body) bytes += writeSync(descriptor, piece);
  fsyncSync(descriptor);
  closeSync(descriptor);
  return { bytes };
});
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(app.server.address().port);
