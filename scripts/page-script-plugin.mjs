// Rollup and Vitest plugin: gives the scripts of pages as text, so that a page needs nothing from elsewhere.
//
//   import { code, style, sha256 } from 'page:script'   of an interactive report, with uPlot in it, its style, and the hash by which
//                                                       a page lets it run
//   import { code, version } from 'page:dashboard'      of the server's dashboard, and the version of the package that it is from
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const PAGES = {
  'page:script': async () => {
    // A copy of uPlot goes with its licence.
    const banner = { js: `/*! Contains uPlot:\n${read('node_modules/uplot/LICENSE')}*/` };
    const code = await bundle('src/reporting/page-script/main.ts', { format: 'iife', banner });
    if (/<\/script|<!--/i.test(code)) throw new Error('the script of a page would end before its end');
    const sha256 = createHash('sha256').update(code, 'utf8').digest('base64');
    return { code, sha256, style: read('node_modules/uplot/dist/uPlot.min.css') };
  },
  'page:dashboard': async () => ({
    code: await bundle('src/server/dashboard/page/main.ts', { format: 'esm' }),
    version: JSON.parse(read('package.json')).version,
  }),
};

export function pageScriptPlugin() {
  return {
    name: 'page-script',
    resolveId: (source) => (Object.hasOwn(PAGES, source) ? `\0${source}` : null),
    async load(resolved) {
      const id = resolved.replace(/^\0/, '');
      if (id === resolved || !Object.hasOwn(PAGES, id)) return null;
      return Object.entries(await PAGES[id]())
        .map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};`)
        .join('\n');
    },
  };
}

async function bundle(entry, options) {
  const { outputFiles } = await build({
    entryPoints: [pathOf(entry)],
    bundle: true,
    minify: true,
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
    write: false,
    ...options,
  });
  return outputFiles[0].text;
}

function read(path) {
  // A page's parser makes line feeds of all ends of lines, and the hash is of what it makes.
  return readFileSync(pathOf(path), 'utf8').replaceAll('\r\n', '\n');
}
