/** The matrices of a spectrum as a table: filter, sort, choose one. Its rows are one tab stop, arrows move among them. */
import type { TensorSpectra } from '../../src/protocol/engineApi.js';
import type { PanelContext } from '../context.js';
import { h, replace, setText } from '../dom.js';
import { plural } from '../format.js';
import { button, searchField, segmented } from '../kit.js';
import { describeDepth } from '../state/model.js';
import type { Store } from '../state/store.js';
import { nextSort } from '../table/rows.js';
import { splitName } from '../table/tensorTable.js';
import { arrange, matrixColumns, type MatrixColumn } from './matrixColumns.js';
import { keyOf, type GeometryModel } from './model.js';
import type { GeometryView } from './view.js';

export interface Matrices {
  element: HTMLElement;
  show(model: GeometryModel, view: GeometryView): void;
  /** The rows as they are filtered and sorted. */
  current(): readonly TensorSpectra[];
  dispose(): void;
}

/** Rows drawn at first, and with every "more". */
const STEP = 120;
/** Pixels from which both updates have room. */
const ROOM = 900;
/** Below this there is room for little more than the name. */
const NARROW = 520;

export function createMatrices(context: PanelContext, store: Store<GeometryView>): Matrices {
  const search = searchField({
    label: 'Filter matrices',
    value: store.get().query,
    testId: 'matrix-search',
    onInput: (query) => store.set({ query }),
  });
  const status = h('span', { class: 'muted', role: 'status', 'data-testid': 'matrix-count' });
  const chips = h('span', { class: 'chips' });
  const updates = h('span', {});
  const head = h('thead', {});
  const body = h('tbody', {});
  const table = h('table', { class: 'matrix-table', 'data-testid': 'matrix-table' }, head, body);
  const scroller = h('div', { class: 'matrix-scroll', 'data-testid': 'matrix-scroll' }, table);
  const more = button({ label: 'Show more', testId: 'matrix-more', onClick: () => ((limit += STEP), draw()) });
  const nothing = h('p', { class: 'muted', hidden: true }, 'No matrices match.');
  const element = h(
    'div',
    { class: 'matrices' },
    h('div', { class: 'toolbar' }, search.element, chips, updates, status),
    scroller,
    nothing,
    more,
  );

  let model: GeometryModel | null = null;
  let view: GeometryView | null = null;
  let columns: MatrixColumn[] = [];
  let rows: TensorSpectra[] = [];
  let limit = STEP;
  let wide = true;
  let narrow = false;

  const shownUpdates = (): number[] =>
    model === null || view === null
      ? []
      : wide || model.deltas.length === 1
        ? model.deltas.map(({ index }) => index)
        : [Math.min(view.update, model.deltas.length - 1)];

  function showHead(): void {
    if (model === null || view === null) return;
    columns = matrixColumns(model, shownUpdates(), narrow);
    const { sortColumn, descending } = view;
    const groups = columns.reduce<{ delta: number | null; span: number }[]>((spans, { delta }) => {
      const last = spans.at(-1);
      if (last !== undefined && last.delta === delta) last.span++;
      else spans.push({ delta, span: 1 });
      return spans;
    }, []);
    const focused = head.contains(document.activeElement) ? document.activeElement?.getAttribute('data-column') : null;
    replace(
      head,
      h(
        'tr',
        { class: 'groups' },
        ...groups.map(({ delta, span }) =>
          h(
            'th',
            { colspan: span, scope: 'colgroup', class: delta === null ? undefined : `series-${delta % 4} group` },
            delta === null ? '' : (model!.deltas[delta]?.full ?? ''),
          ),
        ),
      ),
      h(
        'tr',
        {},
        ...columns.map((column) => {
          const sorted = sortColumn === column.id;
          return h(
            'th',
            {
              scope: 'col',
              class: `${column.numeric ? 'numeric' : 'name'}${sorted ? ' sorted' : ''}`,
              'aria-sort': sorted ? (descending ? 'descending' : 'ascending') : 'none',
            },
            h(
              'button',
              { type: 'button', title: column.help, 'data-column': column.id, on: { click: () => sortBy(column) } },
              column.label,
              h('span', { class: 'sort', 'aria-hidden': 'true' }, sorted ? (descending ? '▼' : '▲') : ''),
            ),
          );
        }),
      ),
    );
    if (typeof focused === 'string') head.querySelector<HTMLElement>(`[data-column="${focused}"]`)?.focus();
  }

  function sortBy(column: MatrixColumn): void {
    const next = nextSort(column, view!);
    store.set(next);
    context.announce(
      next.sortColumn === null
        ? 'In model order.'
        : `Sorted by ${column.label}, ${next.descending ? 'largest' : 'smallest'} first.`,
    );
  }

  /** `delta`: the update whose number was clicked. */
  function choose(tensor: TensorSpectra, delta: number | null): void {
    const key = keyOf(tensor);
    const { matrix, update } = store.get();
    if (delta !== null && delta !== update) store.set({ matrix: key, update: delta });
    else store.set({ matrix: matrix === key ? null : key });
  }

  function draw(): void {
    if (model === null || view === null) return;
    const focused = body.contains(document.activeElement)
      ? document.activeElement?.closest('tr')?.dataset['matrix']
      : undefined;
    const shown = rows.slice(0, limit);
    const active = shown.find((tensor) => keyOf(tensor) === (focused ?? view!.matrix)) ?? shown[0];
    replace(
      body,
      ...shown.map((tensor) => {
        const key = keyOf(tensor);
        const [prefix, tail] = splitName(tensor);
        const chosen = view!.matrix === key;
        return h(
          'tr',
          {
            'data-matrix': key,
            class: chosen ? 'chosen' : undefined,
            on: {
              click: (event) =>
                choose(tensor, columns[(event.target as Element).closest('td')?.cellIndex ?? 0]?.delta ?? null),
            },
          },
          h(
            'th',
            { scope: 'row', title: key },
            h(
              'button',
              {
                type: 'button',
                class: 'matrix-name',
                tabindex: tensor === active ? 0 : -1,
                'aria-pressed': String(chosen),
                'aria-label': key,
              },
              h('span', { class: 'name-prefix' }, prefix),
              h('span', {}, tail),
              tensor.part === null ? null : h('span', { class: 'name-part' }, tensor.part),
            ),
          ),
          ...columns
            .slice(1)
            .map((column) =>
              h(
                'td',
                { class: column.noisy(tensor) ? 'noisy' : undefined, title: column.why(tensor) || undefined },
                column.text(tensor),
              ),
            ),
        );
      }),
    );
    if (focused !== undefined)
      [...body.querySelectorAll<HTMLElement>('tr')]
        .find((row) => row.dataset['matrix'] === focused)
        ?.querySelector('button')
        ?.focus({ preventScroll: true });
    nothing.hidden = rows.length > 0;
    scroller.hidden = rows.length === 0;
    more.hidden = rows.length <= limit;
    const all = model.result.tensors.length;
    setText(
      status,
      rows.length === all
        ? plural(all, 'matrix', 'matrices')
        : `${rows.length} of ${plural(all, 'matrix', 'matrices')}`,
    );
  }

  body.addEventListener('keydown', (event) => {
    const buttons = [...body.querySelectorAll<HTMLButtonElement>('.matrix-name')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + 10,
      PageUp: at - 10,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (to !== undefined && buttons.length > 0) {
      event.preventDefault();
      const next = buttons[Math.max(0, Math.min(buttons.length - 1, to))]!;
      for (const one of buttons) one.tabIndex = one === next ? 0 : -1;
      next.focus();
      next.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Escape' && view !== null) {
      if (view.matrix !== null) store.set({ matrix: null });
      else if (view.depth !== null) store.set({ depth: null });
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  });

  function showChips(): void {
    const depth = view?.depth ?? null;
    if (depth === null || model === null) return replace(chips);
    const name = describeDepth(model, depth);
    replace(
      chips,
      h(
        'span',
        { class: 'chip', 'data-testid': 'geometry-depth' },
        h('span', { class: 'chip-main' }, `Only ${name}`),
        button({
          kind: 'icon',
          icon: 'close',
          label: `Deselect ${name}`,
          testId: 'geometry-depth-clear',
          onClick: () => store.set({ depth: null }),
        }),
      ),
    );
  }

  function showUpdates(): void {
    if (model === null || view === null || wide || model.deltas.length < 2) return replace(updates);
    replace(
      updates,
      segmented({
        label: 'Update',
        labelHidden: true,
        testId: 'matrix-update',
        choices: model.deltas.map((name) => ({ value: String(name.index), label: name.short, title: name.full })),
        value: String(Math.min(view.update, model.deltas.length - 1)),
        onChange: (value) => store.set({ update: Number(value) }),
      }).element,
    );
  }

  function showAll(): void {
    if (model === null || view === null) return;
    const { query, depth, part, sortColumn, descending } = view;
    showUpdates();
    showHead();
    showChips();
    rows = arrange(
      model.result.tensors,
      { query, depth, part },
      columns.find(({ id }) => id === sortColumn) ?? null,
      descending,
    );
    // What is looked at closely is in sight, however far down it is.
    const at = rows.findIndex((tensor) => keyOf(tensor) === view!.matrix);
    limit = Math.max(STEP, Math.ceil((at + 1) / STEP) * STEP);
    draw();
  }

  const observer = new ResizeObserver(() => {
    const width = element.clientWidth;
    if (width >= ROOM === wide && width < NARROW === narrow) return;
    wide = width >= ROOM;
    narrow = width < NARROW;
    showAll();
  });
  observer.observe(element);

  return {
    element,
    show(nextModel, nextView) {
      const before = view;
      const same =
        model === nextModel &&
        before !== null &&
        (['query', 'depth', 'part', 'sortColumn', 'descending', 'update'] as const).every(
          (key) => before[key] === nextView[key],
        );
      model = nextModel;
      view = nextView;
      search.set(view.query);
      if (!same) return showAll();
      if (before.matrix !== view.matrix) draw();
    },
    current: () => rows,
    dispose: () => observer.disconnect(),
  };
}
