/** A button that opens a menu (WAI-ARIA menu button): arrows move, letters jump, Escape gives the focus back. */
import { h } from '../dom.js';
import { button } from '../kit.js';

export type MenuEntry = { label: string; testId: string; run(): void } | { heading: string };

export function menuButton(options: { label: string; testId: string; entries: readonly MenuEntry[] }): HTMLElement {
  const list = h('div', {
    class: 'menu',
    role: 'menu',
    'aria-label': options.label,
    hidden: true,
    'data-testid': `${options.testId}-menu`,
  });
  const items: HTMLElement[] = [];
  const opener = button({
    label: options.label,
    icon: 'export',
    testId: options.testId,
    onClick: () => (list.hidden ? open() : close(true)),
  });
  opener.setAttribute('aria-haspopup', 'menu');
  opener.setAttribute('aria-expanded', 'false');
  for (const entry of options.entries) {
    if ('heading' in entry) {
      list.append(h('div', { class: 'menu-heading', role: 'presentation' }, entry.heading));
      continue;
    }
    const item = h(
      'div',
      { role: 'menuitem', tabindex: -1, class: 'menu-item', 'data-testid': entry.testId },
      entry.label,
    );
    item.addEventListener('click', () => {
      close(true);
      entry.run();
    });
    items.push(item);
    list.append(item);
  }
  const element = h('div', { class: 'menu-anchor' }, opener, list);

  const outside = (event: Event) => {
    if (!element.contains(event.target as Node)) close(false);
  };
  function open(): void {
    list.hidden = false;
    opener.setAttribute('aria-expanded', 'true');
    document.addEventListener('pointerdown', outside, true);
    addEventListener('blur', outside);
    items[0]?.focus();
  }
  function close(refocus: boolean): void {
    list.hidden = true;
    opener.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', outside, true);
    removeEventListener('blur', outside);
    if (refocus) opener.focus();
  }
  opener.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' && list.hidden) {
      event.preventDefault();
      open();
    }
  });
  list.addEventListener('keydown', (event) => {
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[(to + items.length) % items.length]?.focus();
    else if (event.key === 'Enter' || event.key === ' ') items[at]?.click();
    else if (event.key === 'Escape') close(true);
    else if (event.key === 'Tab') {
      close(false);
      return;
    } else if (event.key.length === 1) {
      const letter = event.key.toLowerCase();
      const ordered = [...items.slice(at + 1), ...items.slice(0, at + 1)];
      ordered.find((item) => item.textContent.toLowerCase().startsWith(letter))?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return element;
}
