/**
 * simdex for pages: Web Workers, shared memory where the page is cross-origin isolated.
 */
import { ownWorker } from './workers/browser/own-worker.js';
import { createBrowserPlatform } from './workers/browser/platform.js';
import { bindPlatform } from './workers/platform.js';

bindPlatform(createBrowserPlatform(ownWorker));

export * from './api.js';
export { readVectors } from './formats/read-blob.js';
