/**
 * Data flows one way: a file imports only from its own layer and from layers below it, and only the files that bind a
 * platform name what belongs to it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** From the top down. All are folders of src/ but bench, which is bench/suite/. Only entry points lie directly in src/. */
const LAYERS = [
  'cli',
  'bench',
  'server',
  'queue',
  'live',
  'metrics',
  'parts',
  'search',
  'formats',
  'indexing',
  'reporting',
  'monitoring',
  'engine',
  'memory',
  'kernel',
  'vectors',
  'base',
];
const ENTRY_POINTS = /^(index\.[\w-]+|api)\.ts$/;

interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone when compiled. */
  readonly typeOnly: boolean;
}

/** A file's name here: below its layer's folder. */
const nameOf = (path: string) => path.replace(/^src\//, '').replace(/^bench\/suite\//, 'bench/');
const pathOf = (name: string) =>
  join(root, name.startsWith('bench/') ? name.replace('bench/', 'bench/suite/') : `src/${name}`);

const files = ['src', 'bench/suite']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
  )
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map((path) => nameOf(path.replaceAll('\\', '/')));

const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(pathOf(from), 'utf8');
  const statements = text.matchAll(
    // What a message says of imports is none: there is a $ in it.
    /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"$]+)['"]/gm,
  );
  return [...statements].map(([, type, name, dynamic]) => {
    const specifier = name ?? dynamic!;
    const local = () =>
      nameOf(
        relative(root, resolve(dirname(pathOf(from)), specifier))
          .replaceAll('\\', '/')
          .replace(/\.js$/, '.ts'),
      );
    return { from, to: specifier.startsWith('.') ? local() : specifier, typeOnly: type !== undefined };
  });
});

const layerOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : 'entry points');
const isLocal = ({ to }: Import) => files.includes(to);
const show = ({ from, to }: Import) => `${from} imports ${to}`;

test('every file is in a layer, and every local import was found', () => {
  expect(files.filter((file) => !ENTRY_POINTS.test(file) && !LAYERS.includes(layerOf(file)))).toEqual([]);
  expect(imports.filter(({ to }) => to.includes('.ts') && !files.includes(to)).map(show)).toEqual([]);
  expect(imports.filter(isLocal).length).toBeGreaterThan(50);
});

test('imports point downwards only', () => {
  const upwards = imports
    .filter(isLocal)
    .filter(({ from }) => !ENTRY_POINTS.test(from))
    // The command and the benchmark are programs that use the library as its users do.
    .filter(({ from, to }) => !(ENTRY_POINTS.test(to) && ['cli', 'bench'].includes(layerOf(from))))
    .filter(({ from, to }) => LAYERS.indexOf(layerOf(to)) < LAYERS.indexOf(layerOf(from)));
  expect(upwards.map(show)).toEqual([]);
});

test('only the Node halves name Node, tinypool and the packages of the command line', () => {
  const mayNameNode = /^(engine\/lanes\/node|formats\/node|bench\/node|server(?!\/dashboard\/page)|queue|cli)\//;
  const foreign = imports.filter((one) => !isLocal(one));
  const allowed = ({ from, to }: Import) => {
    if (to.startsWith('kernel:') || to === '@assemblyscript/loader') return from.startsWith('kernel/');
    if (to === 'page:script') return from === 'reporting/render-report.ts';
    if (to === 'page:dashboard') return from.startsWith('server/');
    if (to === 'uplot') return from.startsWith('reporting/page-script/');
    if (to === 'worker:browser' || to === 'worker:search') return from.startsWith('engine/lanes/browser/');
    if (to === 'benchmark') return from.startsWith('bench/');
    if (['fflate', 'hyparquet', 'apache-arrow', 'h5wasm', 'h5wasm/node'].includes(to))
      return from.startsWith('formats/');
    if (['fastify', 'lmdb'].includes(to)) return from.startsWith('server/');
    if (['bullmq', 'ioredis'].includes(to)) return from.startsWith('queue/');
    if (to === 'tinypool') return from.startsWith('engine/lanes/node/');
    if (to.startsWith('node:')) return mayNameNode.test(from);
    return from.startsWith('cli/');
  };
  expect(foreign.filter((one) => !allowed(one)).map(show)).toEqual([]);
  const globals = files
    .filter((file) => !mayNameNode.test(file) && !ENTRY_POINTS.test(file))
    .filter((file) => {
      const code = readFileSync(pathOf(file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /(?<!\.)\b(process|Buffer)\.|\brequire\(/.test(code);
    });
  expect(globals).toEqual([]);
});

test('only the browser half, the element and the scripts of pages name what belongs to pages', () => {
  const naming = files
    .filter(
      (file) =>
        !/^(engine\/lanes\/browser\/|engine\/worker\/(browser|serve-page)|live\/element\/|reporting\/page-script\/|server\/dashboard\/page\/|index\.monitor-element\.ts)/.test(
          file,
        ),
    )
    .filter((file) => {
      const code = readFileSync(pathOf(file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return /\bnew (Worker|Blob)\b|(?<![.\w'])(navigator|document|globalThis|crossOriginIsolated)\./.test(code);
    });
  expect(naming).toEqual([]);
});

/** Files that `entry` needs when it runs. */
function reachedFrom(entry: string): Set<string> {
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const one of imports) if (one.from === file && !one.typeOnly && isLocal(one)) reached.add(one.to);
  }
  return reached;
}

test('what runs in a worker needs nothing of what drives workers, and nothing of the layers above', () => {
  const entries = ['unit-work.ts', 'node.ts', 'browser.ts', 'browser-search.ts'];
  for (const entry of entries.map((file) => `engine/worker/${file}`)) {
    expect(files).toContain(entry);
    const reached = [...reachedFrom(entry)];
    expect(reached.filter((file) => LAYERS.indexOf(layerOf(file)) < LAYERS.indexOf('engine'))).toEqual([]);
    // What drives workers is elsewhere.
    expect(reached.filter((file) => file.startsWith('engine/') && !file.startsWith('engine/worker/'))).toEqual([]);
  }
});

test('no file imports itself in a circle', () => {
  const circles = files.filter((file) =>
    imports.some((one) => one.from === file && !one.typeOnly && isLocal(one) && reachedFrom(one.to).has(file)),
  );
  expect(circles).toEqual([]);
});
