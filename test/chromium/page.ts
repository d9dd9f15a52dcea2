/**
 * Pages with simdex in a Chromium that the test drives from outside: for what a page cannot see of itself.
 */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { isolation, servePages } from '../../scripts/page-server.mjs';
import { hasChromium, useChromium } from './browser.js';

/** What pages have as globals. */
export interface PageGlobals {
  readonly simdex: typeof import('simdex');
  /** With the flag `--js-flags=--expose-gc`. */
  gc(): void;
}

export interface Pages {
  browser(): Browser;
  /** A page with simdex, a canvas and a progress bar. `script` runs before everything else in it. */
  open(script?: string): Promise<Page>;
}

/** Pages for the tests of a file or a `describe`, isolated or not. */
export function usePages({ isolated = true, flags = [] as readonly string[] } = {}): Pages {
  const browser = useChromium(...flags);
  let server: Awaited<ReturnType<typeof servePages>> | undefined;
  beforeAll(async () => {
    if (!hasChromium) return;
    server = await servePages(fileURLToPath(new URL('../..', import.meta.url)), isolated ? isolation : {});
  });
  afterAll(() => server?.close());
  return {
    browser,
    async open(script) {
      const context = await browser().newContext();
      onTestFinished(() => context.close());
      const page = await context.newPage();
      if (script) await page.addInitScript(script);
      await page.goto(`${server!.url}test/chromium/page.html`);
      await page.waitForFunction('globalThis.simdex');
      return page;
    },
  };
}
