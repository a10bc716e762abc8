/**
 * All tensors as an ARIA grid: the figures' accessible twin. Only the rows in sight exist; they are reused on scroll.
 * One tab stop; arrows, Home, End, Page keys and Ctrl with them move, Enter sorts a heading or opens a tensor.
 */
import type { PanelContext } from '../context.js';
import type { TensorResult } from '../../src/protocol/engineApi.js';
import { h, replace, setText, toggle } from '../dom.js';
import { plural } from '../format.js';
import { button, dropdown, searchField, segmented, type Choice, type Segmented } from '../kit.js';
import { floorLevel } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import { ALL_DELTAS, FITTING_DELTAS, type Part, type SectionFilter, type ViewState } from '../state/view.js';
import { buildColumns, columnGroups, type Column } from './columns.js';
import { filterRows, nextSort, sortRows } from './rows.js';
import { scrollToShow, visibleSpan } from './virtual.js';

export interface TensorTable {
  element: HTMLElement;
  show(model: Model, view: ViewState): void;
  /** The rows in the order shown, for copying. */
  current(): TensorResult[];
  /** Scrolls to a tensor, if the filter lets it through. */
  reveal(name: string): void;
  dispose(): void;
}

const ROW = 24;
/** Rows drawn beyond either edge, so that a short scroll shows no blank. */
const SPARE = 8;
/** Header rows count in aria-rowindex: groups, then columns. */
const HEAD_ROWS = 2;
/** Both updates fit beside each other from this width on. */
const ROOM_FOR_ALL = 900;
const NARROW = 520;

interface RowParts {
  row: HTMLElement;
  cells: HTMLElement[];
  prefix: HTMLElement;
  tail: HTMLElement;
  index: number;
  /** Which arrangement its text was written for. */
  stamp: number;
}

export function createTensorTable(context: PanelContext): TensorTable {
  const status = h('span', { class: 'muted', role: 'status', 'data-testid': 'table-count' });
  const regexToggle = h(
    'button',
    {
      type: 'button',
      class: 'input-option',
      title: 'Use a regular expression',
      'aria-label': 'Use a regular expression',
      'data-testid': 'table-regex',
      on: { click: () => context.view.set({ regex: !context.view.get().regex }) },
    },
    '.*',
  );
  const search = searchField({
    label: 'Search tensors',
    value: '',
    testId: 'table-search',
    end: regexToggle,
    onInput: (query) => context.view.set({ query }),
  });
  const section = dropdown<SectionFilter>({
    label: 'Section',
    labelHidden: true,
    testId: 'table-section',
    choices: [{ value: 'all', label: 'All sections' }],
    value: 'all',
    onChange: (value) => context.view.set({ section: value }),
  });
  const component = dropdown<Part>({
    label: 'Component',
    labelHidden: true,
    testId: 'table-component',
    choices: [{ value: 'all', label: 'All components' }],
    value: 'all',
    onChange: (value) => context.view.set({ component: value }),
  });
  const updates = h('div', {});
  const error = h('p', { class: 'field-error', role: 'alert', hidden: true });
  const chips = h('div', { class: 'chips' });
  const toolbar = h(
    'div',
    { class: 'toolbar' },
    search.element,
    section.element,
    component.element,
    updates,
    chips,
    status,
  );

  const head = h('div', { class: 'grid-head', role: 'rowgroup' });
  const body = h('div', { class: 'grid-body', role: 'rowgroup' });
  const grid = h(
    'div',
    { class: 'grid', role: 'grid', 'aria-label': 'Tensors', 'data-testid': 'tensor-grid', 'aria-readonly': 'true' },
    head,
    body,
  );
  const italics = h('p', { class: 'note' }, 'Grey italics: under 2× the rounding floor.');
  const nothing = h('p', { class: 'note', hidden: true }, 'No tensors match.');
  const element = h('div', { class: 'table' }, toolbar, error, grid, nothing, italics);

  let model: Model | null = null;
  let view: ViewState | null = null;
  let columns: Column[] = [];
  let rows: Int32Array = new Int32Array(0);
  let pool: RowParts[] = [];
  let headings: HTMLElement[] = [];
  let updateChoice: Segmented<string> | null = null;
  let wide = true;
  let narrow = false;
  let stamp = 0;
  /** The focused cell was rebuilt: `draw` gives the focus to its successor. */
  let refocus = false;
  /** Row −1 is the heading row. */
  let active = { row: -1, column: 0 };

  const shownDeltas = (): number[] => {
    if (model === null || view === null) return [];
    const all = model.deltas.map((name) => name.index);
    if (view.tableDelta === ALL_DELTAS) return all;
    if (view.tableDelta === FITTING_DELTAS) return wide ? all : [Math.min(view.heatDelta, all.length - 1)];
    return all.includes(view.tableDelta) ? [view.tableDelta] : all;
  };

  function buildHead(): void {
    refocus ||= grid.contains(document.activeElement);
    columns = buildColumns(model!.deltas, shownDeltas(), narrow);
    // Rows are separate grids: only widths that do not depend on their content keep the columns in line.
    const widths = columns.slice(1).map(widthOf);
    grid.style.setProperty(
      '--columns',
      `minmax(var(--name-width), 1fr) ${widths.map((width) => `${width}px`).join(' ')}`,
    );
    grid.style.setProperty(
      '--grid-width',
      `calc(var(--name-width) + ${widths.reduce((sum, width) => sum + width, 0)}px)`,
    );
    grid.setAttribute('aria-colcount', String(columns.length));
    let at = 1;
    const groups = columnGroups(columns).map(({ delta, span }) => {
      const cell = h(
        'div',
        {
          role: 'columnheader',
          class: delta === null ? 'group group-own' : `group group-delta series-${delta % 4}`,
          'aria-colindex': at,
          'aria-colspan': span,
          style: { 'grid-column': `span ${span}` },
        },
        delta === null ? null : h('span', {}, model!.deltas[delta]?.full ?? ''),
      );
      at += span;
      return cell;
    });
    headings = columns.map((column, index) => {
      const cell = h(
        'div',
        {
          role: 'columnheader',
          class: `heading ${column.numeric ? 'numeric' : 'name'} ${startsGroup(index) ? 'starts' : ''}`,
          'aria-colindex': index + 1,
          title: column.help,
          'data-column': column.id,
          tabindex: -1,
        },
        h('span', {}, column.label),
        h('span', { class: 'sort', 'aria-hidden': 'true' }),
      );
      cell.addEventListener('click', () => {
        active = { row: -1, column: index };
        sortBy(column);
      });
      return cell;
    });
    replace(
      head,
      h('div', { role: 'row', class: 'row groups', 'aria-rowindex': 1 }, ...groups),
      h('div', { role: 'row', class: 'row headings', 'aria-rowindex': 2 }, ...headings),
    );
    pool = [];
    body.replaceChildren();
    active.column = Math.min(active.column, columns.length - 1);
  }

  function startsGroup(index: number): boolean {
    return index > 0 && columns[index]!.delta !== columns[index - 1]!.delta;
  }

  function sortBy(column: Column): void {
    const next = nextSort(column, context.view.get());
    context.view.set(next);
    const how =
      next.sortColumn === null
        ? 'In model order.'
        : `Sorted by ${column.label}, ${next.descending ? 'descending' : 'ascending'}.`;
    context.announce(how);
  }

  function makeRow(): RowParts {
    const prefix = h('span', { class: 'name-prefix' });
    const tail = h('span', { class: 'name-tail' });
    const cells = columns.map((column, index) =>
      h(
        'div',
        {
          role: 'gridcell',
          class: `cell ${column.numeric ? 'numeric' : 'name'} ${startsGroup(index) ? 'starts' : ''}`,
          'aria-colindex': index + 1,
          tabindex: -1,
        },
        ...(index === 0 ? [prefix, tail] : []),
      ),
    );
    cells[0]?.setAttribute('role', 'rowheader');
    const row = h('div', { role: 'row', class: 'row' }, ...cells);
    const parts: RowParts = { row, cells, prefix, tail, index: -1, stamp: -1 };
    cells.forEach((cell, column) => {
      cell.addEventListener('click', () => {
        if (parts.index < 0) return;
        activate({ row: parts.index, column });
        open(parts.index);
      });
    });
    body.append(row);
    return parts;
  }

  function fillRow(parts: RowParts, index: number): void {
    parts.cells.forEach((cell, at) => {
      cell.tabIndex = active.row === index && active.column === at ? 0 : -1;
    });
    if (parts.index === index && parts.stamp === stamp) return;
    parts.stamp = stamp;
    const tensor = model!.result.tensors[rows[index]!]!;
    parts.index = index;
    parts.row.hidden = false;
    parts.row.style.transform = `translateY(${index * ROW}px)`;
    parts.row.setAttribute('aria-rowindex', String(index + 1 + HEAD_ROWS));
    parts.row.setAttribute('aria-selected', String(view!.tensor === tensor.name));
    parts.row.dataset['tensor'] = tensor.name;
    parts.row.classList.toggle('same-depth', view!.depth !== null && tensor.depth === view!.depth);
    parts.row.classList.toggle('odd', index % 2 === 1);
    const [prefix, tail] = splitName(tensor);
    setText(parts.prefix, prefix);
    setText(parts.tail, tail);
    parts.cells.forEach((cell, at) => {
      const column = columns[at]!;
      if (at === 0)
        cell.title = tensor.onDisk.some((name) => name !== null && name !== tensor.name)
          ? `${tensor.name}\non disk: ${tensor.onDisk.map((name) => name ?? '(absent)').join(', ')}`
          : tensor.name;
      else {
        setText(cell, column.text(tensor));
        cell.title = column.why(tensor);
        if (column.delta !== null) {
          const level = floorLevel(tensor.deltas[column.delta]);
          cell.classList.toggle(
            'noisy',
            (level === 'below' || level === 'near') && /ratio|fro|relative/.test(column.id),
          );
        }
      }
    });
  }

  function draw(): void {
    if (model === null || view === null) return;
    const span = visibleSpan(grid.scrollTop, grid.clientHeight, ROW, rows.length, SPARE);
    // Never fewer than any scroll position needs: a pool that grows would move rows to other slots, and the focus with them.
    const most = Math.min(rows.length, Math.ceil(grid.clientHeight / ROW) + 1 + 2 * SPARE);
    while (pool.length < most) pool.push(makeRow());
    // Row k always lives in slot k mod pool: a short scroll fills only the rows that came into sight, and focus stays put.
    const used = new Set<RowParts>();
    for (let index = span.first; index < span.end; index++) {
      const parts = pool[index % pool.length]!;
      used.add(parts);
      fillRow(parts, index);
    }
    for (const parts of pool) {
      if (used.has(parts)) continue;
      parts.row.hidden = true;
      parts.index = -1;
    }
    const rendered = active.row === -1 || (active.row >= span.first && active.row < span.end);
    headings.forEach((heading, column) => {
      heading.tabIndex = active.row === -1 && active.column === column ? 0 : -1;
    });
    // When the active cell is scrolled away, the grid itself stands in for it.
    grid.tabIndex = rendered ? -1 : 0;
    if (refocus) {
      refocus = false;
      (cellOf(active) ?? grid).focus({ preventScroll: true });
    }
  }

  function cellOf(at: { row: number; column: number }): HTMLElement | undefined {
    if (at.row === -1) return headings[at.column];
    const parts = pool[at.row % Math.max(1, pool.length)];
    return parts?.index === at.row ? parts.cells[at.column] : undefined;
  }

  function activate(next: { row: number; column: number }): void {
    active = {
      row: Math.max(-1, Math.min(rows.length - 1, next.row)),
      column: Math.max(0, Math.min(columns.length - 1, next.column)),
    };
    if (active.row >= 0) {
      const viewport = grid.clientHeight - head.offsetHeight;
      grid.scrollTop = scrollToShow(active.row, grid.scrollTop, viewport, ROW);
    }
    draw();
    const cell = cellOf(active);
    cell?.focus({ preventScroll: true });
    if (cell !== undefined && active.column > 0) {
      const left = headings[0]!.offsetWidth;
      if (cell.offsetLeft - grid.scrollLeft < left) grid.scrollLeft = cell.offsetLeft - left;
      else if (cell.offsetLeft + cell.offsetWidth > grid.scrollLeft + grid.clientWidth)
        grid.scrollLeft = cell.offsetLeft + cell.offsetWidth - grid.clientWidth;
    }
  }

  function open(index: number): void {
    const tensor = model?.result.tensors[rows[index]!];
    if (tensor === undefined || model === null) return;
    const shown = shownDeltas();
    const delta = columns[active.column]?.delta ?? (shown.length === 1 ? shown[0] : undefined);
    context.view.set({
      tensor: tensor.name,
      depth: tensor.depth,
      ...(typeof delta !== 'number' ? {} : { detailDelta: delta }),
    });
    context.announce(
      `${tensor.name}${tensor.depth === null ? '' : `, ${describeDepth(model, tensor.depth)}`}. Details follow the table.`,
    );
  }

  grid.addEventListener('scroll', () => draw());
  grid.addEventListener('keydown', (event) => {
    const page = Math.max(1, Math.floor((grid.clientHeight - head.offsetHeight) / ROW) - 1);
    const { row, column } = active;
    const control = event.ctrlKey || event.metaKey;
    const moves: Record<string, { row: number; column: number }> = {
      ArrowDown: { row: row + 1, column },
      ArrowUp: { row: row - 1, column },
      ArrowRight: { row, column: column + 1 },
      ArrowLeft: { row, column: column - 1 },
      PageDown: { row: row + page, column },
      PageUp: { row: Math.max(0, row - page), column },
      Home: control ? { row: 0, column: 0 } : { row, column: 0 },
      End: control ? { row: rows.length - 1, column: columns.length - 1 } : { row, column: columns.length - 1 },
    };
    const next = moves[event.key];
    if (next !== undefined) {
      event.preventDefault();
      activate(next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (active.row === -1) sortBy(columns[active.column]!);
      else open(active.row);
    } else if (event.key === 'Escape' && view !== null) {
      if (view.tensor !== null) context.view.set({ tensor: null });
      else if (view.depth !== null) context.view.set({ depth: null, depthOnly: false });
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  });
  grid.addEventListener('focusin', (event) => {
    const cell = event.target as HTMLElement;
    const heading = headings.indexOf(cell);
    if (heading !== -1) active = { row: -1, column: heading };
  });

  function showChips(): void {
    const depth = view?.depth ?? null;
    if (depth === null || model === null || view === null) {
      replace(chips);
      return;
    }
    const name = describeDepth(model, depth);
    const only = view.depthOnly;
    replace(
      chips,
      h(
        'span',
        { class: 'chip', 'data-testid': 'depth-chip' },
        h(
          'button',
          {
            type: 'button',
            class: 'chip-main',
            'aria-pressed': String(only),
            title: only ? 'Show all tensors' : `Show only ${name}`,
            on: { click: () => context.view.set({ depthOnly: !only }) },
          },
          only ? `Only ${name}` : name,
        ),
        button({
          kind: 'icon',
          icon: 'close',
          label: `Deselect ${name}`,
          testId: 'depth-clear',
          onClick: () => context.view.set({ depth: null, depthOnly: false }),
        }),
      ),
    );
  }

  function showSort(): void {
    headings.forEach((heading, index) => {
      const column = columns[index]!;
      const sorted = view!.sortColumn === column.id;
      heading.setAttribute('aria-sort', sorted ? (view!.descending ? 'descending' : 'ascending') : 'none');
      heading.classList.toggle('sorted', sorted);
      setText(heading.querySelector('.sort')!, sorted ? (view!.descending ? '▼' : '▲') : '');
    });
  }

  function arrange(): void {
    const tensors = model!.result.tensors;
    const filtered = filterRows(tensors, {
      query: view!.query,
      regex: view!.regex,
      section: view!.section,
      component: view!.component,
      depth: view!.depthOnly ? view!.depth : null,
    });
    search.setError(filtered.error);
    error.hidden = filtered.error === null;
    setText(error, filtered.error ?? '');
    const column = columns.find((one) => one.id === view!.sortColumn) ?? null;
    rows = sortRows(tensors, filtered.rows, column, view!.descending);
    body.style.height = `${rows.length * ROW}px`;
    grid.setAttribute('aria-rowcount', String(rows.length + HEAD_ROWS));
    nothing.hidden = rows.length > 0;
    setText(
      status,
      rows.length === tensors.length
        ? plural(tensors.length, 'tensor')
        : `${rows.length} of ${plural(tensors.length, 'tensor')}`,
    );
    if (active.row >= rows.length) active.row = rows.length - 1;
    grid.scrollTop = Math.min(grid.scrollTop, Math.max(0, rows.length * ROW - (grid.clientHeight - head.offsetHeight)));
  }

  function showChoices(): void {
    const tensors = model!.result.tensors;
    const present = <T extends string>(values: Iterable<T>): T[] => [...new Set(values)];
    const sections: Choice<SectionFilter>[] = present(tensors.map((tensor) => tensor.section)).map((value) => ({
      value,
      label: capital(value),
    }));
    const components: Choice<Part>[] = present(tensors.map((tensor) => tensor.component)).map((value) => ({
      value,
      label: value === 'mlp' ? 'MLP' : capital(value),
    }));
    section.setChoices([{ value: 'all', label: 'All sections' }, ...sections], view!.section);
    component.setChoices([{ value: 'all', label: 'All components' }, ...components], view!.component);
    updateChoice = null;
    replace(updates);
    if (model!.deltas.length > 1) {
      updateChoice = segmented({
        label: 'Updates shown',
        labelHidden: true,
        testId: 'table-updates',
        choices: [
          { value: String(ALL_DELTAS), label: 'All' },
          ...model!.deltas.map((name) => ({ value: String(name.index), label: name.short, title: name.full })),
        ],
        value: choiceNow(),
        onChange: (value) => context.view.set({ tableDelta: Number(value) }),
      });
      replace(updates, updateChoice.element);
    }
  }

  function choiceNow(): string {
    const shown = shownDeltas();
    return shown.length === (model?.deltas.length ?? 0) && shown.length > 1
      ? String(ALL_DELTAS)
      : String(shown[0] ?? 0);
  }

  function show(nextModel: Model, nextView: ViewState): void {
    const before = view;
    const sameModel = model === nextModel;
    model = nextModel;
    view = nextView;
    const changed = (...keys: (keyof ViewState)[]) =>
      before === null || keys.some((key) => before[key] !== nextView[key]);
    const first = before === null;
    if (!sameModel) {
      showChoices();
      italics.hidden = !model.result.tensors.some((tensor) =>
        tensor.deltas.some((delta) => ['below', 'near'].includes(floorLevel(delta))),
      );
    }
    const headChanged =
      !sameModel || changed('tableDelta') || (view.tableDelta === FITTING_DELTAS && !wide && changed('heatDelta'));
    if (headChanged) {
      buildHead();
      updateChoice?.set(choiceNow());
    }
    if (headChanged || changed('sortColumn', 'descending')) showSort();
    if (
      headChanged ||
      changed('query', 'regex', 'section', 'component', 'depthOnly', 'sortColumn', 'descending') ||
      (view.depthOnly && changed('depth'))
    ) {
      arrange();
    }
    search.set(view.query);
    section.set(view.section);
    component.set(view.component);
    toggle(regexToggle, 'aria-pressed', true, String(view.regex));
    if (!sameModel || changed('depth', 'depthOnly')) showChips();
    stamp++;
    draw();
    if (!first && changed('tensor') && view.tensor !== null && !grid.contains(document.activeElement))
      reveal(view.tensor);
    else if (
      !first &&
      changed('depth') &&
      view.depth !== null &&
      !view.depthOnly &&
      !grid.contains(document.activeElement)
    ) {
      const at = rows.findIndex((row) => model!.result.tensors[row]!.depth === view!.depth);
      if (at !== -1) scrollTo(at);
    }
  }

  function scrollTo(row: number): void {
    grid.scrollTop = scrollToShow(row, grid.scrollTop, grid.clientHeight - head.offsetHeight, ROW);
    draw();
  }

  function reveal(name: string): void {
    const at = rows.findIndex((row) => model?.result.tensors[row]?.name === name);
    if (at === -1) return;
    active = { row: at, column: 0 };
    scrollTo(at);
  }

  const observer = new ResizeObserver(() => {
    // The room of table and detail together: opening the detail should not take columns away.
    const width = element.parentElement?.clientWidth ?? 0;
    if (width >= ROOM_FOR_ALL !== wide || width < NARROW !== narrow) {
      wide = width >= ROOM_FOR_ALL;
      narrow = width < NARROW;
      if (model !== null) {
        buildHead();
        showSort();
        updateChoice?.set(choiceNow());
        stamp++;
      }
    }
    draw();
  });
  observer.observe(element);
  observer.observe(grid);

  return {
    element,
    show,
    current: () => (model === null ? [] : Array.from(rows, (row) => model!.result.tensors[row]!)),
    reveal,
    dispose: () => observer.disconnect(),
  };
}

/** `model.language_model.layers.` and `3.self_attn.q_proj.weight`: the part that tells rows apart never shrinks. */
export function splitName(tensor: { name: string; layer: number | null }): [string, string] {
  const parts = tensor.name.split('.');
  const layer = tensor.layer === null ? -1 : parts.indexOf(String(tensor.layer));
  const at = layer === -1 ? Math.max(0, parts.length - 3) : layer;
  return at === 0 ? ['', tensor.name] : [`${parts.slice(0, at).join('.')}.`, parts.slice(at).join('.')];
}

function widthOf(column: Column): number {
  if (column.id === 'layer') return 54;
  if (column.id === 'shape') return 112;
  return column.id.endsWith('.cosine') ? 98 : column.id.endsWith('.changed') ? 84 : 76;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
