/** Regions, sections and the chosen layer over steps. */
import { LineChart } from '../figure/lineChart.js';
import type { Linked } from '../figure/linked.js';
import { pointAt, type LineFigure, type LinePosition } from '../figure/lines.js';
import { FloorSwatch, LegendItem, LineSwatch } from '../figure/swatch.js';
import { TooltipTitle } from '../tooltip.js';
import type { TrajectoryModel } from './model.js';

export function StepLines({
  model,
  figure,
  testId,
  format,
  linked,
}: {
  model: TrajectoryModel;
  figure: LineFigure;
  testId: string;
  /** The cursor of all figures over these steps. */
  linked: Linked;
  format: (value: number | null) => string;
}) {
  const nameAt = (x: number) => model.steps.find(({ step }) => step === x)?.label ?? String(x);
  return (
    <>
      <div class="legend">
        {figure.series.map((one) => (
          <LegendItem key={one.key} series={one}>
            {one.name}
          </LegendItem>
        ))}
        {figure.zones.length === 0 ? null : (
          <span class="legend-item muted">
            <FloorSwatch />
            {`${figure.zoneName ?? ''}; hollow: ${figure.hollowName ?? ''}`}
          </span>
        )}
      </div>
      <LineChart<LineFigure>
        testId={testId}
        figure={figure}
        chosen={null}
        linked={linked}
        describe={({ title, series }) =>
          `${title}: ${series.map(({ name }) => name).join(', ')}. Left and right walk the steps, up ` +
          'and down the lines.'
        }
        tooltip={(drawn, at) => <StepTooltip figure={drawn} at={at} name={nameAt(at.x)} format={format} />}
        read={({ series }, at) => {
          const one = series.find(({ key }) => key === at.key)!;
          return `${nameAt(at.x)}, ${one.name}: ${format(pointAt(one, at.x)?.value ?? null)}`;
        }}
        onChoose={null}
      />
    </>
  );
}

function StepTooltip({
  figure,
  at,
  name,
  format,
}: {
  figure: LineFigure;
  at: LinePosition;
  name: string;
  format: (value: number | null) => string;
}) {
  return (
    <>
      <TooltipTitle>{name}</TooltipTitle>
      <table>
        <tbody>
          {figure.series.map((one) => {
            const floor = pointAt(
              figure.zones.find(({ key }) => key === one.key),
              at.x,
            );
            return (
              <tr key={one.key} class={one.key === at.key ? 'current' : undefined}>
                <th scope="row">
                  <LineSwatch series={one} />
                  {one.name}
                </th>
                <td>{format(pointAt(one, at.x)?.value ?? null)}</td>
                <td class="muted">{floor === null ? '' : `floor ${format(floor.value)}`}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
