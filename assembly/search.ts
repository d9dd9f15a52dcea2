// The search kernel: pure functions of the imported memory, as those of index.ts are. A module of its own, so that those
// who only index do not load it.
export { distances, dots } from './search/scan';
export { exactCosine, exactDistance, exactDot, exactSquares } from './search/exact';
export { select } from './search/select';
