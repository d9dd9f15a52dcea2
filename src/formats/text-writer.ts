/**
 * Writes numbers as text: the shortest decimals that are read back as the same float32.
 */
import { IndexingError } from '../base/errors.js';

/** Characters gathered before they become bytes. */
const PIECE_CHARACTERS = 2 ** 18;

export class TextWriter {
  readonly #file: string;
  #text = '';
  #row = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get isFull(): boolean {
    return this.#text.length >= PIECE_CHARACTERS;
  }

  write(text: string): void {
    this.#text += text;
  }

  /**
   * Some numbers of `data` with commas between them: one row.
   *
   * @throws {IndexingError} `InvalidConfiguration` for NaN and infinities, which have no decimals
   */
  writeNumbers(data: Float32Array, from: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const value = data[from + i]!;
      if (!Number.isFinite(value)) {
        const detail = `cannot write ${this.#file}: row ${this.#row} holds ${value}, which text formats have no number for`;
        throw new IndexingError('InvalidConfiguration', detail);
      }
      this.#text += i === 0 ? shortestText(value) : `,${shortestText(value)}`;
    }
    this.#row++;
  }

  /** What was written since the last call, as UTF-8. */
  take(): Uint8Array {
    const bytes = new TextEncoder().encode(this.#text);
    this.#text = '';
    return bytes;
  }
}

/** Nine significant digits tell all float32 apart; most need fewer. */
function shortestText(value: number): string {
  const text = String(value);
  if (text.length <= 9) return Object.is(value, -0) ? '-0' : text;
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(9)));
}
