/**
 * Pages in a Chromium that the test drives from outside: for what a page cannot see of itself.
 */
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { chromiumFlags, findChromium } from '../../scripts/find-chromium.mjs';
import { isolation, servePages } from '../../scripts/page-server.mjs';

const executablePath = findChromium();

/** Whether there is a Chromium; tests skip where there is none, which vitest.config.mjs has said. */
export const hasChromium = executablePath !== undefined;

let browser: Browser;
let server: { readonly url: string; close(): Promise<void> };

/** Opens a browser for the tests of a file, on pages that are isolated or not. */
export function useChromium({ isolated = true, flags = [] as string[] } = {}): void {
  beforeAll(async () => {
    if (!executablePath) return;
    browser = await chromium.launch({ executablePath, args: [...chromiumFlags, ...flags] });
    server = await servePages(fileURLToPath(new URL('../..', import.meta.url)), isolated ? isolation : {});
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
}

/** What pages have as globals. */
export interface PageGlobals {
  readonly simdex: typeof import('simdex');
  /** With the flag `--js-flags=--expose-gc`. */
  gc(): void;
}

/** A page with simdex, a canvas and a progress bar. */
export async function openPage(): Promise<Page> {
  const context: BrowserContext = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(`${server.url}test/chromium/page.html`);
  await page.waitForFunction('globalThis.simdex');
  return page;
}

export function currentBrowser(): Browser {
  return browser;
}
