/**
 * How much of a long suite runs. Files `*.long.test.ts` run twice: with the quick tests, which take some cases of each kind, and with the slow
 * tests, which take all.
 */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    isWhole: boolean;
  }
}

/** Whether all cases run: `true` in the slow tests. */
export const isWhole: boolean = inject('isWhole');
