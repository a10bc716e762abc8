/**
 * One number for a tensor, or for several as one, per metric; with the rounding floor that belongs to it. The layer
 * figure takes its values from the result's own aggregates; this computes what the result does not carry (heat map
 * cells that hold several tensors, floors of means and sums). No DOM.
 */
import type { Delta, DeltaAggregate, TensorResult } from '../../src/protocol/engineApi.js';
import { floorRatio, NEAR_FLOOR } from '../../src/protocol/floor.js';
import { formatCosine, formatNumber, formatFraction } from '../format.js';
import type { EnergyOver, Metric, RelativeOver, ViewState } from './view.js';

export type FloorLevel = 'clear' | 'near' | 'below' | 'unchanged' | 'unknown';

export type MeasureChoice = Pick<ViewState, 'metric' | 'energyOver' | 'relativeOver' | 'scale'>;

export type Measured = Omit<DeltaAggregate, 'nonFinite'>;

/** What each metric is, in one sentence, for people who have not read the paper. */
export const METRIC_TEXT: Record<Metric, { label: string; help: string }> = {
  energy: {
    label: 'Energy ‖Δ‖',
    help:
      'How far the weights moved: the Frobenius norm of W after − W before. Larger matrices have larger norms; ' +
      '“Relative” corrects for that.',
  },
  relative: {
    label: 'Relative ‖Δ‖ / ‖W‖',
    help:
      'How far the weights moved relative to their size: the norm of the update over the norm of the ' +
      'weights before it.',
  },
  changed: {
    label: 'Fraction changed',
    help:
      'Fraction of elements whose stored value differs. In bf16 a small update leaves most stored ' +
      'values unchanged.',
  },
  cosine: {
    label: 'Cosine',
    help:
      'Cosine between the weights before and after; 1 means the same direction. ' +
      'On a log scale the figure shows the distance 1 − cosine.',
  },
};

export const FLOOR_HELP =
  'What rounding to the stored dtype alone is expected to contribute to ‖Δ‖. ' +
  'Points under 2× the floor are drawn hollow: their direction is mostly rounding noise.';

/** The metric's name as the axis shows it, with what was done over several weights. */
export function measureLabel(choice: MeasureChoice): string {
  switch (choice.metric) {
    case 'energy':
      return { mean: 'mean ‖Δ‖ per matrix', sum: 'sum of ‖Δ‖ over matrices', whole: '‖Δ‖ of the layer' }[
        choice.energyOver
      ];
    case 'relative':
      return { whole: 'relative update ‖Δ‖ / ‖W‖', mean: 'mean ‖Δ‖ / ‖W‖ per matrix' }[choice.relativeOver];
    case 'changed':
      return 'fraction of weights changed';
    case 'cosine':
      return choice.scale === 'log' ? '1 − cosine' : 'cosine';
  }
}

export const ENERGY_OVER_TEXT: Record<EnergyOver, string> = {
  mean: 'Mean',
  sum: 'Sum',
  whole: 'Frobenius norm of the whole layer',
};
export const RELATIVE_OVER_TEXT: Record<RelativeOver, string> = { whole: 'Concatenated', mean: 'Mean' };

/** The number to draw. `1 − cosine` on a log scale. */
export function valueOf(choice: MeasureChoice, measured: Measured): number | null {
  switch (choice.metric) {
    case 'energy':
      return { mean: measured.meanFro, sum: measured.sumFro, whole: measured.fro }[choice.energyOver];
    case 'relative':
      return { whole: measured.relative, mean: measured.meanRelative }[choice.relativeOver];
    case 'changed':
      return measured.changed;
    case 'cosine':
      if (measured.cosine === null) return null;
      return choice.scale === 'log' ? Math.max(0, 1 - measured.cosine) : measured.cosine;
  }
}

export function formatMeasure(choice: MeasureChoice, value: number | null): string {
  switch (choice.metric) {
    case 'energy':
    case 'relative':
      return formatNumber(value);
    case 'changed':
      return formatFraction(value);
    case 'cosine':
      return choice.scale === 'log' ? formatNumber(value) : formatCosine(value);
  }
}

/** Several tensors as one. Null when none has this delta. */
export function measure(tensors: readonly TensorResult[], delta: number): Measured | null {
  let count = 0;
  let froSquares = 0;
  let sumFro = 0;
  let floorSquares = 0;
  let beforeSquares = 0;
  let afterSquares = 0;
  let relatives = 0;
  let relativeSum = 0;
  let maxAbs = 0;
  let changedCount = 0;
  let elements = 0;
  let only: Delta | null = null;
  for (const tensor of tensors) {
    const own = tensor.deltas[delta];
    if (own === null || own === undefined) continue;
    count++;
    only = own;
    const fro = own.fro ?? 0;
    froSquares += fro * fro;
    sumFro += fro;
    floorSquares += own.floor * own.floor;
    beforeSquares += (tensor.norms[delta] ?? 0) ** 2;
    afterSquares += (tensor.norms[delta + 1] ?? 0) ** 2;
    if (own.relative !== null) {
      relatives++;
      relativeSum += own.relative;
    }
    maxAbs = Math.max(maxAbs, own.maxAbs ?? 0);
    changedCount += own.changedCount;
    elements += tensor.shape.reduce((product, size) => product * size, 1);
  }
  if (only === null) return null;
  const fro = Math.sqrt(froSquares);
  const norms = Math.sqrt(beforeSquares) * Math.sqrt(afterSquares);
  return {
    fro,
    meanFro: sumFro / count,
    sumFro,
    relative: count === 1 ? only.relative : beforeSquares > 0 ? fro / Math.sqrt(beforeSquares) : null,
    meanRelative: relatives > 0 ? relativeSum / relatives : null,
    // ⟨a,b⟩ = (‖a‖² + ‖b‖² − ‖a−b‖²)/2, summed over tensors
    cosine:
      count === 1
        ? only.cosine
        : norms > 0
          ? Math.min(1, (beforeSquares + afterSquares - froSquares) / (2 * norms))
          : null,
    maxAbs,
    changed: count === 1 ? only.changed : elements > 0 ? changedCount / elements : null,
    floor: Math.sqrt(floorSquares),
  };
}

/** The rounding floor in the units of `choice`, for the same tensors; null where the metric has none. */
export function floorOf(choice: MeasureChoice, tensors: readonly TensorResult[], delta: number): number | null {
  if (choice.metric !== 'energy' && choice.metric !== 'relative') return null;
  let count = 0;
  let sum = 0;
  let squares = 0;
  let beforeSquares = 0;
  let ratioSum = 0;
  let ratios = 0;
  for (const tensor of tensors) {
    const own = tensor.deltas[delta];
    if (own === null || own === undefined) continue;
    const before = tensor.norms[delta] ?? 0;
    count++;
    sum += own.floor;
    squares += own.floor * own.floor;
    beforeSquares += before * before;
    if (before > 0) {
      ratios++;
      ratioSum += own.floor / before;
    }
  }
  if (count === 0 || squares === 0) return null;
  if (choice.metric === 'energy') return { mean: sum / count, sum, whole: Math.sqrt(squares) }[choice.energyOver];
  if (choice.relativeOver === 'mean') return ratios > 0 ? ratioSum / ratios : null;
  return beforeSquares > 0 ? Math.sqrt(squares / beforeSquares) : null;
}

export function floorLevel(delta: { fro: number | null; floor: number } | null | undefined): FloorLevel {
  if (delta?.fro === 0) return 'unchanged';
  const ratio = floorRatio(delta);
  if (ratio === null) return 'unknown';
  return ratio < 1 ? 'below' : ratio < NEAR_FLOOR ? 'near' : 'clear';
}

export const LEVEL_TEXT: Record<FloorLevel, string> = {
  clear: 'above the rounding floor',
  near: 'near the rounding floor',
  below: 'below the rounding floor',
  unchanged: 'unchanged, bit for bit',
  unknown: 'no rounding floor for this dtype',
};

/** Why a cell has no number, for its title. */
export function whyMissing(tensor: TensorResult, delta: number, column: keyof Delta | 'ratio'): string {
  const own = tensor.deltas[delta];
  if (own === null || own === undefined) {
    return typeof tensor.onDisk[delta] !== 'string' || typeof tensor.onDisk[delta + 1] !== 'string'
      ? 'One of the two checkpoints lacks this tensor.'
      : 'The two checkpoints hold this tensor in different shapes.';
  }
  if (own.nonFinite > 0 && own.fro === null) return `${own.nonFinite} elements are NaN or infinite.`;
  if (column === 'ratio') return 'This dtype has no rounding floor.';
  if (column === 'relative') return 'The weights before the update are all zero.';
  if (column === 'cosine') return 'The weights before or after the update are all zero.';
  return 'Not a finite number.';
}
