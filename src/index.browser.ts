/**
 * simdex for pages: Web Workers, shared memory where the page is cross-origin isolated.
 */
import { ownWorkers } from './workers/browser/own-workers.js';
import { createBrowserPlatform } from './workers/browser/platform.js';
import { bindPlatform } from './workers/platform.js';

bindPlatform(createBrowserPlatform(ownWorkers));

export * from './api.js';
export { readVectors } from './formats/read-blob.js';
