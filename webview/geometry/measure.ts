/** The rank metrics: what each is, its value of a spectrum and of the floor under it. No DOM. */
import type { MetricName, Spectrum, SpectrumMetrics } from '../../src/protocol/engineApi.js';
import { formatNumber, formatShare } from '../format.js';
import type { GeometryView, RankMetric } from './view.js';

export type RankChoice = Pick<GeometryView, 'metric' | 'top'>;

export const RANK_TEXT: Record<RankMetric, { label: string; help: string }> = {
  stableRank: {
    label: 'Stable rank',
    help: '‖Δ‖² over σ₁²: how many directions as strong as the strongest would hold the update’s energy. 1 when one direction has it all. Small values barely notice it.',
  },
  effectiveRank: {
    label: 'Effective rank',
    help: 'exp of the entropy of the singular values as shares: how many directions take part. It counts small values too, so rounding to the stored dtype inflates it first.',
  },
  relativeRank: {
    label: 'Relative rank',
    help: 'Effective rank over the largest it could be, min(rows, columns): comparable between matrices of different shapes.',
  },
  topEnergy: {
    label: 'Energy in the first k',
    help: 'Share of ‖Δ‖² that lies in the k strongest directions.',
  },
  spectral: {
    label: 'Spectral norm σ₁',
    help: 'The largest singular value of the update: how far it can move a vector of length one.',
  },
  nuclear: { label: 'Nuclear norm', help: 'Sum of all singular values.' },
  logVolume: {
    label: 'Log-volume',
    help: 'Sum of the logarithms of the 50 largest singular values: the volume of the body the strongest directions span.',
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

/** With the floor's energy taken out; null where the metric has no such thing, or the update does not stand above the floor. */
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
      return 'What rounding did to this update cannot be told: it depends on the size of the weights, or all weights moved by about as much. The floor is not taken out.';
    default:
      return 'The update does not stand above the rounding floor.';
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
  return choice.metric === 'topEnergy' || choice.metric === 'relativeRank' ? formatShare(value) : formatNumber(value);
}

export const FLOOR_BAND_HELP =
  'What storing the weights in their dtype adds by itself: the spectrum of rounding errors alone, from the actual weights, with its range over the matrices. Hollow points: the floor says more about this number than training does.';
