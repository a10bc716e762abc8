/** Curves over the language layers on screen: what a point says, and where it leads. */
import { LineChart } from '../figure/lineChart.js';
import type { LinePosition } from '../figure/lines.js';
import { REGION_NAMES } from '../figure/regions.js';
import { SeriesRow } from '../figure/swatch.js';
import { TooltipTitle } from '../tooltip.js';
import { describeCurves, intervalText, readDepth, valueText, type CurveFigure } from './curves.js';
import { regionOf, type ProbeModel } from './model.js';

export function CurveChart({
  model,
  figure,
  chosen,
  testId,
  low = false,
  onChoose,
}: {
  model: ProbeModel;
  figure: CurveFigure;
  chosen: LinePosition | null;
  testId: string;
  /** Lower than usual. */
  low?: boolean;
  onChoose: ((location: LinePosition | null) => void) | null;
}) {
  const enter = onChoose === null ? '' : ', Enter shows the samples behind a point';
  return (
    <LineChart<CurveFigure>
      testId={testId}
      class={low ? 'curve-stage low' : 'curve-stage'}
      figure={figure}
      chosen={chosen}
      describe={(drawn) => `${describeCurves(drawn)} Left and right walk the layers, up and down the curves${enter}.`}
      tooltip={(drawn, at) => <CurveTooltip model={model} figure={drawn} at={at} choosable={onChoose !== null} />}
      read={(drawn, at) => readDepth(model, drawn, at.x, at.key)}
      onChoose={onChoose}
    />
  );
}

function CurveTooltip({
  model,
  figure,
  at,
  choosable,
}: {
  model: ProbeModel;
  figure: CurveFigure;
  at: LinePosition;
  choosable: boolean;
}) {
  const baseline = figure.series.find((one) => one.key === at.key)?.baseline ?? null;
  return (
    <>
      <TooltipTitle aside={REGION_NAMES[regionOf(model, at.x)]}>{`Language layer ${at.x}`}</TooltipTitle>
      <div class="muted">{`${figure.label}, 95% interval`}</div>
      <table>
        <tbody>
          {figure.series.map((one) => {
            const point = one.points.find(({ depth }) => depth === at.x);
            if (point === undefined) return null;
            return (
              <SeriesRow key={one.key} series={one} current={one.key === at.key}>
                <td>{valueText(figure, point.value)}</td>
                <td class="muted">{intervalText(figure, point)}</td>
                <td class="muted">{point.n === null ? '' : `n = ${point.n}`}</td>
              </SeriesRow>
            );
          })}
        </tbody>
      </table>
      {baseline === null || !figure.percent ? null : (
        <div class="muted">
          {`Unmodified: ${valueText(figure, baseline.value)} (${intervalText(figure, baseline)})`}
        </div>
      )}
      {choosable ? <div class="muted">Click for the samples</div> : null}
    </>
  );
}
