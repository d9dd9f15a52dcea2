// The common suite and that of pages, as a project of Vitest in one browser and one kind of page.
import { fileURLToPath } from 'node:url';

const built = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

/** Time after which a page counts as hanging and is ended. A busy machine is merely slow. */
export const testTimeout = 120_000;

export const SLOW = 'test/**/*.slow.test.ts';

/**
 * `environment` of the common suite is `kernel` and `backend`. `files` are those that run in this kind of page. `without` names files of
 * the common suite for which the kind makes no difference: another kind runs them on the same code. `browser` is Vitest's: a provider
 * and instances.
 */
export function pageProject(
  name,
  {
    browser,
    headers = {},
    entry = 'index.browser.js',
    setupFiles = [],
    kernel = 'auto',
    files = ['test/common/**/*.test.ts', 'test/pages/**/*.test.ts'],
    without = [],
    backend,
  },
) {
  return {
    resolve: {
      alias: [
        { find: /^simdex$/, replacement: built(entry) },
        { find: /^simdex\/kernel$/, replacement: built('kernel.browser.js') },
        { find: /^simdex\/worker$/, replacement: built('worker.browser.js') },
      ],
    },
    server: { headers },
    test: {
      name,
      include: files,
      exclude: [SLOW, ...without.map((file) => `test/common/${file}.test.ts`)],
      setupFiles,
      provide: { environment: { kernel, backend } },
      testTimeout,
      browser: { enabled: true, headless: true, screenshotFailures: false, ...browser },
    },
  };
}
