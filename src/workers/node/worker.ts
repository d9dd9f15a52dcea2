/**
 * The module that runs in every Node worker thread (`simdex/worker`). Tinypool calls its default export with each task.
 */
export { runTask as default } from '../run-task.js';
