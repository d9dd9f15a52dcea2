// An HTTP endpoint over a saved index: POST /search with { "vector": [...], "k": 10 } answers { "hits": [{ id, score }] }.
//
//   node examples/search-server.mjs INDEX.safetensors [PORT]
import { createServer } from 'node:http';
import { VectorIndex } from 'simdex';

const MAX_BODY_BYTES = 1 << 20;
const MAX_HITS = 1000;
const [file, port = '8080'] = process.argv.slice(2);
if (!file) {
  console.error('usage: node examples/search-server.mjs INDEX.safetensors [PORT]');
  process.exit(2);
}

const index = await VectorIndex.load(file);
const server = createServer(async (request, response) => {
  const { status, body } = await answer(request, response);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`${index.size} vectors of ${index.dims} components: http://127.0.0.1:${server.address().port}/search`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    server.close();
    server.closeAllConnections();
    await index.dispose();
  });
}

async function answer(request, response) {
  if (request.url !== '/search') return { status: 404, body: { error: 'there is only /search' } };
  if (request.method !== 'POST') return { status: 405, body: { error: 'send a POST request' } };
  // A client that goes away does not wait for its search any more.
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const { vector, k = 10 } = JSON.parse(await readBody(request)) ?? {};
    if (!(Array.isArray(vector) && k <= MAX_HITS)) {
      return { status: 400, body: { error: `send { "vector": [numbers], "k": 1 to ${MAX_HITS} }` } };
    }
    const { ids, scores } = await index.search(vector, k, { signal: gone.signal });
    return { status: 200, body: { hits: ids.map((id, rank) => ({ id, score: scores[rank] })) } };
  } catch (error) {
    const isCallers = error instanceof SyntaxError || ['InvalidConfiguration', 'ZeroMagnitude'].includes(error?.code);
    if (!isCallers && !gone.signal.aborted) console.error(error);
    return { status: isCallers ? 400 : 500, body: { error: isCallers ? error.message : 'the search failed' } };
  }
}

async function readBody(request) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    // The rest is read and let go: who is still sending does not read an answer.
    if (bytes <= MAX_BODY_BYTES) pieces.push(piece);
  }
  if (bytes > MAX_BODY_BYTES) throw new SyntaxError(`send at most ${MAX_BODY_BYTES} bytes`);
  return Buffer.concat(pieces).toString('utf8');
}
