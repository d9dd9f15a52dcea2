/**
 * Makes a new instance of h5wasm after one broke. Node evaluates a module once for every URL, so another query in the URL
 * gives another instance. In a bundle of one file there is no such URL, and a library that broke stays broken.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setHdf5Renewal } from '../hdf5-library.js';

setHdf5Renewal(async (turn) => {
  const url = moduleOf('h5wasm');
  url.searchParams.set('simdex', String(turn));
  return import(/* webpackIgnore: true */ /* @vite-ignore */ url.href) as Promise<typeof import('h5wasm')>;
});

/** What `import.meta.resolve` says, which bundlers take for an import of their own. */
function moduleOf(name: string): URL {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const manifest = join(folder, name, 'package.json');
    if (!existsSync(manifest)) continue;
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: { '.': { import: string } } };
    return pathToFileURL(join(folder, name, exports['.'].import));
  }
  throw new Error(`the package ${name} is not in a folder of its own`);
}
