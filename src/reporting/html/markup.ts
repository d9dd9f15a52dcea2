/**
 * HTML and SVG that cannot be broken by what is put into them: the tag `html` escapes every value, in text and in quoted
 * attributes, and takes as it is only what it made itself.
 */

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text that is markup already. Made only by `html` and `trustedMarkup`. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What stands for nothing, where a part is left out. */
export const noMarkup = new Markup('');

export type MarkupValue = string | number | Markup | readonly MarkupValue[];

/** Lists are joined as they are. Attributes must be quoted. */
export function html(parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + markupOf(values[i - 1]!) + part));
}

/** Text of this package itself, such as a style sheet or a script; never anything that came from outside. */
export function trustedMarkup(text: string): Markup {
  return new Markup(text);
}

/** Safe as text and inside quoted attributes. */
export function escapeMarkup(text: string | number): string {
  return String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

function markupOf(value: MarkupValue): string {
  if (value instanceof Markup) return value.toString();
  if (typeof value === 'string' || typeof value === 'number') return escapeMarkup(value);
  return value.map(markupOf).join('');
}
