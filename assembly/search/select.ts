// Which scores of a scan may belong to a hit.

/**
 * Lists q * count + r, as uint32 at `list`, where score (q, r), raised by `slack` times the magnitude of row r, is not below
 * limit q; returns how many. What is not a number, or overflowed, is listed: nothing is known of it. With `slack` 0 the
 * magnitudes are not read.
 */
export function select(
  scores: usize,
  count: usize,
  queryCount: usize,
  limits: usize,
  magnitudes: usize,
  slack: f32,
  list: usize,
): usize {
  const begin = list;
  let index: u32 = 0;
  for (; queryCount; queryCount--, limits += 4) {
    const limit = load<f32>(limits);
    let r: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; r + 4 <= count; r += 4, scores += 16, index += 4) {
        let score = v128.load(scores);
        if (slack != 0) {
          score = f32x4.add(score, f32x4.mul(f32x4.splat(slack), v128.load(magnitudes + (r << 2))));
        }
        let below = i32x4.bitmask(f32x4.lt(score, f32x4.splat(limit)));
        if (below == 15) continue;
        for (let lane: u32 = 0; lane < 4; lane++, below >>= 1) {
          if (below & 1) continue;
          store<u32>(list, index + lane);
          list += 4;
        }
      }
    }
    for (; r < count; r++, scores += 4, index++) {
      let score = load<f32>(scores);
      if (slack != 0) score += slack * load<f32>(magnitudes + (r << 2));
      if (score < limit) continue;
      store<u32>(list, index);
      list += 4;
    }
  }
  return (list - begin) >> 2;
}
