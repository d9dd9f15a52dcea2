/**
 * The seed and the length of long random suites. Every day has a seed of its own, and a tenth of the cases run. The seed is
 * printed, so that a failure can be repeated.
 *
 *   SIMDEX_SEED=20260131 npm run test:slow   the cases of that day
 *   SIMDEX_FULL=1 npm run test:slow          all cases
 */
const given = process.env['SIMDEX_SEED'];

/** A whole number; by default today's date as yyyymmdd, in UTC. */
export const seedOfTheDay = Number(given ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''));
if (!Number.isSafeInteger(seedOfTheDay)) throw new Error(`SIMDEX_SEED must be a whole number, not ${given}`);

const isFull = process.env['SIMDEX_FULL'] === '1';

/** How many of `all` cases run here. Also prints the seed, under the name of the suite. */
export function casesOf(suite: string, all: number): number {
  const cases = isFull ? all : Math.ceil(all / 10);
  console.info(`${suite}: ${cases} of ${all} cases, SIMDEX_SEED=${seedOfTheDay}`);
  return cases;
}

/** The cases of a long random property. fast-check draws others each time, and prints the seed of one that fails. */
export function runsOf(all: number): { readonly numRuns: number } {
  return { numRuns: isFull ? all : Math.ceil(all / 10) };
}
