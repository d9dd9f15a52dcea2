// Serves the metrics of an indexer to Prometheus.
//
//   node examples/serve-metrics.mjs [PORT]
import { createServer } from 'node:http';
import { MonitoredParallelIndexer } from 'simdex';
import { prometheusContentType, prometheusText } from 'simdex/metrics';

const indexer = new MonitoredParallelIndexer();
const vectors = { data: Float32Array.from({ length: 10_000 * 64 }, Math.random), dims: 64 };
(await indexer.indexVectorsMonitored(vectors)).dispose();

const server = createServer((request, response) => {
  if (request.url !== '/metrics') response.writeHead(404).end();
  else response.setHeader('Content-Type', prometheusContentType).end(prometheusText(indexer));
});
server.listen(Number(process.argv[2] ?? 9464), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/metrics`);
});
