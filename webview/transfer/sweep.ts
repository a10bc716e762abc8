/** A sweep as lines: an ability over the cut position or α, each with its band. No DOM. */
import { linearAxis } from '../figure/axis.js';
import { soleAxis, type LineFigure, type LinePoint, type LineSeries } from '../figure/lines.js';
import { ABILITY_NAMES, scoreOf, type TransferModel } from './model.js';

/** Null for an evaluation that is no sweep. */
export function sweepFigure(model: TransferModel, against: number | null): LineFigure | null {
  const { axis } = model.result;
  if (axis === null) return null;
  const sampled = axis.values
    .flatMap((x, checkpoint) => (x === null ? [] : [{ x, checkpoint }]))
    .sort((a, b) => a.x - b.x);
  if (sampled.length === 0) return null;
  const series = model.abilities.map((ability, index): LineSeries => {
    const reference = against === null ? undefined : scoreOf(model, against, ability);
    return {
      key: ability,
      name: ABILITY_NAMES[ability],
      colour: index,
      marker: index,
      dash: index,
      points: sampled.map(({ x, checkpoint }): LinePoint => {
        const { value, low, high } = scoreOf(model, checkpoint, ability)!;
        return { x, value, low, high };
      }),
      baseline: reference ? { value: reference.value, low: reference.low, high: reference.high } : null,
    };
  });
  const [from, to] = [sampled[0]!.x, sampled.at(-1)!.x];
  const pad = from === to ? 0.5 : 0;
  const values = [0, ...model.result.scores.map(({ high }) => high)];
  const vertical = linearAxis(values);
  const named = (role: string) =>
    model.result.checkpoints.find((one) => one.role === role)?.label ?? role.toUpperCase();
  return {
    title: axis.name === 'cut' ? 'Abilities by cut' : 'Abilities by α',
    label: 'Fraction of questions',
    axes: soleAxis(
      {
        ...vertical,
        max: Math.min(vertical.max, 1),
        ticks: vertical.ticks
          .filter(({ value }) => value <= 1 + 1e-9)
          .map(({ value }) => ({ value, label: `${Math.round(100 * value)}%` })),
      },
      'Fraction of questions',
    ),
    x: {
      from: from - pad,
      to: to + pad,
      log: false,
      title:
        axis.name === 'cut'
          ? `Cut layer: ${named('in')} below it, ${named('rl')} from it onward`
          : `α: 0 is ${named('in')}, 1 is ${named('rl')}`,
      ticks: (count) => {
        const step = Math.max(1, Math.ceil(sampled.length / count));
        return sampled
          .filter((_, index) => index % step === 0)
          .map(({ x }) => ({ value: x, label: axis.name === 'cut' ? String(x) : x.toFixed(2).replace(/0$/, '') }));
      },
    },
    regions: [],
    sections: [],
    series,
    zones: [],
  };
}

/** The checkpoint that stands at this place of the axis. */
export function checkpointAt({ result }: TransferModel, x: number): number | undefined {
  const index = result.axis?.values.indexOf(x) ?? -1;
  return index === -1 ? undefined : index;
}
