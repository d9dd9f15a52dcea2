/**
 * A real Chromium for tests of pages, and how to judge one for accessibility.
 */
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright';
import { expect } from 'vitest';
import { chromiumFlags, findChromium } from '../../scripts/find-chromium.mjs';

export const chromiumHere = findChromium() !== undefined;

/** Needs `chromiumHere`. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium()!, args: chromiumFlags });
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
