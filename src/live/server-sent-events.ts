/**
 * A monitor as a stream of server-sent events, for `<simdex-monitor src>` and for any EventSource. Each update is one message,
 * whose data is one line of JSON. Bytes are made only when they are asked for. A slow client delays nothing and makes nothing
 * grow, since the monitor drops updates that a newer one replaces.
 */
import { invalidConfiguration, refuseUnknown } from '../base/errors.js';
import type { MonitorUpdate } from '../monitoring/monitor-update.js';
import { isLive, updateToJson } from './update-json.js';

/** A `RealTimeMonitor`, or whatever else tells such updates. */
export interface MonitorSource {
  /** Updates from now on, until the monitor is stopped. */
  updates(): AsyncIterable<MonitorUpdate>;
}

export interface ServerSentEventsOptions {
  /** After so many milliseconds without an update a heartbeat is sent, so that a broken connection shows. Default 15,000. */
  readonly heartbeatMs?: number | undefined;
}

/** Header fields of the response that carries the events. */
export const serverSentEventsHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  // Or nginx would collect the events before it passes them on.
  'X-Accel-Buffering': 'no',
} as const;

/** How long a page waits before it connects again. */
const RETRY_MS = 1000;
const DEFAULT_HEARTBEAT_MS = 15_000;
/** An event of a name of its own: `onmessage` does not see it, `<simdex-monitor>` does. */
const HEARTBEAT = 'event: heartbeat\ndata: {}\n\n';

/**
 * The updates of `monitor` from now on, as bytes: the body of a `Response`, or to be piped into a response of `node:http`.
 * Ends when the monitor is stopped; cancelling it stops reading from the monitor. Interim reports are left out.
 *
 * @throws IndexingError `InvalidConfiguration` for an unknown option, or a `heartbeatMs` that is no positive number.
 *
 * @example
 * ```js
 * import { createServer } from 'node:http';
 * import { pipeline } from 'node:stream/promises';
 * import { MonitoredParallelIndexer } from 'simdex';
 * import { serverSentEvents, serverSentEventsHeaders } from 'simdex/monitor-events';
 *
 * const indexer = new MonitoredParallelIndexer();
 * const monitor = indexer.enableRealTimeMonitoring();
 * const server = createServer(async (request, response) => {
 *   await pipeline(serverSentEvents(monitor), response.writeHead(200, serverSentEventsHeaders));
 * });
 * server.listen(0, '127.0.0.1', async () => {
 *   // A page would show it: <simdex-monitor src="/events">
 *   const events = await fetch(`http://127.0.0.1:${server.address().port}/events`);
 *   console.log(events.headers.get('content-type')); // text/event-stream; charset=utf-8
 *   await events.body.cancel();
 *   server.close();
 *   await indexer.dispose();
 * });
 * ```
 */
export function serverSentEvents(
  monitor: MonitorSource,
  options: ServerSentEventsOptions = {},
): ReadableStream<Uint8Array> {
  refuseUnknown('options', options, new Set(['heartbeatMs']));
  const { heartbeatMs = DEFAULT_HEARTBEAT_MS } = options;
  // A timer of a longer time would fire at once.
  if (!(typeof heartbeatMs === 'number' && heartbeatMs > 0 && heartbeatMs < 2 ** 31)) {
    throw invalidConfiguration('heartbeatMs', 'a positive number of milliseconds below 2^31', heartbeatMs);
  }
  const updates = monitor.updates()[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let begun = false;
  /** Asked for and not yet come; outlives a heartbeat. */
  let next: Promise<IteratorResult<MonitorUpdate>> | undefined;

  async function nextEvent(): Promise<string | undefined> {
    if (!begun) {
      begun = true;
      return `retry: ${RETRY_MS}\n\n${HEARTBEAT}`;
    }
    for (;;) {
      next ??= updates.next();
      const step = await within(heartbeatMs, next);
      if (!step) return HEARTBEAT;
      next = undefined;
      if (step.done) return undefined;
      if (isLive(step.value)) return `data: ${updateToJson(step.value)}\n\n`;
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const event = await nextEvent();
        if (event === undefined) controller.close();
        else controller.enqueue(encoder.encode(event));
      },
      async cancel() {
        await updates.return?.();
      },
    },
    // Nothing is read from the monitor before it is asked for.
    { highWaterMark: 0 },
  );
}

/** What `work` gives, or undefined when that takes longer than `ms`. */
function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms, undefined);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
