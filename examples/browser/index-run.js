// One run from its settings to its figures. Nothing of it stays: threads end, and memory is given back, however it ends.
import { MonitoredParallelIndexer, readVectors } from './simdex/index.browser.js';
import { CountedFile, fillRandom } from './vectors.js';

/**
 * @param settings what the form says: source, count, dims, seed, file, order, onInvalid, threads, kernel, memoryBytes
 * @param hooks `signal`; `onMonitor(monitor)`, `onPhase(text)`, `onProgress(share, text)`, `onWarning(text)`
 */
export async function run(settings, hooks) {
  const indexer = new MonitoredParallelIndexer(
    settings.threads,
    {},
    {
      maxMemoryBytes: settings.memoryBytes,
      kernel: settings.kernel,
      logger: { info() {}, warn: hooks.onWarning },
    },
  );
  try {
    await indexer.ready();
    hooks.signal.throwIfAborted();
    const { report, magnitudes } = await (settings.source === 'file' ? indexFile : indexGenerated)(
      indexer,
      settings,
      hooks,
    );
    return { report, magnitudes, backend: indexer.backend };
  } finally {
    await indexer.dispose();
  }
}

/** All in one memory, made here and indexed where it lies. */
async function indexGenerated(indexer, { count, dims, seed, order, onInvalid }, hooks) {
  const { signal } = hooks;
  hooks.onPhase('Generating');
  const matrix = indexer.allocate(count, dims);
  await fillRandom(matrix.data, seed, { signal, onProgress: (share) => hooks.onProgress(share, '') });
  hooks.onPhase('Indexing');
  hooks.onMonitor(indexer.enableRealTimeMonitoring());
  const result = await indexer.indexVectorsMonitored(matrix, {
    inPlace: true,
    order,
    onInvalid,
    signal,
    onProgress: ({ processed, total }) =>
      hooks.onProgress(processed / total, `${whole(processed)} of ${whole(total)} vectors`),
  });
  const magnitudes = new MagnitudeFigures();
  magnitudes.add(result.vectors.magnitudes);
  result.dispose();
  return { report: result.performanceReport, magnitudes };
}

/** Chunk by chunk, so that a file of any size takes no more memory than a small one. */
async function indexFile(indexer, { file, order, onInvalid }, hooks) {
  const counted = new CountedFile(file);
  const stream = indexer.indexStream(readVectors(counted), { order, onInvalid, signal: hooks.signal });
  const magnitudes = new MagnitudeFigures();
  let vectors = 0;
  hooks.onPhase(`Indexing ${file.name}`);
  hooks.onMonitor(indexer.enableRealTimeMonitoring());
  for await (const result of stream) {
    magnitudes.add(result.vectors.magnitudes);
    vectors += result.vectors.length;
    hooks.onProgress(counted.bytesRead / counted.size, `${whole(vectors)} vectors`);
  }
  return { report: stream.performanceReport, magnitudes };
}

/** Smallest, mean and largest magnitude of the vectors that have one. */
class MagnitudeFigures {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = 0;

  get mean() {
    return this.sum / this.count;
  }

  add(magnitudes) {
    for (const magnitude of magnitudes) {
      if (Number.isNaN(magnitude)) continue;
      this.count++;
      this.sum += magnitude;
      if (magnitude < this.min) this.min = magnitude;
      if (magnitude > this.max) this.max = magnitude;
    }
  }
}

function whole(number) {
  return number.toLocaleString('en');
}
