/**
 * simdex/server: collections of vectors over HTTP, for Node.
 */
import './index.node.js';

export { IndexingError, type IndexingErrorCode, type IndexingErrorDetails, type RowRange } from './base/errors.js';
export { createServer } from './server/create-server.js';
export type { LogDestination, LogLevel } from './server/log.js';
export type { ServerOptions } from './server/options.js';
