/** One series of every run: the figure, what a step says, and what is missing in it. */
import { useRef } from 'preact/hooks';
import { LineChart } from '../figure/lineChart.js';
import type { LinePosition } from '../figure/lines.js';
import { LineSwatch } from '../figure/swatch.js';
import { TooltipTitle } from '../tooltip.js';
import { describeFigure, readStep, valueText, type TrainingFigure } from './figures.js';

interface SeriesCardProps {
  figure: TrainingFigure;
  /** The step whose completions are shown. */
  step: number | null;
  onChoose: (run: string | null, step: number) => void;
}

export function SeriesCard({ figure: made, step, onChoose }: SeriesCardProps) {
  const figure = useSame(made);
  const chosen = step === null ? null : { x: step, key: '' };
  return (
    <section class="card training-card" aria-label={figure.label} data-testid={`series-${figure.key}`}>
      <h3>{figure.label}</h3>
      <LineChart<TrainingFigure>
        testId={`figure-${figure.key}`}
        class="curve-stage training-stage"
        figure={figure}
        chosen={chosen}
        apart
        narrow={Infinity}
        allLines
        wholeColumn
        describe={(drawn) =>
          `${describeFigure(drawn)} Left and right walk the steps, Enter shows a step's completions.`
        }
        tooltip={(drawn, at) => <StepTooltip figure={drawn} at={at} />}
        read={(drawn, at) => readStep(drawn, at.x)}
        onChoose={(at) => at !== null && onChoose(null, at.x)}
      />
      {figure.notes.length === 0 ? null : (
        <ul class="muted training-notes">
          {figure.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A figure that says the same is the same: it is not drawn again, and the cursor stays. */
function useSame(figure: TrainingFigure): TrainingFigure {
  const last = useRef(figure);
  const text = JSON.stringify(figure);
  const lastText = useRef(text);
  if (text !== lastText.current) {
    last.current = figure;
    lastText.current = text;
  }
  return last.current;
}

export function StepTooltip({ figure, at }: { figure: TrainingFigure; at: LinePosition }) {
  return (
    <>
      <TooltipTitle>{`Step ${at.x}`}</TooltipTitle>
      <div class="muted">{figure.smoothed ? `${figure.label}: logged, and smoothed` : figure.label}</div>
      <table>
        <tbody>
          {figure.series.map((one) => {
            const point = one.points.find(({ x }) => x === at.x);
            if (point === undefined) return null;
            return (
              <tr key={one.key}>
                <th scope="row">
                  <LineSwatch series={one} />
                  {one.name}
                </th>
                <td>{valueText(figure, point.logged)}</td>
                {figure.smoothed && point.value !== null ? (
                  <td class="muted">{valueText(figure, point.value)}</td>
                ) : null}
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
