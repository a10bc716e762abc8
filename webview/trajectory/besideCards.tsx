/** What the trainer logged and what the checkpoints can do, under the trajectory and on its axis. */
import { useMemo } from 'preact/hooks';
import type { BesideSteps } from '../../src/protocol/hostApi.js';
import { LineChart } from '../figure/lineChart.js';
import type { Linked } from '../figure/linked.js';
import { formatFraction } from '../format.js';
import { describeFigure, readStep, type TrainingFigure } from '../training/figures.js';
import { StepTooltip } from '../training/seriesCard.js';
import { abilityFigure, loggedFigures } from './beside.js';
import type { TrajectoryModel } from './model.js';
import { StepLines } from './stepLines.js';

export function Beside({
  model,
  beside,
  steps,
  linked,
}: {
  model: TrajectoryModel;
  beside: BesideSteps | null;
  /** Between which the axis lies. */
  steps: readonly number[];
  linked: Linked;
}) {
  const logged = useMemo(() => loggedFigures(beside, steps), [beside, steps]);
  const abilities = useMemo(() => abilityFigure(beside, steps), [beside, steps]);
  if (logged.length === 0 && abilities === null) return null;
  const questions = beside?.abilities[0];
  return (
    <section class="trajectory-beside" aria-label="The same steps beside the weights" data-testid="beside">
      <h2>The same steps beside the weights</h2>
      <div class="curve-cards">
        {abilities === null ? null : (
          <section class="card" aria-label="Abilities, by step">
            <h3>Abilities, by step</h3>
            <StepLines
              {...{ model, linked }}
              figure={abilities}
              testId="ability-lines"
              format={(value) => formatFraction(value)}
            />
            <p class="note">{`From evaluations of these checkpoints among the runs; ${questions!.n} questions, with 95 % intervals.`}</p>
          </section>
        )}
        {logged.map((figure) => (
          <section class="card" key={figure.key} aria-label={figure.label} data-testid={`logged-${figure.key}`}>
            <h3>{figure.label}</h3>
            <LineChart<TrainingFigure>
              testId={`logged-figure-${figure.key}`}
              class="curve-stage logged-stage"
              figure={figure}
              chosen={null}
              linked={linked}
              allLines
              describe={(drawn) => `${describeFigure(drawn)} Left and right walk the steps.`}
              tooltip={(drawn, at) => <StepTooltip figure={drawn} at={at} />}
              read={(drawn, at) => readStep(drawn, at.x)}
              onChoose={null}
            />
          </section>
        ))}
      </div>
    </section>
  );
}
