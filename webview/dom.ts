/**
 * Elements by hand, for the rows of the grid, which are reused while it scrolls; everything else is rendered. Text
 * always goes in as text: nothing here parses markup.
 */

export type Child = Node | string | null;

export interface Properties {
  class?: string | undefined;
  /** Set through the CSSOM, so that a policy without inline styles allows it. */
  style?: Record<string, string> | undefined;
  [attribute: string]: unknown;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { class: className, style, ...attributes }: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (className !== undefined) node.className = className;
  for (const [key, text] of Object.entries(style ?? {})) node.style.setProperty(key, text);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Sets the text only when it differs, so that a screen reader and the layout are left alone. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Least scrolling; none when it is in sight. */
export function reveal(element: HTMLElement): void {
  const calm =
    matchMedia('(prefers-reduced-motion: reduce)').matches || document.body.classList.contains('vscode-reduce-motion');
  requestAnimationFrame(() => element.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' }));
}
