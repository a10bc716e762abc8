/** Layer by rank as a heat map: log(σᵢ/σ₁) of one update. What lies inside the rounding floor is dimmed and hatched. */
import { useMemo } from 'preact/hooks';
import type { Cell } from '../figure/walk.js';
import { formatNumber, plural } from '../format.js';
import { HeatChart } from '../heatmap/heatChart.js';
import { describeDepth } from '../state/model.js';
import { TooltipTitle } from '../tooltip.js';
import type { LogCell } from './figures.js';
import type { SpectrumModel } from './model.js';
import { RANK_STYLE, surfaceGrid, type RankSurface } from './surfaceData.js';

export function SurfaceMap({
  model,
  surface,
  depth,
  testId,
  chooseDepth,
}: {
  model: SpectrumModel;
  surface: RankSurface;
  depth: number | null;
  testId: string;
  chooseDepth: (depth: number | null) => void;
}) {
  const grid = useMemo(() => surfaceGrid(surface), [surface]);
  const column = depth === null ? -1 : surface.depths.indexOf(depth);
  const locationOf = (at: Cell) => describeDepth(model, surface.depths[at.column]!);
  const wordsAt = (at: Cell) => wordsOf(surface.rows[at.row]![at.column] ?? null);
  return (
    <div class="heat">
      <HeatChart
        testId={testId}
        page={10}
        shown={{
          grid,
          style: RANK_STYLE,
          description:
            `${surface.title}: ${surface.depths.length} layers by ${plural(surface.ranks, 'rank')}. ` +
            `${surface.summary} Arrow keys move over the cells, Enter selects the layer.`,
          column: column === -1 ? null : column,
          cell: null,
        }}
        scale={{ low: formatNumber(surface.least), high: '0', width: 120 }}
        tooltip={(at) => (
          <>
            <TooltipTitle aside={`rank ${at.row + 1}`}>{locationOf(at)}</TooltipTitle>
            {wordsAt(at).map((text) => (
              <div key={text}>{text}</div>
            ))}
          </>
        )}
        read={(at) => `${locationOf(at)}, rank ${at.row + 1}: ${wordsAt(at).join(', ')}`}
        choose={(at) => {
          const wanted = surface.depths[at.column]!;
          chooseDepth(wanted === depth ? null : wanted);
        }}
        unwind={() => {
          if (depth === null) return false;
          chooseDepth(null);
          return true;
        }}
      >
        <span class="muted">log(σᵢ / σ₁)</span>
        {surface.insideFraction === 0 ? null : (
          <span class="heat-key">
            <i class="key-hatch" />
            <span>
              {surface.insideFraction === 1 ? 'everything is inside the rounding floor' : 'inside the rounding floor'}
            </span>
          </span>
        )}
        {surface.empty === 0 ? null : (
          <span class="muted">{`blank: ${plural(surface.empty, 'layer')} without an update`}</span>
        )}
      </HeatChart>
    </div>
  );
}

function wordsOf(cell: LogCell | null): string[] {
  if (cell === null) return ['no matrix has this rank'];
  return [
    `log(σᵢ / σ₁) = ${formatNumber(cell.value)}`,
    ...(cell.floor === null
      ? []
      : [`rounding alone: ${formatNumber(cell.floor)}${cell.inside ? ', which explains it' : ''}`]),
    `mean over ${plural(cell.matrices, 'matrix', 'matrices')}`,
  ];
}
