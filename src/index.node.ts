/**
 * simdex for Node: worker threads through tinypool.
 */

// Loaded in pages when they are needed. Node has them from the start: it may have no file descriptor left by then, and would not
// try a second time to load what could not be loaded once.
import 'kernel:graph-scalar.wasm';
import 'kernel:graph-simd.wasm';
import 'kernel:scalar.wasm';
import 'kernel:search-scalar.wasm';
import 'kernel:search-simd.wasm';
import { nodePlatform } from './engine/lanes/node/platform.js';
import { bindPlatform } from './engine/lanes/platform.js';
import './search/graph/index-graph.js';
import { bindFiles } from './formats/file-access.js';
import { nodeFiles } from './formats/node/file-access.js';

bindPlatform(nodePlatform);
bindFiles(nodeFiles);

export * from './api.js';
export { readVectors } from './formats/node/read-vectors.js';
export { type VectorWriterOptions, writeVectors } from './formats/node/write-vectors.js';
