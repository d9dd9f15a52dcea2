// What the magnitude column holds for a vector that cannot be indexed: a quiet NaN whose low bits say why.
// The same numbers stand in src/kernel/rejection.ts.
export const EMPTY_VECTOR: i32 = 0x7fc00001;
export const ZERO_MAGNITUDE: i32 = 0x7fc00002;
export const NON_FINITE: i32 = 0x7fc00003;
/** Only where rows are kept as float16. */
export const TOO_LARGE: i32 = 0x7fc00004;
