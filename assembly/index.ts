// The kernel: pure functions of the imported memory. Every argument is a byte address or a size; nothing is
// allocated, no global is written, so any number of threads may run it on one shared memory at a time.
export { magnitudes, normalize } from './normalize';
export { process, sort } from './sort';
