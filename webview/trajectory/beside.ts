/** What is known of the same steps beside their weights, as figures on the trajectory's axis. No DOM. */
import type { AbilityAtStep, BesideSteps } from '../../src/protocol/hostApi.js';
import { linearAxis, percentAxis } from '../figure/axis.js';
import { soleAxis, type LineFigure, type LineSeries } from '../figure/lines.js';
import { seriesNames, trainingFigure, type TrainingFigure } from '../training/figures.js';
import { ABILITY_NAMES } from '../transfer/model.js';
import { stepAxis } from './figures.js';
import type { TrajectoryModel } from './model.js';

/** From the first checkpoint to the last step that anything is known of: the same for every figure. */
export function sharedSteps({ result }: Pick<TrajectoryModel, 'result'>, beside: BesideSteps | null): number[] {
  const logged = (beside?.training?.runs ?? []).flatMap(({ series }) =>
    series.flatMap(({ points }) => (points.length === 0 ? [] : [points[0]![0], points.at(-1)![0]])),
  );
  const evaluated = (beside?.abilities ?? []).map(({ step }) => step);
  const known = [...logged, ...evaluated];
  if (known.length === 0) return result.steps.slice(1);
  return [...result.steps.slice(1), known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
}

/** The trainer's series under our names. */
export function loggedFigures(beside: BesideSteps | null, steps: readonly number[]): TrainingFigure[] {
  const training = beside?.training ?? null;
  if (training === null) return [];
  return seriesNames(training).ours.map((name) => {
    const figure = trainingFigure(training, name, { smoothing: 'none', hiddenRuns: [] });
    // Low figures have no room for the name of the axis, which stands above them.
    return { ...figure, axes: figure.axes.map((axis) => ({ ...axis, label: '' })), x: stepAxis(steps) };
  });
}

/** Null where no evaluation asked one of the checkpoints. */
export function abilityFigure(beside: BesideSteps | null, steps: readonly number[]): LineFigure | null {
  const abilities = beside?.abilities ?? [];
  if (abilities.length === 0) return null;
  const several = new Set(abilities.map(({ data }) => data)).size > 1;
  const keyOf = ({ ability, data }: AbilityAtStep) => `${ability} ${data}`;
  const series = [...new Set(abilities.map(keyOf))].map((key, index): LineSeries => {
    const own = abilities.filter((one) => keyOf(one) === key);
    const { ability, data } = own[0]!;
    return {
      key,
      name: several ? `${ABILITY_NAMES[ability]}, ${data}` : ABILITY_NAMES[ability],
      colour: index,
      marker: index,
      dash: index,
      baseline: null,
      points: own.map(({ step, value, low, high }) => ({ x: step, value, low, high })),
    };
  });
  const label = 'Abilities';
  return {
    title: `${label}, by step`,
    label,
    axes: soleAxis(percentAxis(linearAxis([0, 1])), label),
    x: stepAxis(steps),
    regions: [],
    sections: [],
    series,
    zones: [],
  };
}
