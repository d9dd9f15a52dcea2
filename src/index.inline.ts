/**
 * simdex for pages whose bundler does not follow URLs: the worker's code is inside (`simdex/inline`).
 */
import { inlineWorker } from './workers/browser/inline-worker.js';
import { createBrowserPlatform } from './workers/browser/platform.js';
import { bindPlatform } from './workers/platform.js';

bindPlatform(createBrowserPlatform(inlineWorker));

export * from './api.js';
export { readVectors } from './formats/read-blob.js';
