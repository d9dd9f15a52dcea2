/** A server as a process of its own: `node serve.mjs DATA`. Prints its address. Ends well at SIGTERM. */
import { createServer } from '../../../dist/index.server.js';

const server = await createServer({ data: process.argv[2], threads: 1 }).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
console.log(await server.listen({ port: 0, host: '127.0.0.1' }));
process.on('SIGTERM', () => server.close().then(() => process.exit(0)));
