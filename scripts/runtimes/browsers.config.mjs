// Vitest: the pages' suites in Firefox and WebKitGTK, in isolated pages and in others. scripts/runtimes.mjs runs it.
import { defineConfig } from 'vitest/config';
import { pageProject } from '../page-project.mjs';
import { isolation } from '../page-server.mjs';
import { realBrowser } from './real-browsers.mjs';

const projects = ['firefox', 'webkit'].flatMap((name) => {
  const browser = () => ({ provider: realBrowser(name), instances: [{ browser: name }] });
  return [
    pageProject(`${name}, isolated`, { browser: browser(), headers: isolation, backend: { kernel: 'simd', shared: true } }),
    pageProject(`${name}, not isolated`, { browser: browser(), backend: { kernel: 'simd', shared: false } }),
  ];
});

export default defineConfig({ test: { projects } });
