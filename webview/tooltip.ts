/** One floating box for the whole panel: numbers under the pointer, and the sentences behind ⓘ. */
import { h, replace, type Child } from './dom.js';

export interface Tooltip {
  /** Beside a point of the viewport, kept inside it. */
  show(at: { x: number; y: number }, ...content: Child[]): void;
  hide(): void;
  /** ⓘ: shows `text` on hover and focus; a screen reader reads it as the button's description. */
  help(text: string): HTMLElement;
  dispose(): void;
}

export function createTooltip(parent: HTMLElement): Tooltip {
  const box = h('div', { class: 'tooltip', role: 'tooltip', hidden: true, 'data-testid': 'tooltip' });
  parent.append(box);
  const show: Tooltip['show'] = (at, ...content) => {
    replace(box, ...content);
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    const gap = 14;
    const left = at.x + gap + width > innerWidth - 4 ? Math.max(4, at.x - gap - width) : at.x + gap;
    const top = at.y + gap + height > innerHeight - 4 ? Math.max(4, at.y - gap - height) : at.y + gap;
    box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  };
  const hide = () => {
    box.hidden = true;
  };
  return {
    show,
    hide,
    help(text) {
      const mark = h('button', { type: 'button', class: 'help', 'aria-label': `What is this? ${text}` }, 'i');
      const open = () => {
        const place = mark.getBoundingClientRect();
        show({ x: place.left - 6, y: place.bottom - 8 }, h('div', { class: 'help-text' }, text));
      };
      mark.addEventListener('mouseenter', open);
      mark.addEventListener('focus', open);
      mark.addEventListener('click', open);
      mark.addEventListener('mouseleave', hide);
      mark.addEventListener('blur', hide);
      mark.addEventListener('keydown', (event) => {
        if (event.key === 'Escape') hide();
      });
      return mark;
    },
    dispose: () => box.remove(),
  };
}
