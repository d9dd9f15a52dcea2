// Shows an indexer of this process live in a browser.
//
//   node examples/live-monitor.mjs [PORT]
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { MonitoredParallelIndexer } from 'simdex';
import { serverSentEvents, serverSentEventsHeaders } from 'simdex/monitor-events';

const element = fileURLToPath(import.meta.resolve('simdex/monitor-element'));
const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Indexing, live</title>
  <script type="module" src="/monitor-element.js"></script>
  <h1>Indexing, live</h1>
  <simdex-monitor src="/events"></simdex-monitor>
</html>`;

const indexer = new MonitoredParallelIndexer();
const monitor = indexer.enableRealTimeMonitoring();

const server = createServer(async ({ url }, response) => {
  response.setHeader('Content-Security-Policy', "default-src 'self'");
  response.setHeader('Content-Type', url === '/monitor-element.js' ? 'text/javascript' : 'text/html');
  try {
    if (url === '/') response.end(page);
    else if (url === '/monitor-element.js') await pipeline(createReadStream(element), response);
    else if (url === '/events') {
      await pipeline(serverSentEvents(monitor), response.writeHead(200, serverSentEventsHeaders));
    } else response.writeHead(404).end();
  } catch {
    response.destroy(); // the browser has left
  }
});
server.listen(Number(process.argv[2] ?? 8081), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});

const vectors = { data: Float32Array.from({ length: 200_000 * 64 }, () => Math.random() - 0.5), dims: 64 };
for (;;) {
  (await indexer.indexVectorsMonitored(vectors)).dispose();
  await new Promise((resolve) => setTimeout(resolve, 400));
}
