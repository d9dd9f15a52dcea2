/**
 * A checksum of bytes that come in pieces: FNV-1a of 32-bit words instead of bytes, the last word filled up with zeros. One word that is changed
 * always changes it.
 */
export class Checksum {
  #value = 0x811c9dc5;
  /** Bytes that make no whole word yet. */
  readonly #rest = new Uint8Array(4);
  #restLength = 0;

  /** Of all that was added. */
  get value(): number {
    if (this.#restLength === 0) return this.#value >>> 0;
    const last = new Uint8Array(4);
    last.set(this.#rest.subarray(0, this.#restLength));
    return step(this.#value, new Uint32Array(last.buffer)) >>> 0;
  }

  add({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    let at = 0;
    if (this.#restLength > 0) {
      while (this.#restLength < 4 && at < byteLength) this.#rest[this.#restLength++] = bytes[at++]!;
      if (this.#restLength < 4) return;
      this.#value = step(this.#value, new Uint32Array(this.#rest.buffer));
      this.#restLength = 0;
    }
    const whole = (byteLength - at) & ~3;
    const isAligned = ((byteOffset + at) & 3) === 0;
    const words = isAligned
      ? new Uint32Array(buffer, byteOffset + at, whole / 4)
      : new Uint32Array(bytes.slice(at, at + whole).buffer);
    this.#value = step(this.#value, words);
    for (at += whole; at < byteLength; at++) this.#rest[this.#restLength++] = bytes[at]!;
  }
}

function step(before: number, words: Uint32Array): number {
  let value = before;
  for (let i = 0; i < words.length; i++) value = Math.imul(value ^ words[i]!, 0x01000193);
  return value;
}
