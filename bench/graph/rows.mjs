// Rows and queries for the benchmarks of the graph. No imports: pages load it, too.

/** Rows in clusters: points around 500 centres, each moved by a random combination of 32 directions of its cluster; of length 1. */
export function clusteredRows(count, dims, seed = 1) {
  const random = gaussian(seed);
  const CLUSTERS = 500;
  const LATENT = 32;
  const centers = Float32Array.from({ length: CLUSTERS * dims }, random);
  const directions = Float32Array.from({ length: LATENT * dims }, random);
  const rows = new Float32Array(count * dims);
  for (let row = 0; row < count; row++) {
    const cluster = Math.floor(random.uniform() * CLUSTERS);
    const at = row * dims;
    for (let j = 0; j < dims; j++) rows[at + j] = centers[cluster * dims + j];
    for (let l = 0; l < LATENT; l++) {
      // Each cluster has the directions in another order and with other signs.
      const from = ((l * 7 + cluster) % LATENT) * dims;
      const amount = random() * 0.25;
      for (let j = 0; j < dims; j++) rows[at + j] += amount * directions[from + j];
    }
  }
  return unitRows(rows, dims);
}

/** Scales each row to length 1, in place. */
export function unitRows(rows, dims) {
  for (let at = 0; at < rows.length; at += dims) {
    let squares = 0;
    for (let j = at; j < at + dims; j++) squares += rows[j] ** 2;
    const magnitude = Math.sqrt(squares);
    for (let j = at; j < at + dims; j++) rows[j] /= magnitude;
  }
  return rows;
}

/** The rows as arrays of their own. */
export function asRows(data, dims) {
  return Array.from({ length: data.length / dims }, (_, i) => data.slice(i * dims, (i + 1) * dims));
}

/** Normally distributed numbers (Box-Muller) from mulberry32. */
function gaussian(seed) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const next = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return Object.assign(next, { uniform });
}
