/**
 * The server's monitor for `<simdex-monitor>`: its server-sent events, read by fetch, since an EventSource sends no key. Connects again
 * whenever the stream ends; while there is none, nothing is told.
 */

import type { MonitorSource } from '../../../live/server-sent-events.js';
import { updateFromJson } from '../../../live/update-json.js';
import type { MonitorUpdate } from '../../../monitoring/monitor-update.js';
import type { ServerApi } from './server-api.js';

const RETRY_MS = 2000;

export function remoteMonitor(api: ServerApi): MonitorSource {
  return {
    async *updates() {
      for (;;) {
        yield* connection(api);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    },
  };
}

/** Updates until the connection ends, however it ends: the page shows elsewhere whether its server answers. */
async function* connection(api: ServerApi): AsyncGenerator<MonitorUpdate, void, undefined> {
  const controller = new AbortController();
  try {
    const stream = await api.events(controller.signal);
    for await (const data of eventsOf(stream.pipeThrough(new TextDecoderStream() as TextDecoding))) {
      const update = updateFromJson(data);
      if (update) yield update;
    }
  } catch (error) {
    console.info('The monitor is not connected:', error);
  } finally {
    controller.abort();
  }
}

/** The declaration of TextDecoderStream takes any BufferSource. */
type TextDecoding = ReadableWritablePair<string, Uint8Array>;

/** The data of each message; events with names of their own are left out. */
async function* eventsOf(text: ReadableStream<string>): AsyncGenerator<string, void, undefined> {
  const reader = text.getReader();
  let rest = '';
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    const events = (rest + step.value).split('\n\n');
    rest = events.pop()!;
    for (const event of events) if (event.startsWith('data: ')) yield event.slice('data: '.length);
  }
}
