/**
 * simdex for Node: worker threads through tinypool.
 */
import { nodePlatform } from './workers/node/platform.js';
import { bindPlatform } from './workers/platform.js';

bindPlatform(nodePlatform);

export * from './api.js';
export { readVectors } from './formats/node/read-vectors.js';
export { type VectorWriterOptions, writeVectors } from './formats/node/write-vectors.js';
