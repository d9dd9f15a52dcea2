// Rollup and Vitest plugin: `import { code, style, sha256 } from 'page:script'` gives the script of an interactive report as
// text, with uPlot in it, so that a page needs nothing from elsewhere; its style, and the hash by which a page lets it run.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const id = 'page:script';
const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export function pageScriptPlugin() {
  return {
    name: 'page-script',
    resolveId: (source) => (source === id ? `\0${id}` : null),
    async load(resolved) {
      if (resolved !== `\0${id}`) return null;
      const bundle = await build({
        entryPoints: [pathOf('src/reporting/page-script/main.ts')],
        bundle: true,
        minify: true,
        format: 'iife',
        target: 'es2022',
        charset: 'utf8',
        legalComments: 'none',
        // A copy of uPlot goes with its licence.
        banner: { js: `/*! Contains uPlot:\n${read('node_modules/uplot/LICENSE')}*/` },
        write: false,
      });
      const code = bundle.outputFiles[0].text;
      if (/<\/script|<!--/i.test(code)) throw new Error('the script of a page would end before its end');
      const sha256 = createHash('sha256').update(code, 'utf8').digest('base64');
      const exports = { code, sha256, style: read('node_modules/uplot/dist/uPlot.min.css') };
      return Object.entries(exports)
        .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};`)
        .join('\n');
    },
  };
}

function read(path) {
  // A page's parser makes line feeds of all ends of lines, and the hash is of what it makes.
  return readFileSync(pathOf(path), 'utf8').replaceAll('\r\n', '\n');
}
