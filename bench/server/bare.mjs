// What an upsert is compared with: a Fastify route that parses the same JSON, and does nothing. Prints its port.
import fastify from 'fastify';

const app = fastify({ bodyLimit: 32 * 2 ** 20 });
app.put('/collections/:name/points', (request) => ({
  status: 'ok',
  time: 0,
  result: { count: request.body.points.length },
}));
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(app.server.address().port);
