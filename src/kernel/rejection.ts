/**
 * Why a row was rejected, as the kernel writes it into the magnitude column: a quiet NaN whose low bits tell the reason,
 * so a rejected row reads as NaN and its reason costs no memory. The same numbers stand in assembly/status.ts.
 */

export type RejectionCode = 'EmptyVector' | 'ZeroMagnitude' | 'NonFinite';

export const EMPTY_VECTOR = 0x7fc00001;
export const ZERO_MAGNITUDE = 0x7fc00002;
export const NON_FINITE = 0x7fc00003;
/** A component beyond float16, where rows are kept so: search/compact.ts of the kernel. */
export const TOO_LARGE = 0x7fc00004;

/** The reason behind the bits of a magnitude, `undefined` for those of a row that was indexed. */
export function rejectionOf(magnitudeBits: number): RejectionCode | undefined {
  switch (magnitudeBits) {
    case EMPTY_VECTOR:
      return 'EmptyVector';
    case ZERO_MAGNITUDE:
      return 'ZeroMagnitude';
    case NON_FINITE:
      return 'NonFinite';
    default:
      return undefined;
  }
}
