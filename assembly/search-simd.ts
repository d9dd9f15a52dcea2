// The search kernel with SIMD, which has an int8 scan besides: without SIMD that would be no faster than the float32 scan.
export * from './search';
export { quantize } from './search/quantize';
export { selectInt8 } from './search/select-int8';
