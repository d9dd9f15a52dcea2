// A server with options that the command has no flags for; ends by SIGTERM. Its log is on standard output.
//
//   node test/server/children/serve.mjs OPTIONS_AS_JSON
import { createServer } from '../../../dist/index.server.js';

const app = await createServer({ logLevel: 'info', ...JSON.parse(process.argv[2]) });
process.once('SIGTERM', () => app.close());
await app.listen({ host: '127.0.0.1', port: 0 });
