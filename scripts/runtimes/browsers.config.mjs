// Vitest: the pages' suites in Chromium, Firefox and WebKitGTK, in isolated pages and in others. scripts/runtimes/browsers.mjs runs it.
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumFlags, findChromium } from '../find-chromium.mjs';
import { pageProject } from '../page-project.mjs';
import { isolation } from '../page-server.mjs';
import { realBrowser } from './real-browsers.mjs';

const SHARED = { kernel: 'simd', shared: true };
const ALONE = { kernel: 'simd', shared: false };

const providers = {
  Chromium: () => playwright({ launchOptions: { executablePath: findChromium(), args: chromiumFlags } }),
  Firefox: () => realBrowser('firefox'),
  WebKitGTK: () => realBrowser('webkitgtk'),
};

const projects = Object.entries(providers).flatMap(([name, provider]) => {
  const browser = () => ({ provider: provider(), instances: [{ browser: name.toLowerCase() }] });
  return [
    pageProject(`${name}, isolated`, { browser: browser(), headers: isolation, backend: SHARED }),
    pageProject(`${name}, not isolated`, { browser: browser(), backend: ALONE }),
  ];
});

/** As it comes, WebKitGTK has isolated pages without SharedArrayBuffer. */
projects.push(
  pageProject('WebKitGTK, isolated, without SharedArrayBuffer', {
    browser: {
      provider: realBrowser('webkitgtk', { sharedArrayBuffer: false }),
      instances: [{ browser: 'webkitgtk' }],
    },
    headers: isolation,
    backend: ALONE,
    without: ['numbers', 'real-time', 'lifetimes'],
  }),
);

export default defineConfig({ test: { projects } });
