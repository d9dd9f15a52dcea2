// Serves the demo page to this machine, with the headers that give a page shared memory.
//
//   node examples/browser/serve.mjs [--port N] [--no-isolation]
//
// --no-isolation leaves those headers out: the page then shows the fallback, one worker with memory of its own.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const page = fileURLToPath(new URL('.', import.meta.url));
const library = fileURLToPath(new URL('../../dist', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
};
const HEADERS = {
  // Scripts, workers and WebAssembly from here alone; styles inside the page too, since the report has its own.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; " +
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8080' }, 'no-isolation': { type: 'boolean', default: false } },
});
const headers = values['no-isolation'] ? HEADERS : { ...HEADERS, ...ISOLATION };

/** The file that `path` of a URL names: `/simdex/` is the library, the rest is the page. */
function fileOf(path) {
  const wanted = path === '/' ? '/index.html' : path;
  // Plain names only: no way up, and nothing hidden.
  if (!/^(\/[\w-][\w.-]*)+$/.test(wanted) || !(extname(wanted) in TYPES)) return undefined;
  return wanted.startsWith('/simdex/') ? join(library, wanted.slice('/simdex/'.length)) : join(page, wanted);
}

async function answer(request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') return response.writeHead(405, { Allow: 'GET' }).end();
  // What is no path, as `//`, names no file.
  const file = URL.canParse(`http://localhost${request.url}`)
    ? fileOf(new URL(`http://localhost${request.url}`).pathname)
    : undefined;
  const found = file && (await stat(file).catch(() => undefined));
  if (!found?.isFile()) return response.writeHead(404, headers).end('not found\n');
  response.writeHead(200, { ...headers, 'Content-Type': TYPES[extname(file)], 'Content-Length': found.size });
  if (request.method === 'HEAD') return response.end();
  await pipeline(createReadStream(file), response);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    // A browser that leaves early is nothing to tell.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') console.error(error);
    response.destroy();
  });
});
server.on('error', (error) => {
  console.error(
    error.code === 'EADDRINUSE' ? `port ${values.port} is taken: choose another with --port` : error.message,
  );
  process.exitCode = 1;
});
server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address();
  console.log(
    `http://127.0.0.1:${port}/${values['no-isolation'] ? '  (not isolated: one worker, no shared memory)' : ''}`,
  );
});
