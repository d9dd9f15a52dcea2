// The search kernel: pure functions of the imported memory, as those of index.ts are. A module of its own, so that those
// who only index do not load it.
export { keepCodes, narrow, widen, widenCodes } from './search/compact';
export { exactCosine, exactDistance, exactDot, exactSquares } from './search/exact';
export { quantize } from './search/quantize';
export { distances, dots } from './search/scan';
export { select } from './search/select';
export { codeProduct, selectInt8 } from './search/select-int8';
