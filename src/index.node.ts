/**
 * simdex for Node: worker threads through tinypool.
 */

import { nodePlatform } from './engine/lanes/node/platform.js';
import { bindPlatform } from './engine/lanes/platform.js';
import { bindFiles } from './formats/file-access.js';
import { nodeFiles } from './formats/node/file-access.js';

bindPlatform(nodePlatform);
bindFiles(nodeFiles);

export * from './api.js';
export { readVectors } from './formats/node/read-vectors.js';
export { type VectorWriterOptions, writeVectors } from './formats/node/write-vectors.js';
