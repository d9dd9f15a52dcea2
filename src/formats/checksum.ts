/**
 * A checksum of bytes that come in pieces. It is FNV-1a over 32-bit words in place of bytes, four times beside each other
 * (each takes every fourth word, which a processor can do at the same time), then once over these four. The last words are
 * filled up with zeros. A change of one word always changes the checksum.
 */
const PRIME = 0x01000193;
const BASIS = 0x811c9dc5;
/** Bytes that four words take. */
const BLOCK = 16;

export class Checksum {
  readonly #lanes = new Int32Array(4).fill(BASIS);
  /** Bytes that make no whole block yet. */
  readonly #rest = new Uint8Array(BLOCK);
  #restLength = 0;

  /** Checksum of all that was added. */
  get value(): number {
    const lanes = this.#lanes.slice();
    if (this.#restLength > 0) {
      const last = new Uint8Array(BLOCK);
      last.set(this.#rest.subarray(0, this.#restLength));
      addBlocks(lanes, new Uint32Array(last.buffer));
    }
    let value = BASIS;
    for (const lane of lanes) value = Math.imul(value ^ lane, PRIME);
    return value >>> 0;
  }

  add({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    let at = 0;
    if (this.#restLength > 0) {
      at = Math.min(BLOCK - this.#restLength, byteLength);
      this.#rest.set(bytes.subarray(0, at), this.#restLength);
      this.#restLength += at;
      if (this.#restLength < BLOCK) return;
      addBlocks(this.#lanes, new Uint32Array(this.#rest.buffer));
      this.#restLength = 0;
    }
    const whole = byteLength - at - ((byteLength - at) % BLOCK);
    const isAligned = (byteOffset + at) % 4 === 0;
    const words = isAligned
      ? new Uint32Array(buffer, byteOffset + at, whole / 4)
      : new Uint32Array(bytes.slice(at, at + whole).buffer);
    addBlocks(this.#lanes, words);
    this.#rest.set(bytes.subarray(at + whole));
    this.#restLength = byteLength - at - whole;
  }
}

function addBlocks(lanes: Int32Array, words: Uint32Array): void {
  let [a, b, c, d] = [lanes[0]!, lanes[1]!, lanes[2]!, lanes[3]!];
  for (let i = 0; i < words.length; i += 4) {
    a = Math.imul(a ^ words[i]!, PRIME);
    b = Math.imul(b ^ words[i + 1]!, PRIME);
    c = Math.imul(c ^ words[i + 2]!, PRIME);
    d = Math.imul(d ^ words[i + 3]!, PRIME);
  }
  lanes.set([a, b, c, d]);
}
