/**
 * The one module that knows which component kit draws the controls (@vscode/webview-ui-toolkit). Everything else asks
 * for a button or a choice; another kit, or plain elements, can take its place here.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { custom, h, toggle, type Child } from './dom.js';
import { icon, type IconName } from './icons.js';

/** Call once, before anything is mounted. */
export function registerKit(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeTextField(),
  );
}

export interface ButtonOptions {
  /** Words on it; with `iconOnly`, its accessible name. */
  label: string;
  icon?: IconName;
  kind?: 'primary' | 'secondary' | 'icon';
  title?: string;
  testId?: string;
  onClick: (event: MouseEvent) => void;
}

export function button(options: ButtonOptions): HTMLElement {
  const kind = options.kind ?? 'secondary';
  const iconOnly = kind === 'icon';
  const element = custom<HTMLElement>(
    'vscode-button',
    {
      appearance: kind,
      title: options.title ?? (iconOnly ? options.label : undefined),
      'aria-label': options.label,
      'data-testid': options.testId,
      on: { click: options.onClick },
    },
    options.icon === undefined ? null : slotted(icon(options.icon), iconOnly),
    iconOnly ? null : options.label,
  );
  return element;
}

function slotted(node: SVGSVGElement, alone: boolean): SVGSVGElement {
  if (!alone) node.setAttribute('slot', 'start');
  return node;
}

export interface Choice<T extends string> {
  value: T;
  label: string;
}

export interface Dropdown<T extends string> {
  element: HTMLElement;
  set(value: T): void;
  setChoices(choices: readonly Choice<T>[], value: T): void;
}

/** One of several, in a list that drops down. `label` stands before it and names it. */
export function dropdown<T extends string>(options: {
  label: string;
  choices: readonly Choice<T>[];
  value: T;
  onChange(value: T): void;
  testId?: string;
  labelHidden?: boolean;
  after?: Child;
}): Dropdown<T> {
  const list = custom<HTMLElement & { value: string }>('vscode-dropdown', {
    'aria-label': options.label,
    'data-testid': options.testId,
  });
  const fill = (choices: readonly Choice<T>[]) => {
    list.replaceChildren(...choices.map((choice) => custom('vscode-option', { value: choice.value }, choice.label)));
  };
  fill(options.choices);
  let wanted = options.value;
  // The element settles on its options in a microtask after they change; a value set earlier would be lost.
  const settle = () => queueMicrotask(() => setTimeout(() => (list.value = wanted)));
  settle();
  list.addEventListener('change', () => {
    if (list.value === wanted) return;
    wanted = list.value as T;
    options.onChange(wanted);
  });
  return {
    element: field(options.label, list, options.labelHidden === true, options.after),
    set(value) {
      wanted = value;
      if (list.value !== value) settle();
    },
    setChoices(choices, value) {
      wanted = value;
      fill(choices);
      settle();
    },
  };
}

/** A control with its label before it. */
export function field(label: string, control: HTMLElement, labelHidden = false, after?: Child): HTMLElement {
  return h(
    'div',
    { class: 'field' },
    labelHidden ? null : h('span', { class: 'field-label', 'aria-hidden': 'true' }, label),
    control,
    after,
  );
}

export interface TextField {
  element: HTMLElement;
  set(value: string): void;
  setError(error: string | null): void;
}

export function searchField(options: {
  label: string;
  value: string;
  onInput(value: string): void;
  testId?: string;
  end?: HTMLElement;
}): TextField {
  const element = custom<HTMLElement & { value: string }>('vscode-text-field', {
    class: 'search',
    placeholder: options.label,
    'aria-label': options.label,
    'data-testid': options.testId,
    size: 24,
  });
  const glass = icon('search');
  glass.setAttribute('slot', 'start');
  element.append(glass);
  if (options.end !== undefined) {
    options.end.setAttribute('slot', 'end');
    element.append(options.end);
  }
  // The toolkit names every field "Text field" whenever it enters the page.
  new MutationObserver(() => {
    if (element.getAttribute('aria-label') !== options.label) element.setAttribute('aria-label', options.label);
  }).observe(element, { attributeFilter: ['aria-label'] });
  element.value = options.value;
  element.addEventListener('input', () => options.onInput(element.value));
  return {
    element,
    set(value) {
      if (element.value !== value) element.value = value;
    },
    setError(error) {
      toggle(element, 'aria-invalid', error !== null, 'true');
      element.classList.toggle('invalid', error !== null);
      element.title = error ?? '';
    },
  };
}

export interface Checkbox {
  element: HTMLElement;
  set(checked: boolean): void;
}

export function checkbox(options: {
  label: string;
  checked: boolean;
  onChange(checked: boolean): void;
  testId?: string;
}): Checkbox {
  const element = custom<HTMLElement & { checked: boolean }>(
    'vscode-checkbox',
    { 'data-testid': options.testId },
    options.label,
  );
  let wanted = options.checked;
  element.checked = wanted;
  toggle(element, 'checked', wanted);
  element.addEventListener('change', () => {
    if (element.checked === wanted) return;
    wanted = element.checked;
    options.onChange(wanted);
  });
  return {
    element,
    set(checked) {
      wanted = checked;
      element.checked = checked;
    },
  };
}

export interface NumberField {
  element: HTMLElement;
  set(value: number, min: number, max: number): void;
}

/** A whole number; reported when the user commits it (Enter, blur, arrows). The toolkit has no number field. */
export function numberField(options: { label: string; onChange(value: number): void; testId?: string }): NumberField {
  const input = h('input', {
    type: 'number',
    class: 'number',
    step: 1,
    'aria-label': options.label,
    'data-testid': options.testId,
  });
  let kept = '';
  input.addEventListener('change', () => {
    const value = Math.round(Number(input.value));
    if (input.value.trim() === '' || !Number.isFinite(value)) input.value = kept;
    else options.onChange(value);
  });
  return {
    element: input,
    set(value, min, max) {
      input.min = String(min);
      input.max = String(max);
      kept = String(value);
      if (input.value !== kept) input.value = kept;
    },
  };
}

export interface Segmented<T extends string> {
  element: HTMLElement;
  set(value: T): void;
}

/** One of two or three, all in sight. */
export function segmented<T extends string>(options: {
  label: string;
  choices: readonly (Choice<T> & { title?: string })[];
  value: T;
  onChange(value: T): void;
  testId?: string;
  labelHidden?: boolean;
  after?: Child;
}): Segmented<T> {
  const buttons = new Map<T, HTMLButtonElement>();
  let now = options.value;
  const group = h('div', {
    class: 'segmented',
    role: 'radiogroup',
    'aria-label': options.label,
    'data-testid': options.testId,
  });
  const show = () => {
    for (const [value, node] of buttons) {
      node.setAttribute('aria-checked', String(value === now));
      node.tabIndex = value === now ? 0 : -1;
    }
  };
  const pick = (value: T) => {
    if (value === now) return;
    now = value;
    show();
    options.onChange(value);
  };
  for (const choice of options.choices) {
    const node = h(
      'button',
      {
        type: 'button',
        role: 'radio',
        title: choice.title,
        'data-value': choice.value,
        on: { click: () => pick(choice.value) },
      },
      choice.label,
    );
    buttons.set(choice.value, node);
    group.append(node);
  }
  group.addEventListener('keydown', (event) => {
    const values = [...buttons.keys()];
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = values[(values.indexOf(now) + step + values.length) % values.length];
    if (next === undefined) return;
    pick(next);
    buttons.get(next)?.focus();
  });
  show();
  return {
    element: field(options.label, group, options.labelHidden === true, options.after),
    set(value) {
      now = value;
      show();
    },
  };
}
