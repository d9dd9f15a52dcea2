/**
 * Makes nodes from names, attributes and text. Text is always set as text, so nothing from outside becomes markup. No
 * attribute carries style or script, which a strict content security policy would refuse.
 */

type Attributes = Readonly<Record<string, string>>;

export function createElement<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function makeSvg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Leaves alone what is so already: no layout, and no selection lost. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
