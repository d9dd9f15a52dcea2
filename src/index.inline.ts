/**
 * simdex for pages whose bundler does not follow URLs: the code of the workers is inside (`simdex/inline`).
 */
import { inlineWorkers } from './engine/lanes/browser/inline-workers.js';
import { createBrowserPlatform } from './engine/lanes/browser/platform.js';
import { bindPlatform } from './engine/lanes/platform.js';

bindPlatform(createBrowserPlatform(inlineWorkers));

export * from './api.js';
export { readVectors } from './formats/read-blob.js';
