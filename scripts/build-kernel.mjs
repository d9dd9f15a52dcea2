// Compiles the three kernels of assembly/, of indexing, of search and of graphs, twice each: with SIMD, and scalar for engines without. And
// all three in one.
// Nothing is compiled again that is newer than all it is made of.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const changedMs = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const assembly = readdirSync('assembly', { recursive: true }).map((file) => join('assembly', file));
const sources = [...assembly, 'asconfig.json', 'package-lock.json', 'scripts/build-kernel.mjs'];
const sourcesChangedMs = Math.max(...sources.map(changedMs));

mkdirSync('build/kernel', { recursive: true });
for (const [entry, target, name] of [
  ['assembly/index.ts', 'simd', 'simd'],
  ['assembly/index.ts', 'scalar', 'scalar'],
  ['assembly/search.ts', 'simd', 'search-simd'],
  ['assembly/search.ts', 'scalar', 'search-scalar'],
  ['assembly/graph.ts', 'simd', 'graph-simd'],
  ['assembly/graph.ts', 'scalar', 'graph-scalar'],
  // A file of the package: rollup.config.mjs puts it there.
  ['assembly/all.ts', 'simd', 'all-simd'],
]) {
  const outFile = `build/kernel/${name}.wasm`;
  if (changedMs(outFile) > sourcesChangedMs) continue;
  execFileSync('npx', ['--no-install', 'asc', entry, '--target', target, '--outFile', outFile], { stdio: 'inherit' });
}
