/**
 * The suite in a page: what `npm run bench:browser` imports there. The page must be cross-origin isolated, for shared memory,
 * and have the package `benchmark` under its name.
 */
import { ParallelIndexer, VectorIndex } from '../../../src/index.inline.js';
import { defaultSizes } from '../data-set.js';
import { resultsToJson } from '../results-json.js';
import type { SuiteInput } from '../suite.js';
import { fullRounds, quickRounds, runSuite } from '../suite.js';

/** Plain data, since it comes from the program that drives the page. */
export interface PageSession extends Pick<SuiteInput, 'groups' | 'machine' | 'version'> {
  readonly threads: number | 'auto';
  readonly quick: boolean;
}

/**
 * The results as JSON. Rejects with what any case throws.
 *
 * @param onGroup called before each group with the number of groups done
 */
export async function runSession(
  { threads, quick, ...input }: PageSession,
  onGroup: (done: number) => void,
): Promise<string> {
  await using indexer = new ParallelIndexer(threads, { kernel: 'simd' });
  const results = await runSuite({
    ...input,
    indexer,
    buildIndex: VectorIndex.build,
    rounds: quick ? quickRounds : fullRounds,
    sizes: defaultSizes,
    onProgress: (_, done) => onGroup(done),
  });
  return resultsToJson(results);
}
