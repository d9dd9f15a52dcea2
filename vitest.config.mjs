import { wasmPlugin } from './scripts/wasm-plugin.mjs';

export default { plugins: [wasmPlugin()], test: { include: ['test/**/*.test.ts'] } };
