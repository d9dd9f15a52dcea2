// Rollup plugin: `import code from 'worker:browser'` gives the code of the browser worker as text, built before.
import { readFileSync } from 'node:fs';

const id = 'worker:browser';

export function workerPlugin() {
  return {
    name: 'worker-code',
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load(resolved) {
      if (resolved !== `\0${id}`) return null;
      const code = readFileSync(new URL('../dist/worker.browser.js', import.meta.url), 'utf8');
      return `export default ${JSON.stringify(code.replace(/\/\/# sourceMappingURL=.*\s*$/, ''))};`;
    },
  };
}
