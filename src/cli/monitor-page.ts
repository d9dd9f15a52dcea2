/**
 * A page on this machine that shows a monitor live, and its metrics. It is for this machine alone: it listens on loopback, and a request that
 * names another host is refused, since a foreign page may have its name point here.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type MonitorSource, serverSentEvents, serverSentEventsHeaders } from '../live/server-sent-events.js';
import { prometheusContentType } from '../metrics/prometheus-text.js';
import { isLoopbackHostField } from '../server/door/loopback.js';
import { UsageError } from './exit.js';

/** A monitor that has metrics of its own. */
export interface ShownMonitor extends MonitorSource {
  metrics(): string;
}

interface MonitorPage extends AsyncDisposable {
  readonly url: string;
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>simdex distribute</title>
<script type="module" src="/monitor-element.js"></script>
<h1>simdex distribute</h1>
<simdex-monitor src="/events" shows="workers"></simdex-monitor>
</html>
`;

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** Time in which readers may still receive the last update when the page ends. */
const LAST_MS = 1000;

/** Serves the page. Rejects with a `UsageError` where the port cannot be listened at. */
export async function serveMonitorPage(port: number, monitor: ShownMonitor): Promise<MonitorPage> {
  const element = await readFile(new URL('./monitor-element.js', import.meta.url));
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (!isLoopbackHostField(request.headers.host ?? '')) return refuse(response, 403);
    if (request.method !== 'GET') return refuse(response, 405);
    switch (request.url) {
      case '/':
        return void response.setHeader('Content-Type', 'text/html; charset=utf-8').end(PAGE);
      case '/monitor-element.js':
        return void response.setHeader('Content-Type', 'text/javascript; charset=utf-8').end(element);
      case '/metrics':
        return void response.setHeader('Content-Type', prometheusContentType).end(monitor.metrics());
      case '/events': {
        const events = Readable.fromWeb(serverSentEvents(monitor) as Parameters<typeof Readable.fromWeb>[0]);
        // The stream ends when the browser leaves.
        return void pipeline(events, response.writeHead(200, serverSentEventsHeaders)).catch(() => response.destroy());
      }
      default:
        return refuse(response, 404);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new UsageError(`--monitor ${port}: ${error.message}`)));
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      // Viewers get the last update.
      const limit = setTimeout(() => server.closeAllConnections(), LAST_MS);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearTimeout(limit);
    },
  };
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end();
}
