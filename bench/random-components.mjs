/** Float32Array of `length` numbers in [-1, 1): xorshift32, the stream of the native reference. */
export function randomComponents(length) {
  let state = 0x9e3779b9;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state | 0) / 2_147_483_648;
  });
}
