/**
 * The matrices of a spectrum as a table: filter, sort, choose one. Its rows are one tab stop, arrows move among them.
 */
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TensorSpectra } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { plural } from '../format.js';
import { Button, SearchField, Segmented } from '../kit.js';
import { describeDepth } from '../state/model.js';
import { nextSort } from '../table/rows.js';
import { splitName } from '../table/names.js';
import { arrange, matrixColumns, type MatrixColumn } from './matrixColumns.js';
import { keyOf } from './model.js';
import type { SpectrumParts } from './resultView.js';

/** Rows drawn at first, and with every "more". */
const STEP = 120;
/** Pixels from which both updates have room. */
const ROOM = 900;
/** Below this there is room for little more than the name. */
const NARROW = 520;

export function Matrices(parts: SpectrumParts) {
  const { model, view, store } = parts;
  const { query, depth, part, sortColumn, descending, update, matrix } = view;
  const frame = useRef<HTMLDivElement>(null);
  const { wide, narrow } = useRoom(frame);
  const all = model.deltas.length;
  const updates = wide || all === 1 ? model.deltas.map(({ index }) => index) : [Math.min(update, all - 1)];
  const columns = useMemo(() => matrixColumns(model, updates, narrow), [model, updates.join(), narrow]);
  const rows = useMemo(() => {
    const column = columns.find(({ id }) => id === sortColumn) ?? null;
    return arrange(model.result.tensors, { query, depth, part }, column, descending);
  }, [model, columns, query, depth, part, sortColumn, descending]);
  const [limit, setLimit] = useState(STEP);
  // What is looked at closely is in sight, however far down it is.
  const at = rows.findIndex((tensor) => keyOf(tensor) === matrix);
  const shown = Math.max(limit, Math.ceil((at + 1) / STEP) * STEP);
  useLayoutEffect(() => setLimit(STEP), [rows]);
  const count = model.result.tensors.length;
  return (
    <div ref={frame} class="matrices">
      <div class="toolbar">
        <SearchField
          label="Filter matrices"
          value={query}
          testId="matrix-search"
          onInput={(value) => store.set({ query: value })}
        />
        <span class="chips">
          <DepthChip {...parts} />
        </span>
        <span>
          {wide || all < 2 ? null : (
            <Segmented
              label="Update"
              labelHidden
              testId="matrix-update"
              choices={model.deltas.map(({ index, short, full }) => ({
                value: String(index),
                label: short,
                title: full,
              }))}
              value={String(Math.min(update, all - 1))}
              onChange={(value) => store.set({ update: Number(value) })}
            />
          )}
        </span>
        <span class="muted" role="status" data-testid="matrix-count">
          {rows.length === count
            ? plural(count, 'matrix', 'matrices')
            : `${rows.length} of ${plural(count, 'matrix', 'matrices')}`}
        </span>
      </div>
      <div class="matrix-scroll" hidden={rows.length === 0} data-testid="matrix-scroll">
        <table class="matrix-table" data-testid="matrix-table">
          <Head {...parts} columns={columns} />
          <Body {...parts} columns={columns} rows={rows.slice(0, shown)} />
        </table>
      </div>
      {rows.length > 0 ? null : <p class="muted">No matrices match.</p>}
      <Button
        label="Show more"
        testId="matrix-more"
        hidden={rows.length <= shown}
        onClick={() => setLimit(shown + STEP)}
      />
    </div>
  );
}

/** Whether both updates fit, and whether anything but the name does. */
function useRoom(frame: { current: HTMLElement | null }): { wide: boolean; narrow: boolean } {
  const [room, setRoom] = useState({ wide: true, narrow: false });
  useLayoutEffect(() => {
    const measure = () => {
      const width = frame.current!.clientWidth;
      const next = { wide: width >= ROOM, narrow: width < NARROW };
      setRoom((now) => (now.wide === next.wide && now.narrow === next.narrow ? now : next));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  return room;
}

function DepthChip({ model, view, store }: SpectrumParts) {
  if (view.depth === null) return null;
  const name = describeDepth(model, view.depth);
  return (
    <span class="chip" data-testid="spectrum-depth">
      <span class="chip-main">{`Only ${name}`}</span>
      <Button
        kind="icon"
        icon="close"
        label={`Deselect ${name}`}
        testId="spectrum-depth-clear"
        onClick={() => store.set({ depth: null })}
      />
    </span>
  );
}

function Head({ model, view, store, columns }: SpectrumParts & { columns: readonly MatrixColumn[] }) {
  const { announce } = usePanel();
  const { sortColumn, descending } = view;
  const groups = columns.reduce<{ delta: number | null; span: number }[]>((spans, { delta }) => {
    const last = spans.at(-1);
    if (last !== undefined && last.delta === delta) last.span++;
    else spans.push({ delta, span: 1 });
    return spans;
  }, []);
  const sortBy = (column: MatrixColumn) => {
    const next = nextSort(column, view);
    store.set(next);
    announce(
      next.sortColumn === null
        ? 'In model order.'
        : `Sorted by ${column.label}, ${next.descending ? 'largest' : 'smallest'} first.`,
    );
  };
  return (
    <thead>
      <tr class="groups">
        {groups.map(({ delta, span }, at) => (
          <th key={at} colSpan={span} scope="colgroup" class={delta === null ? undefined : `series-${delta % 4} group`}>
            {delta === null ? '' : (model.deltas[delta]?.full ?? '')}
          </th>
        ))}
      </tr>
      <tr>
        {columns.map((column) => {
          const sorted = sortColumn === column.id;
          return (
            <th
              key={column.id}
              scope="col"
              class={`${column.numeric ? 'numeric' : 'name'}${sorted ? ' sorted' : ''}`}
              aria-sort={sorted ? (descending ? 'descending' : 'ascending') : 'none'}
            >
              <button type="button" title={column.help} data-column={column.id} onClick={() => sortBy(column)}>
                {column.label}
                <span class="sort" aria-hidden="true">
                  {sorted ? (descending ? '▼' : '▲') : ''}
                </span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

type BodyProps = SpectrumParts & { columns: readonly MatrixColumn[]; rows: readonly TensorSpectra[] };

function Body(props: BodyProps) {
  const { view, store, columns, rows } = props;
  const [focused, setFocused] = useState<string | null>(null);
  const has = (key: string | null) => key !== null && rows.some((tensor) => keyOf(tensor) === key);
  const active = has(focused)
    ? focused
    : has(view.matrix)
      ? view.matrix
      : rows[0] === undefined
        ? null
        : keyOf(rows[0]);
  const walk = (event: KeyboardEvent) => {
    const buttons = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.matrix-name')];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const last = buttons.length - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: last }[
      event.key
    ];
    if (to !== undefined && buttons.length > 0) {
      event.preventDefault();
      const next = buttons[Math.max(0, Math.min(last, to))]!;
      next.focus();
      next.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Escape') {
      if (view.matrix !== null) store.set({ matrix: null });
      else if (view.depth !== null) store.set({ depth: null });
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  };
  /** `delta`: the update whose number was clicked. */
  const choose = (key: string, delta: number | null) => {
    if (delta !== null && delta !== view.update) store.set({ matrix: key, update: delta });
    else store.set({ matrix: view.matrix === key ? null : key });
  };
  return (
    <tbody onKeyDown={walk}>
      {rows.map((tensor) => {
        const key = keyOf(tensor);
        return (
          <Row
            key={key}
            {...{ tensor, columns }}
            isChosen={view.matrix === key}
            isActive={key === active}
            onFocus={() => setFocused(key)}
            onChoose={(delta) => choose(key, delta)}
          />
        );
      })}
    </tbody>
  );
}

function Row({
  tensor,
  columns,
  isChosen,
  isActive,
  onFocus,
  onChoose,
}: {
  tensor: TensorSpectra;
  columns: readonly MatrixColumn[];
  isChosen: boolean;
  isActive: boolean;
  onFocus: () => void;
  onChoose: (delta: number | null) => void;
}) {
  const key = keyOf(tensor);
  const [prefix, tail] = splitName(tensor);
  return (
    <tr
      data-matrix={key}
      class={isChosen ? 'chosen' : undefined}
      onClick={(event) => onChoose(columns[(event.target as Element).closest('td')?.cellIndex ?? 0]?.delta ?? null)}
    >
      <th scope="row" title={key}>
        <button
          type="button"
          class="matrix-name"
          tabIndex={isActive ? 0 : -1}
          aria-pressed={isChosen}
          aria-label={key}
          onFocus={onFocus}
        >
          <span class="name-prefix">{prefix}</span>
          <span>{tail}</span>
          {tensor.part === null ? null : <span class="name-part">{tensor.part}</span>}
        </button>
      </th>
      {columns.slice(1).map((column) => (
        <td key={column.id} class={column.noisy(tensor) ? 'noisy' : undefined} title={column.why(tensor) || undefined}>
          {column.text(tensor)}
        </td>
      ))}
    </tr>
  );
}
