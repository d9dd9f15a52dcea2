// Compiles the two kernels of assembly/, of indexing and of search, twice each: with SIMD, and scalar for engines without.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

mkdirSync('build/kernel', { recursive: true });
for (const [entry, prefix] of [
  ['assembly/index.ts', ''],
  ['assembly/search.ts', 'search-'],
]) {
  for (const target of ['simd', 'scalar']) {
    const outFile = `build/kernel/${prefix}${target}.wasm`;
    execFileSync('npx', ['--no-install', 'asc', entry, '--target', target, '--outFile', outFile], { stdio: 'inherit' });
  }
}
