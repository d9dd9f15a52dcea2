/**
 * What a page loads, minified and gzipped, for a program that imports one thing.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const dist = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

interface Bundle {
  readonly bytes: number;
  readonly code: string;
  /** Those of the package that the bytes are from. */
  readonly files: string[];
}

/** What is loaded at once. */
async function bundle(entry: string, name: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `import { ${name} } from ${JSON.stringify(dist(entry))}; console.log(${name});`,
      resolveDir: '.',
    },
    bundle: true,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    splitting: true,
    outdir: 'out',
    metafile: true,
    write: false,
  });
  // The entry, and the files it imports at once; those it imports later have entry points of their own.
  const loaded = new Set(Object.keys(metafile.outputs).filter((path) => path.endsWith('stdin.js')));
  for (const path of loaded) {
    for (const { path: imported, kind } of metafile.outputs[path]!.imports) {
      if (kind === 'import-statement') loaded.add(imported);
    }
  }
  const files = [...loaded]
    .flatMap((path) => Object.entries(metafile.outputs[path]!.inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => file);
  const loadedFiles = outputFiles.filter(({ path }) => [...loaded].some((each) => path.endsWith(`/${each}`)));
  expect(loadedFiles.length).toBe(loaded.size);
  const bytes = loadedFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  return { bytes, code: loadedFiles.map(({ text }) => text).join('\n'), files };
}

const worker = readFileSync(dist('worker.browser.js'), 'utf8');
const workerBytes = gzipSync(worker, { level: 9 }).length;
const matching = (files: readonly string[], pattern: RegExp) => files.filter((file) => pattern.test(file));

test('the indexer with its kernel and worker', async () => {
  const { bytes, files } = await bundle('index.browser.js', 'ParallelIndexer');
  expect(bytes + workerBytes).toBeLessThan(34_500);
  // Reports, monitors, formats and search cost nothing to those who do not import them.
  expect(matching(files, /reporting|monitor|formats|search/)).toEqual([]);
  expect(worker).not.toContain('exactDot');
  expect(readFileSync(dist('search-worker.browser.js'), 'utf8')).toContain('exactDot');
});

test('the indexer of simdex/inline has no worker inside but its own', async () => {
  const { files } = await bundle('index.inline.js', 'ParallelIndexer');
  expect(matching(files, /search/)).toEqual([]);
});

test('the monitored indexer with its kernel, worker and reports', async () => {
  const { bytes, files } = await bundle('index.browser.js', 'MonitoredParallelIndexer');
  expect(bytes + workerBytes).toBeLessThan(71_200);
  expect(matching(files, /formats|search/)).toEqual([]);
});

test('only those who read reports by name load the section on graphs and its chart', async () => {
  const texts = ['<h2>Graph</h2>', 'Recall and queries per second'];
  const read = await bundle('index.browser.js', 'IndexingPerformanceReport');
  expect(texts.filter((text) => read.code.includes(text))).toEqual(texts);
  const indexes = await bundle('index.browser.js', 'MonitoredParallelIndexer');
  expect(texts.filter((text) => indexes.code.includes(text))).toEqual([]);
});

test('reading files costs no reports, monitors or search', async () => {
  const { files } = await bundle('index.browser.js', 'readVectors');
  expect(matching(files, /reporting|monitor|search/)).toEqual([]);
});

test('simdex/kernel', async () => {
  const { bytes, files } = await bundle('kernel.browser.js', 'createKernel');
  expect(bytes).toBeLessThan(8500);
  expect(matching(files, /engine|reporting|monitor|scalar/)).toEqual([]);
});

test.each(['browser-kernel.js', 'worker.browser.js'])('%s makes instances by @assemblyscript/loader', (name) => {
  const { sources } = JSON.parse(readFileSync(dist(`${name}.map`), 'utf8')) as { sources: string[] };
  expect(sources.filter((source) => source.endsWith('node_modules/@assemblyscript/loader/index.js'))).toHaveLength(1);
});
