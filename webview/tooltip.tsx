/** One floating box for the whole panel: numbers under the pointer, and the sentences behind ⓘ. */
import { render, type ComponentChildren } from 'preact';
import { usePanel } from './context.js';

export interface Tooltip {
  /** Beside a point of the viewport, kept inside it. */
  show: (at: { x: number; y: number }, content: ComponentChildren) => void;
  hide: () => void;
}

export function createTooltip(parent: HTMLElement): Tooltip {
  const box = document.createElement('div');
  box.className = 'tooltip';
  box.setAttribute('role', 'tooltip');
  box.dataset['testid'] = 'tooltip';
  box.hidden = true;
  return {
    show(at, content) {
      // Later than what the panel renders there.
      if (!box.isConnected) parent.append(box);
      render(<>{content}</>, box);
      box.hidden = false;
      const { width, height } = box.getBoundingClientRect();
      const gap = 14;
      const left = at.x + gap + width > innerWidth - 4 ? Math.max(4, at.x - gap - width) : at.x + gap;
      const top = at.y + gap + height > innerHeight - 4 ? Math.max(4, at.y - gap - height) : at.y + gap;
      box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    },
    hide() {
      box.hidden = true;
    },
  };
}

/** ⓘ: shows `text` on hover and focus; a screen reader reads it as the button's description. */
export function Help({ text }: { text: string }) {
  const { tooltip } = usePanel();
  const open = (event: Event) => {
    const location = (event.currentTarget as HTMLElement).getBoundingClientRect();
    tooltip.show({ x: location.left - 6, y: location.bottom - 8 }, <div class="help-text">{text}</div>);
  };
  return (
    <button
      type="button"
      class="help"
      aria-label={`What is this? ${text}`}
      onMouseEnter={open}
      onFocus={open}
      onClick={open}
      onMouseLeave={() => tooltip.hide()}
      onBlur={() => tooltip.hide()}
      onKeyDown={(event) => event.key === 'Escape' && tooltip.hide()}
    >
      i
    </button>
  );
}

/** What a tooltip is about, and where. */
export function TooltipTitle({ children, aside }: { children: ComponentChildren; aside?: ComponentChildren }) {
  return (
    <div class="tooltip-title">
      <strong>{children}</strong>
      {aside === undefined ? null : <span class="muted">{aside}</span>}
    </div>
  );
}
