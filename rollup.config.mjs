import { wasmPlugin } from './scripts/wasm-plugin.mjs';

const packages = ['@assemblyscript/loader', 'tinypool', 'commander', 'cli-progress', 'picocolors'];

export default {
  input: {
    'index.node': 'build/js/index.node.js',
    cli: 'build/js/cli/main.js',
    'worker.node': 'build/js/workers/node/worker.js',
  },
  output: { dir: 'dist', format: 'es', sourcemap: true, chunkFileNames: 'chunks/[name].js' },
  external: (id) => id.startsWith('node:') || packages.includes(id),
  plugins: [wasmPlugin()],
};
