/**
 * simdex in one file that loads nothing later and starts no workers (`simdex/single`): for service workers, which have no `import()`, and for
 * Cloudflare Workers.
 */
import { noWorkers } from './engine/lanes/browser/no-workers.js';
import { createBrowserPlatform } from './engine/lanes/browser/platform.js';
import { bindPlatform } from './engine/lanes/platform.js';

bindPlatform(createBrowserPlatform(noWorkers));

export * from './api.js';
export { readVectors } from './formats/read-blob.js';
