/** A figure over layers: what a layer says, and the numbers as a table. */
import type { ComponentChildren } from 'preact';
import { LineChart } from '../figure/lineChart.js';
import type { LinePosition } from '../figure/lines.js';
import { LineSwatch } from '../figure/swatch.js';
import { Numbers } from '../folding.js';
import { describeDepth, labelDepth } from '../state/model.js';
import { TooltipTitle } from '../tooltip.js';
import { depthRows, describeDepths, dominatedText, readDepths } from './depthReading.js';
import type { DepthFigure, DepthPoint, DepthSeries } from './figures.js';
import type { SpectrumModel } from './model.js';

export function DepthChart({
  model,
  figure,
  depth,
  testId,
  low = false,
  chooseDepth,
}: {
  model: SpectrumModel;
  figure: DepthFigure;
  /** The layer that is selected. */
  depth: number | null;
  testId: string;
  /** Lower than usual. */
  low?: boolean;
  chooseDepth: (depth: number | null) => void;
}) {
  return (
    <LineChart<DepthFigure>
      testId={testId}
      class={low ? 'curve-stage low' : 'curve-stage'}
      wholeColumn
      figure={figure}
      chosen={depth === null ? null : { x: depth, key: '' }}
      describe={(drawn) =>
        `${describeDepths(model, drawn)} Left and right walk the layers, up and down the lines, ` +
        'Enter lists a layer’s matrices.'
      }
      read={(drawn, at) => readDepths(model, drawn, at.x, at.key)}
      tooltip={(drawn, at) => <DepthTooltip model={model} figure={drawn} at={at} />}
      onChoose={(at) => chooseDepth(at?.x ?? null)}
    />
  );
}

function DepthTooltip({ model, figure, at }: { model: SpectrumModel; figure: DepthFigure; at: LinePosition }) {
  const lines = figure.series.flatMap((line) => {
    const point = line.points.find(({ x }) => x === at.x);
    return point === undefined ? [] : [{ line, point }];
  });
  return (
    <>
      <TooltipTitle>{describeDepth(model, at.x)}</TooltipTitle>
      <div class="muted">{`${figure.label}${figure.range === '' ? '' : `, ${figure.range}`}`}</div>
      <table>
        <tbody>
          {lines.map(({ line, point }) =>
            point.value === null ? null : (
              <tr key={line.key} class={line.key === at.key ? 'current' : undefined}>
                <th scope="row">
                  <LineSwatch series={line} />
                  {line.name}
                </th>
                <td>{figure.format(point.value)}</td>
                <td class="muted range">{point.matrices < 2 ? '' : rangeText(figure, point)}</td>
                <td class="muted range">{floorText(figure, line, point)}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
      {lines.map(({ line, point }) =>
        line.kind !== 'value' || point.dominated === 0 ? null : (
          <div key={line.key} class="muted">{`${line.name}: ${dominatedText(point)}`}</div>
        ),
      )}
    </>
  );
}

function rangeText(figure: DepthFigure, { low, high }: DepthPoint): string {
  return low === null || high === null ? '' : `${figure.format(low)} – ${figure.format(high)}`;
}

function floorText(figure: DepthFigure, { kind }: DepthSeries, { floor }: DepthPoint): string {
  if (kind === 'corrected' || floor === null) return '';
  return `${kind === 'value' ? 'floor' : 'random'} ${figure.format(floor)}`;
}

export function DepthNumbers({
  id,
  model,
  figure,
  overlaps = false,
}: {
  id: string;
  model: SpectrumModel;
  figure: DepthFigure;
  /** The figure is about overlaps, which have a random baseline and no floor. */
  overlaps?: boolean;
}) {
  const rows = depthRows(model, figure);
  const last: [string, string] = overlaps ? ['Random baseline', 'Matrices'] : ['Floor', 'Explained by the floor'];
  return (
    <Numbers
      id={id}
      class={id}
      label={`Numbers of ${figure.title}`}
      count={rows.length}
      headings={['Layer', 'Region', 'Line', figure.label, 'Range', ...last]}
      rows={() =>
        rows.map(({ depth, region, name, point }, at) => (
          <tr key={at}>
            <th scope="row">{labelDepth(model, depth)}</th>
            <td>{region}</td>
            <td class="text">{name}</td>
            <td class={point.hollow === true ? 'noisy' : undefined}>{figure.format(point.value!)}</td>
            <td>{rangeText(figure, point)}</td>
            <td>{point.floor === null ? '' : figure.format(point.floor)}</td>
            <td>{overlaps ? point.matrices : `${point.dominated} of ${point.matrices}`}</td>
          </tr>
        )) as ComponentChildren
      }
    />
  );
}
