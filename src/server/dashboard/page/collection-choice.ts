/**
 * A list to choose a collection from, which keeps the choice when collections come and go.
 */
import { createElement } from '../../../live/element/dom.js';

export class CollectionChoice {
  readonly select: HTMLSelectElement;
  #names: readonly string[] = [];

  constructor(id: string) {
    this.select = createElement('select', { id });
  }

  get value(): string | undefined {
    return this.select.value === '' ? undefined : this.select.value;
  }

  show(names: readonly string[]): void {
    if (names.length === this.#names.length && names.every((name, i) => name === this.#names[i])) return;
    const { value } = this;
    this.#names = names;
    this.select.replaceChildren(...names.map((name) => createElement('option', { value: name }, name)));
    if (value !== undefined && names.includes(value)) this.select.value = value;
  }
}
