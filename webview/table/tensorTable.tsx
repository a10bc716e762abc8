/** All tensors as a table: the figures' accessible twin. Search, filters and chips over a grid. */
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TensorResult } from '../../src/protocol/engineApi.js';
import { capital } from '../compare/toolbar.js';
import { usePanel } from '../context.js';
import { plural } from '../format.js';
import { Button, Dropdown, SearchField, Segmented } from '../kit.js';
import { floorLevel } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import { ALL_DELTAS, FITTING_DELTAS, type Part, type SectionFilter, type ViewState } from '../state/view.js';
import { arrange } from './arranged.js';
import { buildColumns, type Column } from './columns.js';
import { Grid } from './grid.js';
import { nextSort } from './rows.js';

/** Both updates fit beside each other from this width on. */
const ROOM_FOR_ALL = 900;
const NARROW = 520;

interface TableProps {
  model: Model;
  view: ViewState;
}

export function TensorTable({ model, view }: TableProps) {
  const frame = useRef<HTMLDivElement>(null);
  const { wide, narrow } = useRoom(frame);
  const shown = shownDeltas(model, view, wide);
  const columns = useMemo(
    () => buildColumns(model.deltas, shown, narrow),
    [model.deltas.map(({ full }) => full).join(), shown.join(), narrow],
  );
  const { query, regex, section, component, depthOnly, sortColumn, descending } = view;
  const { rows, error } = useMemo(
    () => arrange(model, view, columns),
    [model, columns, query, regex, section, component, depthOnly, depthOnly && view.depth, sortColumn, descending],
  );
  const isNoisy = useMemo(
    () =>
      model.result.tensors.some(({ deltas }) => deltas.some((delta) => ['below', 'near'].includes(floorLevel(delta)))),
    [model],
  );
  const all = model.result.tensors.length;
  return (
    <div ref={frame} class="table">
      <div class="toolbar">
        <Filters model={model} view={view} error={error} />
        <div>
          <Updates model={model} shown={shown} />
        </div>
        <div class="chips">
          <DepthChip model={model} view={view} />
        </div>
        <span class="muted" role="status" data-testid="table-count">
          {rows.length === all ? plural(all, 'tensor') : `${rows.length} of ${plural(all, 'tensor')}`}
        </span>
      </div>
      <p class="field-error" role="alert" hidden={error === null}>
        {error}
      </p>
      <GridView model={model} view={view} columns={columns} rows={rows} shown={shown} />
      <p class="note" hidden={rows.length > 0}>
        No tensors match.
      </p>
      <p class="note" hidden={!isNoisy}>
        Grey italics: under 2× the rounding floor.
      </p>
    </div>
  );
}

function shownDeltas({ deltas }: Model, { tableDelta, heatDelta }: ViewState, wide: boolean): number[] {
  const all = deltas.map((name) => name.index);
  if (tableDelta === ALL_DELTAS) return all;
  if (tableDelta === FITTING_DELTAS) return wide ? all : [Math.min(heatDelta, all.length - 1)];
  return all.includes(tableDelta) ? [tableDelta] : all;
}

/** Whether both updates fit, and whether anything but the name does. */
function useRoom(frame: { current: HTMLElement | null }): { wide: boolean; narrow: boolean } {
  const [room, setRoom] = useState({ wide: true, narrow: false });
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => {
      // The room of table and detail together: opening the detail should not take columns away.
      const width = frame.current?.parentElement?.clientWidth ?? 0;
      const next = { wide: width >= ROOM_FOR_ALL, narrow: width < NARROW };
      setRoom((now) => (now.wide === next.wide && now.narrow === next.narrow ? now : next));
    });
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  return room;
}

function Filters({ model, view, error }: TableProps & { error: string | null }) {
  const { set } = usePanel().view;
  const [sections, components] = useMemo(() => {
    const { tensors } = model.result;
    return [
      [...new Set(tensors.map((one) => one.section))],
      [...new Set(tensors.map((one) => one.component))],
    ] as const;
  }, [model]);
  const regexToggle = (
    <button
      slot="end"
      type="button"
      class="input-option"
      title="Use a regular expression"
      aria-label="Use a regular expression"
      aria-pressed={view.regex}
      data-testid="table-regex"
      onClick={() => set({ regex: !view.regex })}
    >
      .*
    </button>
  );
  return (
    <>
      <SearchField
        label="Search tensors"
        value={view.query}
        error={error}
        testId="table-search"
        end={regexToggle}
        onInput={(query) => set({ query })}
      />
      <Dropdown<SectionFilter>
        label="Section"
        labelHidden
        testId="table-section"
        choices={[
          { value: 'all', label: 'All sections' },
          ...sections.map((value) => ({ value, label: capital(value) })),
        ]}
        value={view.section}
        onChange={(section) => set({ section })}
      />
      <Dropdown<Part>
        label="Component"
        labelHidden
        testId="table-component"
        choices={[
          { value: 'all', label: 'All components' },
          ...components.map((value) => ({ value, label: value === 'mlp' ? 'MLP' : capital(value) })),
        ]}
        value={view.component}
        onChange={(component) => set({ component })}
      />
    </>
  );
}

function Updates({ model: { deltas }, shown }: { model: Model; shown: readonly number[] }) {
  const { set } = usePanel().view;
  if (deltas.length < 2) return null;
  const isAll = shown.length === deltas.length && shown.length > 1;
  return (
    <Segmented
      label="Updates shown"
      labelHidden
      testId="table-updates"
      choices={[
        { value: String(ALL_DELTAS), label: 'All' },
        ...deltas.map((name) => ({ value: String(name.index), label: name.short, title: name.full })),
      ]}
      value={isAll ? String(ALL_DELTAS) : String(shown[0] ?? 0)}
      onChange={(value) => set({ tableDelta: Number(value) })}
    />
  );
}

function DepthChip({ model, view }: TableProps) {
  const { set } = usePanel().view;
  if (view.depth === null) return null;
  const name = describeDepth(model, view.depth);
  const only = view.depthOnly;
  return (
    <span class="chip" data-testid="depth-chip">
      <button
        type="button"
        class="chip-main"
        aria-pressed={only}
        title={only ? 'Show all tensors' : `Show only ${name}`}
        onClick={() => set({ depthOnly: !only })}
      >
        {only ? `Only ${name}` : name}
      </button>
      <Button
        kind="icon"
        icon="close"
        label={`Deselect ${name}`}
        testId="depth-clear"
        onClick={() => set({ depth: null, depthOnly: false })}
      />
    </span>
  );
}

interface GridProps extends TableProps {
  columns: readonly Column[];
  rows: Int32Array;
  shown: readonly number[];
}

function GridView(props: GridProps) {
  const context = usePanel();
  const { model, view, columns, rows } = props;
  const [frame, head, body] = [
    useRef<HTMLDivElement>(null),
    useRef<HTMLDivElement>(null),
    useRef<HTMLDivElement>(null),
  ];
  const grid = useRef<Grid | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useLayoutEffect(() => {
    const made = new Grid(frame.current!, head.current!, body.current!, {
      onSort(column) {
        const next = nextSort(column, context.view.get());
        context.view.set(next);
        context.announce(
          next.sortColumn === null
            ? 'In model order.'
            : `Sorted by ${column.label}, ${next.descending ? 'descending' : 'ascending'}.`,
        );
      },
      onOpen(tensor, column) {
        const { model: own, shown } = latest.current;
        const delta = column.delta ?? (shown.length === 1 ? shown[0] : undefined);
        context.view.set({
          tensor: tensor.name,
          depth: tensor.depth,
          ...(delta === undefined ? {} : { detailDelta: delta }),
        });
        context.announce(openedText(own, tensor));
      },
      onEscape() {
        const { tensor, depth } = context.view.get();
        if (tensor !== null) context.view.set({ tensor: null });
        else if (depth !== null) context.view.set({ depth: null, depthOnly: false });
        return tensor !== null || depth !== null;
      },
    });
    grid.current = made;
    const observer = new ResizeObserver(() => made.draw());
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  const { sortColumn, descending, tensor, depth } = view;
  useLayoutEffect(() => {
    const { tensors } = model.result;
    grid.current!.show({ deltas: model.deltas, tensors, columns, rows, sortColumn, descending, tensor, depth });
  }, [model, columns, rows, sortColumn, descending, tensor, depth]);
  useRevealed(grid, view);
  return (
    <div ref={frame} class="grid" role="grid" aria-label="Tensors" data-testid="tensor-grid" aria-readonly="true">
      <div ref={head} class="grid-head" role="rowgroup" />
      <div ref={body} class="grid-body" role="rowgroup" />
    </div>
  );
}

/** What is chosen elsewhere comes into sight here. */
function useRevealed(grid: { current: Grid | null }, { tensor, depth, depthOnly }: ViewState): void {
  const before = useRef<{ tensor: string | null; depth: number | null } | null>(null);
  useLayoutEffect(() => {
    const last = before.current;
    before.current = { tensor, depth };
    if (last === null || grid.current!.isFocused) return;
    if (tensor !== null && tensor !== last.tensor) grid.current!.reveal(tensor);
    else if (depth !== null && depth !== last.depth && !depthOnly) grid.current!.revealDepth(depth);
  }, [tensor, depth]);
}

function openedText(model: Model, { name, depth }: TensorResult): string {
  return `${name}${depth === null ? '' : `, ${describeDepth(model, depth)}`}. Details follow the table.`;
}
