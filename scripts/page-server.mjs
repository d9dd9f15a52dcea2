// Serves the files of folders to a browser, with the headers of cross-origin isolation or without.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
};

export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The path in a URL; undefined where it is none, as `/%` and `//`. */
function pathOf(url) {
  try {
    const path = decodeURIComponent(new URL(`http://localhost${url}`).pathname);
    return path.includes('//') ? undefined : normalize(path);
  } catch {
    return undefined;
  }
}

/** Resolves with the server's address and a function that ends it. `/` is index.html of `root`. */
export async function servePages(root, headers = {}) {
  const server = createServer(async (request, response) => {
    const path = pathOf(request.url);
    if (path === undefined) return response.writeHead(400, headers).end();
    const file = join(root, path.endsWith(sep) ? join(path, 'index.html') : path);
    try {
      const content = await readFile(file);
      response.writeHead(200, { ...headers, 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
      response.end(content);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}
