/** A sweep as a figure: abilities over the cut position or α. */
import { useMemo } from 'preact/hooks';
import type { AbilityName } from '../../src/protocol/engineApi.js';
import { LineChart } from '../figure/lineChart.js';
import type { LineFigure, LinePosition } from '../figure/lines.js';
import { BandNote, LegendItem, SeriesRow } from '../figure/swatch.js';
import { formatFraction } from '../format.js';
import type { Store } from '../state/store.js';
import { intervalText, type TransferModel } from './model.js';
import { checkpointAt, sweepFigure } from './sweep.js';
import type { TransferView } from './view.js';

/** Nothing for an evaluation that is no sweep. */
export function SweepCard({
  model,
  against,
  view,
  store,
  onChoose,
}: {
  model: TransferModel;
  against: number | null;
  view: TransferView;
  store: Store<TransferView>;
  onChoose: (checkpoint: number, ability: AbilityName) => void;
}) {
  const figure = useMemo(() => sweepFigure(model, against), [model, against]);
  if (figure === null) return null;
  const nameAt = ({ x }: LinePosition): string => {
    const checkpoint = checkpointAt(model, x);
    return checkpoint === undefined ? String(x) : model.rows[checkpoint]!.label;
  };
  const x = view.checkpoint === null ? null : (model.result.axis!.values[view.checkpoint] ?? null);
  return (
    <section class="card" aria-label="Sweep">
      <h2>Sweep</h2>
      <div class="legend">
        {figure.series.map((one) => (
          <LegendItem key={one.key} series={one}>
            {one.name}
          </LegendItem>
        ))}
        {against === null ? null : <span class="muted">{`Dotted: ${model.rows[against]!.label}`}</span>}
        <BandNote figure={figure} what="95% interval" />
      </div>
      <LineChart<LineFigure>
        testId="sweep-figure"
        figure={figure}
        chosen={x === null || view.ability === null ? null : { x, key: view.ability }}
        describe={({ title, series }) =>
          `${title}: ${series.map(({ name }) => name).join(', ')}, each with its 95% interval. ` +
          'Left and right walk along, up and down change the ability, Enter shows the questions.'
        }
        tooltip={(drawn, at) => <SweepTooltip figure={drawn} at={at} name={nameAt(at)} />}
        read={({ series }, at) => {
          const one = series.find(({ key }) => key === at.key)!;
          return `${nameAt(at)}, ${one.name}: ${formatFraction(one.points.find((point) => point.x === at.x)?.value)}`;
        }}
        onChoose={(location) => {
          const checkpoint = location === null ? undefined : checkpointAt(model, location.x);
          if (location === null || checkpoint === undefined)
            store.set({ checkpoint: null, ability: null, question: null });
          else onChoose(checkpoint, location.key as AbilityName);
        }}
      />
      <p class="note">Click a point for its questions.</p>
    </section>
  );
}

function SweepTooltip({ figure, at, name }: { figure: LineFigure; at: LinePosition; name: string }) {
  return (
    <>
      <strong>{name}</strong>
      <table>
        <tbody>
          {figure.series.map((one) => {
            const point = one.points.find(({ x }) => x === at.x);
            const isKnown = point !== undefined && point.low !== null && point.high !== null;
            return (
              <SeriesRow key={one.key} series={one} current={one.key === at.key}>
                <td>{formatFraction(point?.value)}</td>
                <td class="muted">{isKnown ? intervalText({ low: point.low!, high: point.high! }) : ''}</td>
              </SeriesRow>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
