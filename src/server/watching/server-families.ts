/**
 * What /metrics tells of the server beside its monitor: requests, what is stored, the engine's queue, commits, memory, connections.
 */
import { type Family, histogramSamples, type Sample } from '../../metrics/prometheus-families.js';
import { samplesText } from '../../metrics/prometheus-text.js';
import type { ServerState } from './server-state.js';

type ServerFamily = Pick<Family, 'name' | 'type' | 'help'> & { readonly samples: (state: ServerState) => Sample[] };

/** Bounds of durations of requests and commits: 0.25 ms to 65 s, each four times the one before. */
const EXPONENTS = [-2, 0, 2, 4, 6, 8, 10, 12, 14, 16];

const FAMILIES: readonly ServerFamily[] = [
  {
    name: 'http_request_duration_seconds',
    type: 'histogram',
    help: 'Time from the head of a request to the end of its answer.',
    samples: ({ requests }) =>
      requests.flatMap(({ method, route, status, times }) =>
        histogramSamples(times, { method, route, status: String(status) }, EXPONENTS),
      ),
  },
  gauge('http_requests_under_way', 'Requests that are not answered yet.', ({ load }) => load.requests),
  counter('http_requests_refused_total', 'Requests refused because enough was under way.', ({ load }) => load.refused),
  gauge('http_connections', 'Open connections.', ({ connections }) => connections.open),
  counter('http_connections_refused_total', 'Connections beyond the limit.', ({ connections }) => connections.refused),
  gauge('collections', 'Collections.', ({ collections }) => collections.length),
  perCollection('collection_vectors', 'Vectors stored.', ({ points }) => points),
  perCollection('collection_waiting_vectors', 'Vectors that are not in the graph yet.', ({ waiting }) => waiting),
  perCollection('collection_memory_bytes', 'Memory of rows, codes, graph and ids.', ({ memoryBytes }) => memoryBytes),
  perCollection('collection_stored_bytes', 'Bytes of the collection on the disk.', ({ storedBytes }) => storedBytes),
  gauge('engine_pending_calls', 'Calls that wait for the threads.', ({ engine }) => engine.pending.calls),
  gauge('engine_pending_rows', 'Rows of the calls that wait for the threads.', ({ engine }) => engine.pending.rows),
  gauge('engine_threads', 'Threads of the engine.', ({ engine }) => engine.threads),
  {
    name: 'engine_thread_busy_seconds_total',
    type: 'counter',
    help: 'Time in which a thread of the engine had work.',
    samples: ({ engine }) =>
      engine.threadTimes.map(({ busyMs }, thread) => {
        return { suffix: '', labels: { thread: String(thread + 1) }, value: busyMs / 1000 };
      }),
  },
  {
    name: 'commit_duration_seconds',
    type: 'histogram',
    help: 'Time of a commit to the disk, with its flush.',
    samples: ({ commits }) => histogramSamples(commits, {}, EXPONENTS),
  },
  gauge('process_memory_bytes', 'Memory of the process.', ({ memory }) => memory.rssBytes),
  counter('process_cpu_seconds_total', 'Processor time of the process.', ({ cpuSeconds }) => cpuSeconds),
  gauge('uptime_seconds', 'Time since the server was started.', ({ uptimeSeconds }) => uptimeSeconds),
];

/** The text of all families, each name beginning with `simdex_`. */
export function serverMetricsText(state: ServerState): string {
  return FAMILIES.map(({ name, type, help, samples }) =>
    samplesText({ name: `simdex_${name}`, type, help }, samples(state)),
  ).join('');
}

function gauge(name: string, help: string, figureOf: (state: ServerState) => number): ServerFamily {
  return { name, type: 'gauge', help, samples: (state) => [{ suffix: '', labels: {}, value: figureOf(state) }] };
}

function counter(name: string, help: string, figureOf: (state: ServerState) => number): ServerFamily {
  return { ...gauge(name, help, figureOf), type: 'counter' };
}

function perCollection(
  name: string,
  help: string,
  figureOf: (collection: ServerState['collections'][number]) => number,
): ServerFamily {
  const samples = ({ collections }: ServerState): Sample[] =>
    collections.map((collection) => {
      return { suffix: '', labels: { collection: collection.name }, value: figureOf(collection) };
    });
  return { name, type: 'gauge', help, samples };
}
