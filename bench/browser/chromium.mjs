// Isolated pages for benchmarks, each in a Chromium of its own, as a measurement in Node has a process of its own.
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { chromiumFlags, findChromium } from '../../scripts/find-chromium.mjs';
import { isolation, servePages } from '../../scripts/page-server.mjs';

/** Pages see this folder as `/`. */
const project = fileURLToPath(new URL('../..', import.meta.url));

/** Serves the project on this machine alone, until `close`. Rejects where there is no Chromium. */
export async function openPages() {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('No Chromium: install one, or set CHROME_PATH.');
  const server = await servePages(project, isolation);
  return {
    /** What `use(page, version)` gives, with a fresh page and the version of its browser. */
    async withPage(use) {
      const browser = await chromium.launch({ executablePath, args: chromiumFlags });
      try {
        const page = await browser.newPage();
        await page.goto(`${server.url}bench/browser/page.html`);
        if (!(await page.evaluate('crossOriginIsolated')))
          throw new Error('the page is not isolated: it shares no memory');
        return await use(page, browser.version());
      } finally {
        await browser.close();
      }
    },
    close: () => server.close(),
  };
}
