/**
 * Reads FlatBuffers that nobody has checked. Every position must be within the bytes, or reading throws. Following an offset
 * costs the bytes behind it, from a budget of four times the buffer, since writers may share a text. So offsets that meet or
 * form a circle end soon. Positions are bytes from the beginning; 0 is a field that is absent.
 */
export class FlatBuffer {
  readonly #view: DataView;
  #budget: number;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = 4 * bytes.byteLength;
  }

  root(): number {
    return this.follow(0);
  }

  /** Where the field of a table lies. Slots are 4, 6, 8 and so on, in the order of the schema. */
  field(table: number, slot: number): number {
    const vtable = table - this.#view.getInt32(table, true);
    if (slot >= this.#view.getUint16(vtable, true)) return 0;
    const offset = this.#view.getUint16(vtable + slot, true);
    return offset && table + offset;
  }

  /** The table that the field at `position` points to. */
  follow(position: number): number {
    this.#spend(4);
    return position + this.#view.getUint32(position, true);
  }

  /** The table in a slot of another one. */
  table(table: number, slot: number): number {
    const position = this.field(table, slot);
    return position && this.follow(position);
  }

  /** Where the items of `itemBytes` each are that the vector in a slot of a table has. */
  vector(table: number, slot: number, itemBytes: number): number[] {
    const position = this.field(table, slot);
    if (position === 0) return [];
    const start = this.follow(position);
    const count = this.#view.getUint32(start, true);
    this.#spend(count * itemBytes);
    return Array.from({ length: count }, (_, item) => start + 4 + item * itemBytes);
  }

  /** The text in a slot of a table is within the bytes. */
  text(table: number, slot: number): void {
    const position = this.field(table, slot);
    if (position !== 0) this.#spend(this.#view.getUint32(this.follow(position), true));
  }

  uint8(position: number): number {
    return position && this.#view.getUint8(position);
  }

  int32(position: number): number {
    return position && this.#view.getInt32(position, true);
  }

  int64(position: number): number {
    return position && Number(this.#view.getBigInt64(position, true));
  }

  #spend(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) throw new Error('its metadata say that they are longer than they are');
  }
}
