/** A tensor's histogram and profiles as bars ready to draw. No DOM. */
import type { TensorDetail } from '../../src/protocol/engineApi.js';
import { formatCount, formatNumber } from '../format.js';

export interface Bar {
  /** Height, 0…1. */
  fraction: number;
  /** What it stands for, for the tooltip and the live region. */
  text: string;
}

export interface Bars {
  bars: Bar[];
  /** Under the first, the middle and the last bar. */
  ends: [string, string, string];
  /** At the top of the vertical axis. */
  top: string;
}

/** Counts on a log axis: the tails are what one looks for. A bin that holds one element is still visible. */
export function histogramBars(histogram: TensorDetail['histogram']): Bars {
  const { min, max, counts } = histogram;
  const most = Math.max(0, ...counts);
  const full = Math.log10(most + 1);
  const width = (max - min) / Math.max(1, counts.length);
  return {
    bars: counts.map((count, bin) => ({
      fraction: full === 0 ? 0 : Math.log10(count + 1) / full,
      text: `Δ ${formatNumber(min + bin * width)} to ${formatNumber(min + (bin + 1) * width)}: ${formatCount(count)}`,
    })),
    ends: [formatNumber(min), formatNumber((min + max) / 2), formatNumber(max)],
    top: formatCount(most),
  };
}

export function profileBars(energies: readonly number[], perBin: number, total: number, what: 'row' | 'column'): Bars {
  const most = Math.max(0, ...energies);
  return {
    bars: energies.map((energy, bin) => {
      const first = bin * perBin;
      const last = Math.min(total, first + perBin) - 1;
      const location = first >= last ? `${what} ${first}` : `${what}s ${first}–${last}`;
      return { fraction: most === 0 ? 0 : energy / most, text: `${location}: ${formatNumber(energy)}` };
    }),
    ends: ['0', '', String(Math.max(0, total - 1))],
    top: formatNumber(most),
  };
}

/** How uneven a profile is: the fraction of the squared energy in its strongest tenth. An even one has 10%. */
export function concentration(energies: readonly number[]): number | null {
  const squares = energies.map((energy) => energy * energy).sort((a, b) => b - a);
  const total = squares.reduce((sum, value) => sum + value, 0);
  if (total === 0 || squares.length < 10) return null;
  return squares.slice(0, Math.ceil(squares.length / 10)).reduce((sum, value) => sum + value, 0) / total;
}
