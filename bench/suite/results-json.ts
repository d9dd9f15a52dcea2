/**
 * Results as JSON and back.
 */
import { IndexingError } from '../../src/base/errors.js';
import { type BenchmarkResults, benchmarkResults, RESULTS_FORMAT } from './results.js';

export function resultsToJson(results: BenchmarkResults): string {
  return `${JSON.stringify(results, null, 2)}\n`;
}

/**
 * Results from JSON text.
 *
 * @throws {IndexingError} `InvalidConfiguration` for what is no JSON, no benchmark of simdex, or of another format, and
 *   naming the field that is wrong.
 */
export function resultsFromJson(text: string): BenchmarkResults {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new IndexingError('InvalidConfiguration', 'it is not JSON', { cause });
  }
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  if (typeof format !== 'string' || !format.startsWith('simdex-benchmark/')) {
    throw new IndexingError('InvalidConfiguration', 'it is not the JSON of a simdex benchmark');
  }
  if (format !== RESULTS_FORMAT) {
    throw new IndexingError(
      'InvalidConfiguration',
      `it has the format ${format}, this version reads ${RESULTS_FORMAT}`,
    );
  }
  return benchmarkResults(json, 'results');
}
