/** Parts that fold: the user's choice is remembered. Numbers of figures are filled in once they are opened. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { usePanel } from './context.js';
import { plural } from './format.js';
import { Icon } from './icons.js';

/** The user's choice is remembered under `id`. */
export function Folding({
  id,
  title,
  open,
  class: className = '',
  onOpen,
  children,
}: {
  id: string;
  title: ComponentChildren;
  /** Before the user has chosen. */
  open: boolean;
  class?: string;
  onOpen?: (open: boolean) => void;
  children: ComponentChildren;
}) {
  const { view } = usePanel();
  const isOpen = view.get().open[id] ?? open;
  const toggle = ({ currentTarget }: { currentTarget: HTMLDetailsElement }) => {
    const { open: remembered } = view.get();
    if ((remembered[id] ?? open) !== currentTarget.open)
      view.set({ open: { ...remembered, [id]: currentTarget.open } });
    onOpen?.(currentTarget.open);
  };
  return (
    <details class={`folding ${className}`} open={isOpen} data-testid={id} onToggle={toggle}>
      <summary>
        <Icon name="chevron" />
        {title}
      </summary>
      {children}
    </details>
  );
}

/** Warnings as a list, open while there are few. */
export function Warnings({ id, list }: { id: string; list: readonly string[] }) {
  if (list.length === 0) return null;
  const title = (
    <>
      <Icon name="warning" />
      {plural(list.length, 'warning')}
    </>
  );
  return (
    <Folding id={id} open={list.length <= 2} class="warnings" title={title}>
      <ul>
        {list.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </Folding>
  );
}

/** Items that are missing somewhere: `most` of them by name. */
export function MissingList<T>({
  id,
  title,
  items,
  open = false,
  most = 200,
  children,
}: {
  id: string;
  title: string;
  items: readonly T[];
  open?: boolean;
  most?: number;
  children: (item: T) => ComponentChildren;
}) {
  if (items.length === 0) return null;
  const head = (
    <>
      <Icon name="info" />
      {title}
    </>
  );
  return (
    <Folding id={id} open={open} class="missing" title={head}>
      <ul>
        {items.slice(0, most).map((item, at) => (
          <li key={at}>{children(item)}</li>
        ))}
        {items.length > most ? (
          <li class="muted">{`… and ${items.length - most} more, in the exported JSON.`}</li>
        ) : null}
      </ul>
    </Folding>
  );
}

export interface NumbersProps {
  id: string;
  /** What the table is about, for a screen reader. */
  label: string;
  /** How many rows there are. */
  count: number;
  headings: readonly string[];
  class?: string;
  /** Rows of the table; asked for once it is opened. */
  rows: () => ComponentChildren;
  after?: ComponentChildren;
}

/** The accessible twin of a figure: its numbers as a table. */
export function Numbers({ id, label, count, headings, class: className = '', rows, after }: NumbersProps) {
  const { view } = usePanel();
  // Thousands of cells nobody has asked for would make every change slow.
  const [opened, setOpened] = useState(view.get().open[id] === true);
  const title = (
    <>
      Numbers
      <span class="muted">{plural(count, 'row')}</span>
    </>
  );
  return (
    <Folding id={id} open={false} class="numbers" title={title} onOpen={(open) => open && setOpened(true)}>
      <div class="numbers-scroll" tabIndex={0} role="region" aria-label={label}>
        <table class={`number-table ${className}`.trimEnd()} data-testid={`${id}-table`}>
          <Headings texts={headings} />
          <tbody>{opened ? rows() : null}</tbody>
        </table>
      </div>
      {after}
    </Folding>
  );
}

export function Headings({ texts }: { texts: readonly string[] }) {
  return (
    <thead>
      <tr>
        {texts.map((text) => (
          <th key={text} scope="col">
            {text}
          </th>
        ))}
      </tr>
    </thead>
  );
}
