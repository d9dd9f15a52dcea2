/**
 * simdex for pages whose bundler does not follow URLs: the code of the workers is inside (`simdex/inline`).
 */
import { inlineWorkers } from './workers/browser/inline-workers.js';
import { createBrowserPlatform } from './workers/browser/platform.js';
import { bindPlatform } from './workers/platform.js';

bindPlatform(createBrowserPlatform(inlineWorkers));

export * from './api.js';
export { readVectors } from './formats/read-blob.js';
