/** What is behind a place in a figure: a list of samples or questions on the left, one of them in full on the right. */
import { h, replace, type Child } from './dom.js';
import { button } from './kit.js';

/** A list is for looking; the export has them all. */
const MOST_LISTED = 400;

export interface SamplePane {
  element: HTMLElement;
  list: HTMLElement;
  detail: HTMLElement;
  /** The head: what it is, and how many. */
  title(heading: string, count: string): void;
  /** `empty` stands where there is nothing to list. */
  fill<T>(items: readonly T[], idOf: (item: T) => string, row: (item: T) => Child[], empty: string): void;
  /** Shows which one is selected. */
  mark(id: string | null): void;
}

export function createSamplePane(options: {
  noun: 'sample' | 'question';
  /** Begins the test ids of what is in the head. */
  testId: string;
  label: string;
  /** Which of them are listed. */
  filter: HTMLElement;
  selected(): string | null;
  onSelect(id: string): void;
  onLeave(): void;
}): SamplePane {
  const { noun, testId, label, filter } = options;
  const heading = h('h2', { 'data-testid': `${testId}-title` });
  const count = h('span', { class: 'muted', 'data-testid': `${testId}-count` });
  const close = button({
    kind: 'icon',
    icon: 'close',
    label: `Close the ${noun}s`,
    testId: `${testId}-close`,
    onClick: () => options.onLeave(),
  });
  const list = h('div', {
    class: 'sample-list',
    role: 'listbox',
    tabindex: 0,
    'aria-label': label,
    'data-testid': `${noun}s`,
  });
  const detail = h('div', { class: 'sample-detail', 'data-testid': noun });
  const element = h(
    'section',
    { class: 'block behind', 'aria-label': label, hidden: true, 'data-testid': 'behind' },
    h('div', { class: 'behind-head' }, heading, count, filter, close),
    h('div', { class: 'behind-body' }, list, detail),
  );
  let ids: string[] = [];

  function select(id: string): void {
    options.onSelect(id);
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }
  list.addEventListener('keydown', (event) => {
    const at = ids.indexOf(options.selected() ?? '');
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: ids.length - 1, PageDown: at + 8, PageUp: at - 8 }[
      event.key
    ];
    if (to === undefined || ids.length === 0) return;
    event.preventDefault();
    select(ids[Math.max(0, Math.min(ids.length - 1, to))]!);
  });
  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    options.onLeave();
  });

  return {
    element,
    list,
    detail,
    title(text, number) {
      heading.textContent = text;
      count.textContent = number;
    },
    fill(items, idOf, row, empty) {
      const listed = items.slice(0, MOST_LISTED);
      ids = listed.map(idOf);
      replace(
        list,
        ...listed.map((item, at) =>
          h(
            'div',
            {
              class: 'sample-row',
              role: 'option',
              id: `${noun}-${ids[at]!}`,
              'data-sample': ids[at]!,
              on: { click: () => select(idOf(item)) },
            },
            ...row(item),
          ),
        ),
        items.length === 0 ? h('p', { class: 'muted empty-list' }, empty) : null,
        items.length > MOST_LISTED
          ? h(
              'p',
              { class: 'muted empty-list' },
              `The first ${MOST_LISTED} of ${items.length}; the CSV export has all.`,
            )
          : null,
      );
    },
    mark(id) {
      for (const row of list.querySelectorAll<HTMLElement>('.sample-row'))
        row.setAttribute('aria-selected', String(row.dataset['sample'] === id));
      if (id === null) list.removeAttribute('aria-activedescendant');
      else list.setAttribute('aria-activedescendant', `${noun}-${id}`);
    },
  };
}
