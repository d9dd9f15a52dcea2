/**
 * A real Chromium that a test drives from outside, what a page in it complains of, and how to judge one for accessibility.
 */
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, expect } from 'vitest';
import { chromiumFlags, findChromium } from '../../scripts/find-chromium.mjs';

const executablePath = findChromium();

/** Whether there is a Chromium; tests skip where there is none, which vitest.config.mjs has said. */
export const hasChromium = executablePath !== undefined;

/** Needs `hasChromium`. */
export function launchChromium(...flags: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath!, args: [...chromiumFlags, ...flags] });
}

/** One browser for the tests of a file or a `describe`, which get it by the function returned. */
export function useChromium(...flags: readonly string[]): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (hasChromium) browser = await launchChromium(...flags);
  });
  afterAll(() => browser?.close());
  return () => browser!;
}

/** What the page said went wrong: uncaught errors, console errors, refusals of its policy. */
export function troublesOf(page: Page): string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    // Every page is asked for an icon; none of these has one.
    if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) troubles.push(message.text());
  });
  return troubles;
}

/** Every rule of axe, contrast included, on the page as it is now, shadow roots included. */
export async function expectAccessible(page: Page): Promise<void> {
  // Evaluated from outside: a strict policy of the page has no say.
  const violations = await page.evaluate(`(async () => {
    ${axe.source}
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join(' | '));
  })()`);
  expect(violations).toEqual([]);
}
