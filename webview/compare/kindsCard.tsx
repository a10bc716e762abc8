/** The heat map of a comparison: tensor kinds by layer. */
import { useMemo } from 'preact/hooks';
import { usePanel } from '../context.js';
import type { Cell } from '../figure/walk.js';
import { formatTimes, plural } from '../format.js';
import { HeatChart } from '../heatmap/heatChart.js';
import { buildGrid, cellPosition, type TensorGrid } from '../heatmap/grid.js';
import { Checkbox, Segmented } from '../kit.js';
import { formatMeasure, LEVEL_TEXT, measureLabel, type MeasureChoice } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { TooltipTitle } from '../tooltip.js';
import { kindsChoice, kindsDelta, kindsStyle } from './kinds.js';

export function KindsCard({ model, view }: { model: Model; view: ViewState }) {
  const context = usePanel();
  const { metric, energyOver, relativeOver, scale, heatMinor } = view;
  const choice = useMemo(() => kindsChoice(view), [metric, energyOver, relativeOver, scale]);
  const delta = kindsDelta(model, view);
  const grid = useMemo(() => buildGrid(model, choice, delta, heatMinor), [model, choice, delta, heatMinor]);
  const column = view.depth === null ? -1 : grid.depths.indexOf(view.depth);
  const select = (at: Cell) => {
    const cell = grid.rows[at.row]?.cells[at.column] ?? null;
    if (cell === null) return;
    const only = cell.tensors.length === 1 ? cell.tensors[0]!.name : null;
    context.view.set({
      depth: grid.depths[at.column]!,
      depthOnly: true,
      ...(only === null ? {} : { tensor: only, detailDelta: view.heatDelta }),
    });
    context.announce(`Selected ${cellPosition(model, grid, at.row, at.column)}.`);
  };
  const label =
    `${measureLabel(choice)} by tensor kind and layer, ${model.deltas[delta]?.full ?? ''}, ` +
    `${plural(grid.rows.length, 'kind')}.`;
  const { range } = grid;
  return (
    <section class="card" aria-label="By tensor kind">
      <h2>By tensor kind</h2>
      <div class="heat">
        <Head model={model} view={view} delta={delta} />
        <HeatChart
          testId="heat-map"
          canvasId="heat-canvas"
          legendId="heat-legend"
          shown={{
            grid,
            style: kindsStyle(choice),
            description: `${label} Arrow keys move over the cells, Enter selects.`,
            column: column === -1 ? null : column,
            cell: cellOf(model, grid, view.tensor),
          }}
          scale={
            range === null
              ? null
              : { low: formatMeasure(choice, range.min), high: formatMeasure(choice, range.max), width: 160 }
          }
          tooltip={(at) => <KindTooltip {...{ model, grid, choice }} at={at} />}
          read={(at) => readCell(model, grid, choice, at)}
          choose={select}
          unwind={() => {
            if (view.depth === null && view.tensor === null) return false;
            context.view.set({ depth: null, depthOnly: false, tensor: null });
            return true;
          }}
        >
          <Keys grid={grid} choice={choice} />
        </HeatChart>
      </div>
    </section>
  );
}

function Head({ model: { deltas }, view, delta }: { model: Model; view: ViewState; delta: number }) {
  const context = usePanel();
  return (
    <div class="heat-head">
      {deltas.length < 2 ? (
        <span class="muted">{deltas[0]?.full ?? ''}</span>
      ) : (
        <Segmented
          label="Update"
          labelHidden
          testId="heat-delta"
          choices={deltas.map((name) => ({ value: String(name.index), label: name.short, title: name.full }))}
          value={String(delta)}
          onChange={(value) => context.view.set({ heatDelta: Number(value) })}
        />
      )}
      <Checkbox
        label="Norms and biases"
        checked={view.heatMinor}
        testId="heat-minor"
        onChange={(on) => context.view.set({ heatMinor: on })}
      />
    </div>
  );
}

/** What the colours and the marks mean. */
function Keys({ grid: { range, noisy }, choice }: { grid: TensorGrid; choice: MeasureChoice }) {
  const log = choice.scale === 'log' ? ', log' : '';
  return (
    <>
      <span class="muted">{range === null ? 'No tensor has this update.' : `${measureLabel(choice)}${log}`}</span>
      {range?.zero === true ? (
        <span class="heat-key">
          <i class="key-zero" />
          unchanged
        </span>
      ) : null}
      {noisy === 'none' ? null : (
        <span class="heat-key">
          {noisy === 'all' ? null : <i class="key-dot" />}
          <span>{noisy === 'all' ? 'all under 2× the rounding floor' : 'under 2× floor'}</span>
        </span>
      )}
    </>
  );
}

function cellOf(model: Model, grid: TensorGrid, name: string | null): Cell | null {
  const tensor = name === null ? undefined : model.byName.get(name);
  if (tensor === undefined || tensor.depth === null) return null;
  const column = grid.depths.indexOf(tensor.depth);
  const row = grid.rows.findIndex((one) => one.cells[column]?.tensors.includes(tensor) === true);
  return row === -1 || column === -1 ? null : { row, column };
}

interface CellProps {
  model: Model;
  grid: TensorGrid;
  choice: MeasureChoice;
  at: Cell;
}

function KindTooltip({ model, grid, choice, at: { row, column } }: CellProps) {
  const line = grid.rows[row]!;
  const cell = line.cells[column] ?? null;
  const title = (
    <TooltipTitle aside={describeDepth(model, grid.depths[column]!)}>{line.kind.replace(/\.weight$/, '')}</TooltipTitle>
  );
  if (cell === null)
    return (
      <>
        {title}
        <div class="muted">No such tensor here.</div>
      </>
    );
  const notes = [
    cell.ratio === null || cell.ratio === 0 ? null : `${formatTimes(cell.ratio)} floor`,
    cell.level === 'clear' || cell.level === 'unknown' ? null : LEVEL_TEXT[cell.level],
    cell.tensors.length > 1 ? `${plural(cell.tensors.length, 'tensor')} as one` : null,
  ];
  return (
    <>
      {title}
      <div>
        {`${measureLabel(choice)}: `}
        <strong>{cell.value === null ? 'not compared' : formatMeasure(choice, cell.value)}</strong>
      </div>
      <div class="muted">{notes.filter((part) => part !== null).join(' · ')}</div>
    </>
  );
}

function readCell(model: Model, grid: TensorGrid, choice: MeasureChoice, at: Cell): string {
  const cell = grid.rows[at.row]!.cells[at.column] ?? null;
  const value = cell === null ? 'no tensor' : cell.value === null ? 'not compared' : formatMeasure(choice, cell.value);
  const level =
    cell === null || cell.level === 'clear' || cell.level === 'unknown' ? '' : `, ${LEVEL_TEXT[cell.level]}`;
  return `${cellPosition(model, grid, at.row, at.column)}: ${value}${level}`;
}
