/** Typed helpers for building elements. Text always goes in as text: nothing here parses markup. */

export type Child = Node | string | null | undefined | false;

export interface Properties {
  class?: string | undefined;
  /** Set through the CSSOM, so that a policy without inline styles allows it. */
  style?: Record<string, string> | undefined;
  on?: { [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void } | undefined;
  [attribute: string]: unknown;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  apply(node, properties);
  append(node, children);
  return node;
}

/** For custom elements, which have no entry in the tag name map. */
export function custom<T extends HTMLElement>(tag: string, properties: Properties = {}, ...children: Child[]): T {
  const node = document.createElement(tag) as T;
  apply(node, properties);
  append(node, children);
  return node;
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  append(node, children);
  return node;
}

export function replace(node: Element, ...children: Child[]): void {
  node.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

/** Sets the text only when it differs, so that a screen reader and the layout are left alone. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Attribute present or absent by `on`. */
export function toggle(node: Element, attribute: string, on: boolean, value = ''): void {
  if (on) node.setAttribute(attribute, value);
  else node.removeAttribute(attribute);
}

/** Rebuilding takes the focus away from the control in hand; it comes back to the one of the same name. */
export function keepFocus(where: HTMLElement, build: () => void): void {
  const active = document.activeElement;
  const id =
    active !== null && where.contains(active) ? active.closest('[data-testid]')?.getAttribute('data-testid') : null;
  const value = active?.getAttribute('data-value') ?? null;
  build();
  if (id === null || id === undefined) return;
  const own = where.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  (value === null ? own : own?.querySelector<HTMLElement>(`[data-value="${value}"]`))?.focus();
}

/** Least scrolling; none when it is in sight. */
export function reveal(element: HTMLElement): void {
  const calm =
    matchMedia('(prefers-reduced-motion: reduce)').matches || document.body.classList.contains('vscode-reduce-motion');
  requestAnimationFrame(() => element.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' }));
}

function apply(node: HTMLElement, properties: Properties): void {
  const { class: className, style, on, ...attributes } = properties;
  if (className !== undefined) node.className = className;
  for (const [key, text] of Object.entries(style ?? {})) node.style.setProperty(key, text);
  for (const [event, listener] of Object.entries(on ?? {})) node.addEventListener(event, listener as EventListener);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string' || typeof value === 'number') node.setAttribute(name, String(value));
    else if (value === true) node.setAttribute(name, '');
  }
}

function append(node: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== null && child !== undefined && child !== false) node.append(child);
}
