import { wasmPlugin } from './scripts/wasm-plugin.mjs';

const packages = [
  '@assemblyscript/loader',
  'tinypool',
  'fflate',
  'commander',
  'cli-progress',
  'picocolors',
  'benchmark',
  'hyparquet',
  'apache-arrow',
  'h5wasm',
  'h5wasm/node',
];

export default {
  input: {
    'index.node': 'build/js/index.node.js',
    kernel: 'build/js/index.kernel.js',
    metrics: 'build/js/index.metrics.js',
    cli: 'build/js/cli/main.js',
    // For what describes the command: scripts/docs.mjs.
    'cli-program': 'build/js/cli/program.js',
    'worker.node': 'build/js/workers/node/worker.js',
  },
  output: {
    dir: 'dist',
    format: 'es',
    sourcemap: true,
    // Beside the entries: the worker is found relative to whichever file asks for it.
    chunkFileNames: 'chunk-[name].js',
  },
  // TypeScript's helper for `await using` looks for a shared copy of itself on `this`.
  context: 'globalThis',
  external: (id) => id.startsWith('node:') || packages.includes(id),
  plugins: [wasmPlugin()],
};
