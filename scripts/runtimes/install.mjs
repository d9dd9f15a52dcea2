// The package as people get it: packed, and installed in an empty folder.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** Packs what was built; the file's path. */
export function packPackage(folder) {
  const options = { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  return resolve(folder, execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], options).trim());
}

/** Installs packages, by name or by file, in a folder that has none. Throws where the registry does not give them. */
export function installPackages(folder, packages) {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'program', private: true, type: 'module' }));
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent', ...packages];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
}

/** A package as this project has it, for `npm install`. */
export function pinned(name) {
  const file = join(project, 'node_modules', name, 'package.json');
  return `${name}@${JSON.parse(readFileSync(file, 'utf8')).version}`;
}
