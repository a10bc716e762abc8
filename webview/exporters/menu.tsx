/** A button that opens a menu (WAI-ARIA menu button): arrows move, letters jump, Escape gives the focus back. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../kit.js';

export type MenuEntry = { label: string; testId: string; run(): void } | { heading: string };

export function MenuButton({
  label,
  testId,
  entries,
}: {
  label: string;
  testId: string;
  entries: readonly MenuEntry[];
}) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLDivElement>(null);
  const opener = () => anchor.current!.querySelector<HTMLElement>(`[data-testid="${testId}"]`)!;
  const items = () => [...anchor.current!.querySelectorAll<HTMLElement>('[role=menuitem]')];
  const close = (refocus: boolean) => {
    setOpen(false);
    if (refocus) opener().focus();
  };

  useLayoutEffect(() => {
    opener().setAttribute('aria-haspopup', 'menu');
    opener().setAttribute('aria-expanded', String(open));
    if (!open) return;
    const outside = (event: Event) => {
      if (!anchor.current!.contains(event.target as Node)) close(false);
    };
    document.addEventListener('pointerdown', outside, true);
    addEventListener('blur', outside);
    items()[0]?.focus();
    return () => {
      document.removeEventListener('pointerdown', outside, true);
      removeEventListener('blur', outside);
    };
  }, [open]);

  const openByKey = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' || open || event.target !== opener()) return;
    event.preventDefault();
    setOpen(true);
  };
  const walk = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[(to + all.length) % all.length]?.focus();
    else if (event.key === 'Enter' || event.key === ' ') all[at]?.click();
    else if (event.key === 'Escape') close(true);
    else if (event.key === 'Tab') return close(false);
    else if (event.key.length === 1) {
      const letter = event.key.toLowerCase();
      const ordered = [...all.slice(at + 1), ...all.slice(0, at + 1)];
      ordered.find((item) => item.textContent.toLowerCase().startsWith(letter))?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="menu-anchor" ref={anchor} onKeyDown={openByKey}>
      <Button label={label} icon="export" testId={testId} onClick={() => (open ? close(true) : setOpen(true))} />
      <div class="menu" role="menu" aria-label={label} hidden={!open} data-testid={`${testId}-menu`} onKeyDown={walk}>
        {entries.map((entry) =>
          'heading' in entry ? (
            <div key={entry.heading} class="menu-heading" role="presentation">
              {entry.heading}
            </div>
          ) : (
            <div
              key={entry.testId}
              role="menuitem"
              tabIndex={-1}
              class="menu-item"
              data-testid={entry.testId}
              onClick={() => {
                close(true);
                entry.run();
              }}
            >
              {entry.label}
            </div>
          ),
        )}
      </div>
    </div>
  );
}
