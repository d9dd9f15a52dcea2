// Random rows, and .npy files of them piece by piece, so that a million need not be in memory.
export const DIMS = 384;

/** Clusters, as embeddings have: a graph over noise would be no graph that anybody has. */
const centres = Float32Array.from({ length: 200 * DIMS }, () => Math.random() - 0.5);
function fillRow(data, at) {
  const centre = DIMS * Math.floor(200 * Math.random());
  for (let i = 0; i < DIMS; i++) data[at + i] = centres[centre + i] + 0.6 * (Math.random() - 0.5);
}
export function randomRow() {
  const row = new Float32Array(DIMS);
  fillRow(row, 0);
  return row;
}

function npyHeader(rows) {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${DIMS}), }`;
  const header = Buffer.from(`\x93NUMPY\x01\x00vv${dict.padEnd(117)}\n`, 'latin1');
  header.writeUInt16LE(118, 8);
  return header;
}

/** The rows of a .npy file: its header, then pieces of at most 4096 rows. */
export function* npyPieces(rows) {
  yield npyHeader(rows);
  const step = 4096;
  const data = new Float32Array(step * DIMS);
  for (let done = 0; done < rows; done += step) {
    const count = Math.min(step, rows - done);
    for (let row = 0; row < count; row++) fillRow(data, row * DIMS);
    yield Buffer.from(data.slice(0, count * DIMS).buffer);
  }
}
