/** The rank metrics: what each is, its value of a spectrum and of the floor under it. No DOM. */
import type { MetricName, Spectrum, SpectrumMetrics } from '../../src/protocol/engineApi.js';
import { formatNumber, formatFraction } from '../format.js';
import type { SpectrumView, RankMetric } from './view.js';

export type RankChoice = Pick<SpectrumView, 'metric' | 'top'>;

export const RANK_TEXT: Record<RankMetric, { label: string; help: string }> = {
  stableRank: {
    label: 'Stable rank',
    help:
      '‖Δ‖² / σ₁²: how many directions as strong as the strongest would carry the update’s energy; ' +
      '1 if one direction carries all of it. Small singular values hardly affect it.',
  },
  effectiveRank: {
    label: 'Effective rank',
    help:
      'exp of the entropy of the normalised singular values: how many directions take part. ' +
      'It counts small values too, so rounding to the stored dtype inflates it first.',
  },
  relativeRank: {
    label: 'Relative rank',
    help: 'Effective rank divided by its maximum, min(rows, columns): comparable across matrices of different shapes.',
  },
  topEnergy: {
    label: 'Energy in the first k',
    help: 'Fraction of ‖Δ‖² in the k strongest directions.',
  },
  spectral: {
    label: 'Spectral norm σ₁',
    help: 'The largest singular value of the update: how far it can move a vector of length one.',
  },
  nuclear: { label: 'Nuclear norm', help: 'Sum of all singular values.' },
  logVolume: {
    label: 'Log-volume',
    help:
      'Sum of the logarithms of the 50 largest singular values: the log-volume spanned by the strongest ' +
      'directions.',
  },
};

export function rankLabel(choice: RankChoice): string {
  return choice.metric === 'topEnergy'
    ? choice.top === '1'
      ? 'Energy in the first direction'
      : `Energy in the first ${choice.top}`
    : RANK_TEXT[choice.metric].label;
}

/** Of a spectrum, or of the floor under one; `count` is min(rows, columns). */
export function rankValue(choice: RankChoice, metrics: SpectrumMetrics, count: number): number | null {
  switch (choice.metric) {
    case 'relativeRank':
      return metrics.effectiveRank === null || count === 0 ? null : metrics.effectiveRank / count;
    case 'topEnergy':
      return metrics.topEnergy[choice.top] ?? null;
    default:
      return metrics[choice.metric];
  }
}

/**
 * With the floor's energy taken out; null where the metric has no such thing, or the update does not stand above the
 * floor.
 */
export function correctedValue(choice: RankChoice, spectrum: Spectrum): number | null {
  if (spectrum.corrected === null) return null;
  if (choice.metric === 'stableRank') return spectrum.corrected.stableRank;
  return choice.metric === 'topEnergy' ? (spectrum.corrected.topEnergy[choice.top] ?? null) : null;
}

/** Why there is none. */
export function whyUncorrected({ uncorrected }: Pick<Spectrum, 'uncorrected'>): string {
  switch (uncorrected) {
    case 'unchanged':
      return 'The update is zero.';
    case 'misfit':
      return (
        'The effect of rounding on this update is unknown: it depends on the size of the weights, ' +
        'or all weights moved by about the same amount. No floor correction is applied.'
      );
    default:
      return 'The update is not above the rounding floor.';
  }
}

export function isCorrected(metric: RankMetric): boolean {
  return metric === 'stableRank' || metric === 'topEnergy';
}

/** Under which name the engine flags it and gives its error. */
export function flagOf(metric: RankMetric): MetricName {
  return metric === 'relativeRank' ? 'effectiveRank' : metric;
}

export function isDominated(choice: Pick<RankChoice, 'metric'>, spectrum: Spectrum): boolean {
  return spectrum.dominated.includes(flagOf(choice.metric));
}

export function formatRank(choice: Pick<RankChoice, 'metric'>, value: number | null | undefined): string {
  return choice.metric === 'topEnergy' || choice.metric === 'relativeRank'
    ? formatFraction(value)
    : formatNumber(value);
}

export const FLOOR_BAND_HELP =
  'What rounding to the stored dtype contributes by itself: the spectrum of rounding errors alone, ' +
  'computed from the actual weights, with its range over the matrices. Hollow points: ' +
  'rounding explains this number better than training does.';
