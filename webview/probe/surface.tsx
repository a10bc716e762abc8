/** Function by layer as a heat map: the surface of the paper, seen from above. */
import { useMemo } from 'preact/hooks';
import type { LinePosition } from '../figure/lines.js';
import type { Cell } from '../figure/walk.js';
import { HeatChart } from '../heatmap/heatChart.js';
import { TooltipTitle } from '../tooltip.js';
import { formatRate } from '../format.js';
import { intervalText } from './curves.js';
import { curveName, depthsOf, type Curve, type ProbeModel } from './model.js';
import { surfaceGrid, SURFACE_STYLE } from './surfaceData.js';

const PERCENT = { percent: true };

export function Surface({
  model,
  curves,
  chosen,
  onChoose,
}: {
  model: ProbeModel;
  curves: readonly Curve[];
  chosen: LinePosition | null;
  onChoose: (choice: LinePosition | null) => void;
}) {
  const names = curves.map(({ key }) => key).join();
  const grid = useMemo(() => surfaceGrid(model, curves), [model, names]);
  const depths = depthsOf(curves);
  const row = curves.findIndex((curve) => curve.key === chosen?.key);
  const column = depths.indexOf(chosen?.x ?? -1);
  const nameOf = (at: Cell) => curveName(model, curves[at.row]!);
  const pointAt = (at: Cell) => curves[at.row]?.points.find(({ depth }) => depth === depths[at.column]);
  const reading = (at: Cell): string => {
    const point = pointAt(at);
    return point === undefined
      ? 'not probed'
      : `${formatRate(point.value)} (${intervalText(PERCENT, point)})${point.n === null ? '' : `, n = ${point.n}`}`;
  };
  return (
    <div class="heat">
      <HeatChart
        testId="surface"
        blank
        shown={{
          grid,
          style: SURFACE_STYLE,
          description:
            `Fraction of answers that changed, ${curves.length} curves by ${depths.length} layers. ` +
            'Arrow keys move over the cells, Enter shows the samples.',
          column: null,
          cell: row === -1 || column === -1 ? null : { row, column },
        }}
        scale={{ low: '0%', high: '100%', width: 160 }}
        tooltip={(at) => (
          <>
            <TooltipTitle aside={`layer ${depths[at.column]!}`}>{nameOf(at)}</TooltipTitle>
            <div>{reading(at)}</div>
          </>
        )}
        read={(at) => `${nameOf(at)}, layer ${depths[at.column]!}: ${reading(at)}`}
        choose={(at) => {
          if (pointAt(at) === undefined) return;
          const choice = { x: depths[at.column]!, key: curves[at.row]!.key };
          onChoose(choice.x === chosen?.x && choice.key === chosen.key ? null : choice);
        }}
        unwind={() => {
          if (chosen === null) return false;
          onChoose(null);
          return true;
        }}
      >
        <span class="muted">of the answers changed</span>
      </HeatChart>
    </div>
  );
}
