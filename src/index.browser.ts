/**
 * simdex for pages: Web Workers, shared memory where the page is cross-origin isolated.
 */
import { ownWorkers } from './engine/lanes/browser/own-workers.js';
import { createBrowserPlatform } from './engine/lanes/browser/platform.js';
import { bindPlatform } from './engine/lanes/platform.js';

bindPlatform(createBrowserPlatform(ownWorkers));

export * from './api.js';
export { readVectors } from './formats/read-blob.js';
