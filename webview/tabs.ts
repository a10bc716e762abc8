/** Tabs over parts of a panel (WAI-ARIA tabs): one tab stop, arrows move and select. */
import { h } from './dom.js';

export interface Tabs<T extends string> {
  element: HTMLElement;
  set(value: T): void;
}

/** A panel's part has the id `tabpanel-<value>` and is shown by whoever owns it. */
export function tabs<T extends string>(options: {
  label: string;
  choices: readonly { value: T; label: string }[];
  onChange(value: T): void;
}): Tabs<T> {
  const buttons = options.choices.map(({ value, label }) =>
    h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${value}`,
        'aria-controls': `tabpanel-${value}`,
        'data-testid': `tab-${value}`,
        on: { click: () => options.onChange(value) },
      },
      label,
    ),
  );
  const element = h('div', { class: 'tabs', role: 'tablist', 'aria-label': options.label }, ...buttons);
  element.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at =
      (buttons.findIndex((one) => one.getAttribute('aria-selected') === 'true') + step + buttons.length) %
      buttons.length;
    options.onChange(options.choices[at]!.value);
    buttons[at]!.focus();
  });
  return {
    element,
    set(value) {
      options.choices.forEach((choice, at) => {
        const own = choice.value === value;
        buttons[at]!.setAttribute('aria-selected', String(own));
        buttons[at]!.tabIndex = own ? 0 : -1;
      });
    },
  };
}
