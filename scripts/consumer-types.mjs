// Packs simdex, lays the package where nothing else is installed but what its server gives (fastify), and has a strict program that imports every entry checked,
// our declarations included: with the types of pages or with those of Node, as Node resolves imports or as bundlers do.
// Prints what is wrong and ends with status 1 then.
//
//   node scripts/consumer-types.mjs
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const project = fileURLToPath(new URL('..', import.meta.url));
const { name, exports } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
const folder = mkdtempSync(join(tmpdir(), 'simdex-types-'));

const programs = {
  'Node, nodenext': { node: true, module: ts.ModuleKind.NodeNext, resolution: ts.ModuleResolutionKind.NodeNext },
  'Node, bundler': { node: true, module: ts.ModuleKind.ESNext, resolution: ts.ModuleResolutionKind.Bundler },
  'page, nodenext': { node: false, module: ts.ModuleKind.NodeNext, resolution: ts.ModuleResolutionKind.NodeNext },
  'page, bundler': { node: false, module: ts.ModuleKind.ESNext, resolution: ts.ModuleResolutionKind.Bundler },
};

function errorsOf({ node, module, resolution }) {
  const file = join(folder, 'main.ts');
  // An element is for pages only, a server for Node.
  const imported = entries.filter((entry) => entry !== (node ? './monitor-element' : './server'));
  const lines = imported.map((entry, i) => `export * as entry${i} from '${name}${entry.slice(1)}';`);
  writeFileSync(file, lines.join('\n'));
  // The guide's example for pages is a program of theirs.
  const example = join(folder, 'keep-index.ts');
  copyFileSync(join(project, 'examples/keep-index.ts'), example);
  const program = ts.createProgram([file, ...(node ? [] : [example])], {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', ...(node ? [] : ['lib.dom.d.ts'])],
    types: node ? ['node'] : [],
    typeRoots: [join(project, 'node_modules/@types')],
    // Programs for Node whose imports a bundler resolves say so.
    ...(node && resolution === ts.ModuleResolutionKind.Bundler ? { customConditions: ['node'] } : {}),
    module,
    moduleResolution: resolution,
  });
  return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), {
    getCanonicalFileName: (path) => path,
    getCurrentDirectory: () => folder,
    getNewLine: () => '\n',
  });
}

try {
  const options = { cwd: project, encoding: 'utf8' };
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], options).trim();
  const at = join(folder, 'node_modules', name);
  mkdirSync(at, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed), '-C', at, '--strip-components=1']);
  symlinkSync(realpathSync(join(project, 'node_modules/fastify')), join(folder, 'node_modules/fastify'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'program', private: true, type: 'module' }));
  for (const [kind, settings] of Object.entries(programs)) {
    const errors = errorsOf(settings);
    if (!errors) continue;
    console.error(`${kind}:\n${errors}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
