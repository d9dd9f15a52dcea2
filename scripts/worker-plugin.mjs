// Rollup plugin: `import code from 'worker:browser'` gives the code of the browser worker as text, built before; 'worker:search'
// that of the one that searches.
import { readFileSync } from 'node:fs';

const files = { 'worker:browser': 'worker.browser.js', 'worker:search': 'search-worker.browser.js' };

export function workerPlugin() {
  return {
    name: 'worker-code',
    resolveId: (source) => (source in files ? `\0${source}` : null),
    load(resolved) {
      const file = files[resolved.slice(1)];
      if (!file || resolved[0] !== '\0') return null;
      const code = readFileSync(new URL(`../dist/${file}`, import.meta.url), 'utf8');
      return `export default ${JSON.stringify(code)};`;
    },
  };
}
