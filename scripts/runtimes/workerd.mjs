// Cloudflare Workers: simdex in workerd, by miniflare, which the npm registry gives. The worker is bundled as people bundle theirs, with the
// kernels as a module, since nothing compiles bytes there.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { installPackages } from './install.mjs';

const program = `
import wasm from 'simdex/simd.wasm';
import { MonitoredParallelIndexer, readVectors, VectorIndex } from 'simdex';
export default {
  async fetch() {
    const told = [];
    const logger = { info() {}, warn: (message) => told.push(message) };
    const data = Float32Array.from({ length: 3000 * 64 }, (_, i) => Math.sin(i * i));
    const indexer = new MonitoredParallelIndexer(1, {}, { wasm, logger });
    const { indexedCount, vectors, performanceReport } = await indexer.indexVectorsMonitored({ data, dims: 64 });
    const magnitude = Math.hypot(...data.subarray(64, 128));
    const index = await VectorIndex.build({ data, dims: 64 }, { wasm, logger, graph: true });
    const loaded = await VectorIndex.load(index.toBytes(), { wasm, logger });
    const query = data.subarray(64, 128);
    const ids = [];
    for (const options of [{ exact: true }, { recall: 0.9 }]) ids.push((await loaded.search(query, 1, options)).ids[0]);
    let rows = 0;
    for await (const chunk of readVectors(new File(['1,2\\n3,4\\n'], 'rows.csv'))) rows += chunk.data.length / chunk.dims;
    return Response.json({
      indexedCount,
      isRight: Math.abs(vectors.magnitudes[1] - magnitude) < 1e-5,
      ids,
      rows,
      kernels: [indexer.backend.kernel, loaded.backend.kernel],
      html: performanceReport.toHtml().length > 1000,
      told: told.filter((message) => message.includes('JavaScript')),
    });
  },
};`;

const EXPECTED = {
  indexedCount: 3000,
  isRight: true,
  ids: [1, 1],
  rows: 2,
  kernels: ['simd', 'simd'],
  html: true,
  told: [],
};

/** Installs miniflare into `folder`; throws where the registry does not give it. */
export function installWorkerd(folder) {
  installPackages(folder, ['miniflare@4']);
}

/** Rejects with what is wrong; the version of workerd otherwise. */
export async function tryWorkerd(folder, app) {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: app },
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    plugins: [wasmModules()],
    write: false,
  });
  const require = createRequire(join(folder, 'package.json'));
  const { Miniflare } = await import(pathToFileURL(require.resolve('miniflare')).href);
  const miniflare = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: outputFiles[0].text },
      {
        type: 'CompiledWasm',
        path: 'simd.wasm',
        contents: readFileSync(join(app, 'node_modules/simdex/dist/simd.wasm')),
      },
    ],
    // The first with FinalizationRegistry and WeakRef.
    compatibilityDate: '2025-05-05',
  });
  try {
    const response = await miniflare.dispatchFetch('http://localhost/', { signal: AbortSignal.timeout(60_000) });
    const said = await response.text();
    if (said !== JSON.stringify(EXPECTED)) throw new Error(`found ${said.slice(0, 2000)}`);
  } finally {
    await miniflare.dispose();
  }
  return JSON.parse(readFileSync(require.resolve('workerd/package.json'), 'utf8')).version;
}

/** An import of a .wasm file stays one, of a module beside the worker: as Cloudflare's own bundler has it. */
function wasmModules() {
  return {
    name: 'wasm-modules',
    setup: ({ onResolve }) => onResolve({ filter: /\.wasm$/ }, () => ({ path: './simd.wasm', external: true })),
  };
}
