// float32 rows of a .npy file, for the benchmarks of the graph.
import { readFileSync } from 'node:fs';
import { unitRows } from './rows.mjs';

/** `{ rows, dims }`, each row scaled to length 1. */
export function unitRowsOf(file) {
  const bytes = readFileSync(file);
  const head = bytes.readUInt16LE(8);
  const shape = /'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(
    bytes.toString('latin1', 10, 10 + head),
  );
  if (!shape) throw new Error(`${file}: expected float32 rows in C order`);
  const [length, dims] = [Number(shape[1]), Number(shape[2])];
  const given = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 10 + head), 0, length * dims);
  return { rows: unitRows(given, dims), dims };
}
