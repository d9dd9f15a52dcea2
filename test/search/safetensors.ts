/**
 * A .safetensors file read by its specification alone: an oracle for what is written.
 */
export interface ParsedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where its data are in the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Of the dtypes below. */
  readonly numbers: readonly number[];
}

export function parseSafetensors(bytes: Uint8Array): {
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, ParsedTensor>;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = new Map<string, ParsedTensor>();
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets } = entry as { dtype: string; shape: number[]; data_offsets: [number, number] };
    const [begin, end] = data_offsets.map((offset) => 8 + length + offset) as [number, number];
    tensors.set(name, {
      dtype,
      shape,
      byteOffset: begin,
      byteLength: end - begin,
      numbers: numbersOf(view, dtype, begin, end),
    });
  }
  return { metadata, tensors };
}

function numbersOf(view: DataView, dtype: string, begin: number, end: number): number[] {
  const readers: Record<string, [number, (at: number) => number]> = {
    I8: [1, (at) => view.getInt8(at)],
    U8: [1, (at) => view.getUint8(at)],
    F16: [2, (at) => half(view.getUint16(at, true))],
    F32: [4, (at) => view.getFloat32(at, true)],
    U32: [4, (at) => view.getUint32(at, true)],
    F64: [8, (at) => view.getFloat64(at, true)],
    I64: [8, (at) => Number(view.getBigInt64(at, true))],
  };
  const [size, read] = readers[dtype]!;
  return Array.from({ length: (end - begin) / size }, (_, i) => read(begin + i * size));
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
