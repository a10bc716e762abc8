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
import type { ComponentChildren, HTMLAttributes } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from './icons.js';

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

type KitElement = HTMLAttributes<HTMLElement> & {
  appearance?: string;
  disabled?: boolean | undefined;
  value?: string;
  placeholder?: string;
  size?: number;
};

declare module 'preact' {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- where Preact looks for elements
  namespace JSX {
    interface IntrinsicElements {
      'vscode-button': KitElement;
      'vscode-checkbox': KitElement;
      'vscode-dropdown': KitElement;
      'vscode-option': KitElement;
      'vscode-text-field': KitElement;
    }
  }
}

export interface ButtonProps {
  /** Words on it; of an icon, its accessible name. */
  label: string;
  icon?: IconName;
  kind?: 'primary' | 'secondary' | 'icon';
  title?: string | undefined;
  testId?: string | undefined;
  disabled?: boolean | undefined;
  hidden?: boolean | undefined;
  onClick: (event: MouseEvent) => void;
}

export function Button({ label, icon, kind = 'secondary', title, testId, disabled, hidden, onClick }: ButtonProps) {
  const iconOnly = kind === 'icon';
  return (
    <vscode-button
      aria-label={label}
      appearance={kind}
      title={title ?? (iconOnly ? label : undefined)}
      disabled={disabled === true}
      hidden={hidden}
      data-testid={testId}
      onClick={onClick}
    >
      {icon === undefined ? null : <Icon name={icon} slot={iconOnly ? undefined : 'start'} />}
      {iconOnly ? null : label}
    </vscode-button>
  );
}

export interface Choice<T extends string> {
  value: T;
  label: string;
}

/** A control with its label before it. */
export function Field({
  label,
  labelHidden = false,
  hidden,
  after,
  children,
}: {
  label: string;
  labelHidden?: boolean | undefined;
  hidden?: boolean | undefined;
  after?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <div class="field" hidden={hidden}>
      {labelHidden ? null : (
        <span class="field-label" aria-hidden="true">
          {label}
        </span>
      )}
      {children}
      {after}
    </div>
  );
}

interface ChoiceProps<T extends string, C> {
  /** Stands before it and names it. */
  label: string;
  labelHidden?: boolean;
  choices: readonly C[];
  value: T;
  testId?: string;
  hidden?: boolean;
  after?: ComponentChildren;
  onChange: (value: T) => void;
}

/** One of several, in a list that drops down. */
export function Dropdown<T extends string>(props: ChoiceProps<T, Choice<T>>) {
  const { label, choices, value, testId, onChange } = props;
  const list = useRef<HTMLElement & { value: string }>(null);
  const wanted = useRef(value);
  wanted.current = value;
  const names = choices.map((choice) => choice.value).join();
  useLayoutEffect(() => {
    // The element settles on its options in a microtask after they change; a value set earlier would be lost.
    queueMicrotask(() =>
      setTimeout(() => {
        if (list.current !== null && list.current.value !== wanted.current) list.current.value = wanted.current;
      }),
    );
  }, [names, value]);
  const change = () => {
    const now = list.current?.value as T;
    if (now === wanted.current) return;
    wanted.current = now;
    onChange(now);
  };
  return (
    <Field label={label} labelHidden={props.labelHidden} hidden={props.hidden} after={props.after}>
      <vscode-dropdown aria-label={label} data-testid={testId} ref={list} onChange={change}>
        {choices.map((choice) => (
          <vscode-option key={choice.value} value={choice.value}>
            {choice.label}
          </vscode-option>
        ))}
      </vscode-dropdown>
    </Field>
  );
}

/** One of two or three, all in sight. */
export function Segmented<T extends string>(props: ChoiceProps<T, Choice<T> & { title?: string }>) {
  const { label, choices, value, testId, onChange } = props;
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = (choices.findIndex((choice) => choice.value === value) + step + choices.length) % choices.length;
    const group = event.currentTarget as HTMLElement;
    if (choices[at]!.value !== value) onChange(choices[at]!.value);
    group.querySelectorAll<HTMLElement>('[role=radio]')[at]?.focus();
  };
  return (
    <Field label={label} labelHidden={props.labelHidden} hidden={props.hidden} after={props.after}>
      <div class="segmented" role="radiogroup" aria-label={label} data-testid={testId} onKeyDown={walk}>
        {choices.map((choice) => (
          <button
            key={choice.value}
            type="button"
            role="radio"
            title={choice.title}
            data-value={choice.value}
            aria-checked={choice.value === value}
            tabIndex={choice.value === value ? 0 : -1}
            onClick={() => choice.value !== value && onChange(choice.value)}
          >
            {choice.label}
          </button>
        ))}
      </div>
    </Field>
  );
}

export function SearchField({
  label,
  value,
  error = null,
  testId,
  end,
  onInput,
}: {
  label: string;
  value: string;
  error?: string | null;
  testId?: string;
  /** Stands at its end, with `slot="end"`. */
  end?: ComponentChildren;
  onInput: (value: string) => void;
}) {
  const field = useRef<HTMLElement & { value: string }>(null);
  useLayoutEffect(() => {
    const element = field.current!;
    // The toolkit names every field "Text field" whenever it enters the page.
    const name = () => {
      if (element.getAttribute('aria-label') !== label) element.setAttribute('aria-label', label);
    };
    name();
    const observer = new MutationObserver(name);
    observer.observe(element, { attributeFilter: ['aria-label'] });
    return () => observer.disconnect();
  }, [label]);
  useLayoutEffect(() => {
    if (field.current!.value !== value) field.current!.value = value;
  }, [value]);
  return (
    <vscode-text-field
      ref={field}
      class={`search${error === null ? '' : ' invalid'}`}
      placeholder={label}
      aria-label={label}
      aria-invalid={error === null ? undefined : true}
      title={error ?? ''}
      data-testid={testId}
      size={24}
      onInput={() => onInput(field.current!.value)}
    >
      <Icon name="search" slot="start" />
      {end}
    </vscode-text-field>
  );
}

export function Checkbox({
  label,
  checked,
  testId,
  onChange,
}: {
  label: string;
  checked: boolean;
  testId?: string;
  onChange: (checked: boolean) => void;
}) {
  const box = useRef<HTMLElement & { checked: boolean }>(null);
  const wanted = useRef(checked);
  useLayoutEffect(() => {
    wanted.current = checked;
    if (box.current!.checked !== checked) box.current!.checked = checked;
  }, [checked]);
  const change = () => {
    const now = box.current!.checked;
    if (now === wanted.current) return;
    wanted.current = now;
    onChange(now);
  };
  return (
    <vscode-checkbox ref={box} data-testid={testId} onChange={change}>
      {label}
    </vscode-checkbox>
  );
}

/** A whole number; reported when the user commits it (Enter, blur, arrows). The toolkit has no number field. */
export function NumberField({
  label,
  value,
  min,
  max,
  testId,
  onChange,
}: {
  label: string;
  value: number;
  min: number;
  max: number;
  testId?: string;
  onChange: (value: number) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (input.current!.value !== String(value)) input.current!.value = String(value);
  });
  const commit = ({ currentTarget: own }: { currentTarget: HTMLInputElement }) => {
    const wanted = Math.round(Number(own.value));
    if (own.value.trim() === '' || !Number.isFinite(wanted)) own.value = String(value);
    else onChange(wanted);
  };
  return (
    <input
      ref={input}
      type="number"
      class="number"
      // Digits of the largest, and the arrows beside them.
      style={{ width: `calc(${Math.max(3, String(max).length)}ch + 27px)` }}
      step={1}
      min={min}
      max={max}
      aria-label={label}
      data-testid={testId}
      onChange={commit}
    />
  );
}
