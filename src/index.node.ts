/**
 * simdex for Node: worker threads through tinypool.
 */
import { bindFiles } from './formats/file-access.js';
import { nodeFiles } from './formats/node/file-access.js';
import { nodePlatform } from './workers/node/platform.js';
import { bindPlatform } from './workers/platform.js';

bindPlatform(nodePlatform);
bindFiles(nodeFiles);

export * from './api.js';
export { readVectors } from './formats/node/read-vectors.js';
export { type VectorWriterOptions, writeVectors } from './formats/node/write-vectors.js';
