/** Tabs over parts of a panel (WAI-ARIA tabs): one tab stop, arrows move and select. */

/** A panel's part has the id `tabpanel-<value>` and is shown by whoever owns it. */
export function Tabs<T extends string>({
  label,
  choices,
  value,
  hidden = false,
  class: className = '',
  onChange,
}: {
  label: string;
  choices: readonly { value: T; label: string }[];
  value: T;
  hidden?: boolean;
  class?: string;
  onChange: (value: T) => void;
}) {
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = (choices.findIndex((one) => one.value === value) + step + choices.length) % choices.length;
    const list = event.currentTarget as HTMLElement;
    onChange(choices[at]!.value);
    list.querySelectorAll<HTMLElement>('[role=tab]')[at]?.focus();
  };
  return (
    <div class={`tabs${className}`} role="tablist" aria-label={label} hidden={hidden} onKeyDown={walk}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          role="tab"
          id={`tab-${choice.value}`}
          aria-controls={`tabpanel-${choice.value}`}
          aria-selected={choice.value === value}
          tabIndex={choice.value === value ? 0 : -1}
          data-testid={`tab-${choice.value}`}
          onClick={() => onChange(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}
