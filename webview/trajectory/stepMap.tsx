/** Layers by steps as a heat map: a cell leads to its layer's curve. */
import type { Cell } from '../figure/walk.js';
import type { Linked } from '../figure/linked.js';
import { plural } from '../format.js';
import type { HeatGrid } from '../heatmap/grid.js';
import { HeatChart } from '../heatmap/heatChart.js';
import { LEVEL_TEXT } from '../state/measure.js';
import { describeDepth } from '../state/model.js';
import { TooltipTitle } from '../tooltip.js';
import { STEP_STYLE } from './figures.js';
import type { TrajectoryModel } from './model.js';

export function StepMap({
  model,
  grid,
  depth,
  log,
  testId,
  title,
  format,
  chooseDepth,
  linked,
}: {
  model: TrajectoryModel;
  grid: HeatGrid;
  depth: number | null;
  log: boolean;
  testId: string;
  title: string;
  format: (value: number | null) => string;
  chooseDepth: (depth: number | null) => void;
  linked: Linked;
}) {
  const column = depth === null ? -1 : grid.depths.indexOf(depth);
  const placeOf = (at: Cell) => describeDepth(model, grid.depths[at.column]!);
  const stepOf = (at: Cell) => model.steps[at.row]!.label;
  const wordsAt = (at: Cell): string[] => {
    const mark = grid.rows[at.row]!.cells[at.column];
    if (mark === null || mark === undefined || mark.value === null) return ['not measured'];
    const isNoisy = mark.level === 'below' || mark.level === 'near';
    return [mark.value === 0 ? 'unchanged' : format(mark.value), ...(isNoisy ? [LEVEL_TEXT[mark.level]] : [])];
  };
  const { range, noisy } = grid;
  return (
    <div class="heat">
      <HeatChart
        testId={testId}
        rows={{
          linked,
          // Between two checkpoints, the one before is what the model was.
          rowAt: (at) => model.steps.findLastIndex(({ step }) => step <= at),
          placeOf: (row) => model.steps[row]!.step,
        }}
        shown={{
          grid,
          style: { ...STEP_STYLE, log },
          description:
            `${title}: ${plural(grid.depths.length, 'layer')} by ${plural(grid.rows.length, 'step')}. ` +
            'Arrow keys move over the cells, Enter shows the layer’s curve.',
          column: column === -1 ? null : column,
          cell: null,
        }}
        scale={range === null ? null : { low: format(range.min), high: format(range.max), width: 140 }}
        tooltip={(at) => (
          <>
            <TooltipTitle aside={stepOf(at)}>{placeOf(at)}</TooltipTitle>
            {wordsAt(at).map((text) => (
              <div key={text}>{text}</div>
            ))}
          </>
        )}
        read={(at) => `${placeOf(at)}, ${stepOf(at)}: ${wordsAt(at).join(', ')}`}
        choose={(at) => chooseDepth(grid.depths[at.column]!)}
        unwind={() => {
          if (depth === null) return false;
          chooseDepth(null);
          return true;
        }}
      >
        <span class="muted">rows are steps</span>
        {noisy === 'none' ? null : (
          <span class="muted">
            {noisy === 'all'
              ? 'everything is under 2× the rounding floor'
              : 'dot: under 2× the rounding floor (filled: below it)'}
          </span>
        )}
        {range?.zero === true ? <span class="muted">dash: unchanged</span> : null}
      </HeatChart>
      <p class="note">Click a cell for its layer’s curve.</p>
    </div>
  );
}
