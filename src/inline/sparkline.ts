/**
 * The small spectrum of a hover: singular values against the first, by rank, on a logarithmic scale; one plot per
 * update, beside each other, over the band that rounding alone would give. What lies in the band is drawn thin.
 */
import type { LayerSpectra, SpectrumResult, TensorSpectra } from '../protocol/engineApi.js';
import { CHART_WIDTH, escapeXml, PALETTES, seriesOf, type ThemeKind } from './chart.js';
import { formatNumber } from '../protocol/numbers.js';

export interface SparkCurve {
  label: string;
  /** Index of the update: its colour. */
  update: number;
  /** log(σᵢ/σ₁), by rank; null where there is no such rank. */
  values: (number | null)[];
  /** The floor's, against the same σ₁, with its band where it is known; empty without a floor. */
  floor: { middle: number | null; low: number | null; high: number | null }[];
  stableRank: number | null;
  /** The floor explains the stable rank. */
  dominated: boolean;
}

const HEIGHT = 46;
const TITLE = 13;
const GAP = 14;

/** Of a tensor as a whole, or of its first part where only parts were taken. */
export function tensorCurves(spectra: SpectrumResult, name: string): SparkCurve[] {
  const own = spectra.tensors.filter((tensor) => tensor.name === name);
  const tensor = own.find(({ part }) => part === null) ?? own[0];
  return tensor === undefined
    ? []
    : spectra.stages.slice(1).flatMap(({ label }, from) => ofTensor(tensor, from, label));
}

function ofTensor(tensor: TensorSpectra, from: number, label: string): SparkCurve[] {
  const spectrum = tensor.spectra[from] ?? null;
  if (spectrum === null || !(spectrum.spectral > 0)) return [];
  const { singularValues, spectral, floor, stableRank, dominated } = spectrum;
  const log = (value: number | undefined) => (value !== undefined && value > 0 ? Math.log(value / spectral) : null);
  return [
    {
      label,
      update: from,
      values: singularValues.map(log),
      floor:
        floor.fro > 0
          ? floor.singularValues.map((value, at) => ({
              middle: log(value),
              low: log(floor.low[at]),
              high: log(floor.high[at]),
            }))
          : [],
      stableRank,
      dominated: dominated.includes('stableRank'),
    },
  ];
}

/** Means over a layer's matrices. */
export function layerCurves(spectra: SpectrumResult, depth: number): SparkCurve[] {
  const layer: LayerSpectra | undefined = spectra.layers.find((one) => one.depth === depth);
  return spectra.stages.slice(1).flatMap(({ label }, from) => {
    const own = layer?.spectra[from] ?? null;
    if (own === null || own.logCurve.every((value) => value === null)) return [];
    return [
      {
        label,
        update: from,
        values: own.logCurve,
        floor: own.floorCurve.map((middle) => ({ middle, low: middle, high: middle })),
        stableRank: own.stableRank?.mean ?? null,
        dominated: own.dominated >= 0.5,
      },
    ];
  });
}

export function spectrumChart(curves: readonly SparkCurve[], theme: ThemeKind): string {
  const colours = PALETTES[theme];
  const width = (CHART_WIDTH - GAP * (curves.length - 1)) / curves.length;
  const ranks = Math.max(2, ...curves.map(({ values }) => values.length));
  const least = Math.min(
    -0.5,
    ...curves.flatMap(({ values }) => values.flatMap((value) => (value === null ? [] : [value]))),
  );
  const top = TITLE + 3;
  const bottom = HEIGHT - 3;
  const y = (value: number) => top + ((bottom - top) * Math.max(least, Math.min(0, value))) / least;
  const plots = curves.map(({ label, update, values, floor, stableRank, dominated }, index) => {
    const colour = seriesOf(colours, update);
    const left = index * (width + GAP);
    const x = (rank: number) => left + (width * (rank - 1)) / (ranks - 1);
    const at = (value: number | null | undefined, rank: number) =>
      value === null || value === undefined ? null : `${round(x(rank))} ${round(y(value))}`;
    const path = (points: (string | null)[]) =>
      points.reduce<string>(
        (drawn, point, i) =>
          point === null ? drawn : `${drawn}${i > 0 && points[i - 1] !== null ? 'L' : 'M'}${point}`,
        '',
      );
    const known = floor.slice(0, ranks);
    const band = [
      ...known.map(({ high }, i) => at(high, i + 1)),
      ...known.map(({ low }, i) => at(low, i + 1)).reverse(),
    ].filter((point) => point !== null);
    const inside = (i: number) =>
      values[i] !== null && known[i]?.high !== null && known[i] !== undefined && values[i]! <= known[i].high;
    const above = values.map((value, i) => (inside(i) ? null : at(value, i + 1)));
    // The first value in the band joins on, so that the line has no gap.
    const within = values.map((value, i) => (inside(i) || inside(i + 1) ? at(value, i + 1) : null));
    const words = stableRank === null ? '' : `stable rank ${formatNumber(stableRank)}${dominated ? ', floor' : ''}`;
    return [
      `<text x="${round(left)}" y="10" ` +
        `fill="${colours.text}">${escapeXml(`Δ${label.length > 14 ? `${label.slice(0, 13)}…` : label}`)} σ</text>`,
      `<text x="${round(left + width)}" y="10" text-anchor="end" fill="${colours.faint}">${words}</text>`,
      band.length > 2 ? `<path d="M${band.join('L')}Z" fill="${colours.text}" fill-opacity="0.2"/>` : '',
      `<path d="${path(known.map(({ middle }, i) => at(middle, i + 1)))}" stroke="${colours.text}" ` +
        'stroke-width="1" stroke-dasharray="2 2" fill="none"/>',
      `<path d="${path(within)}" stroke="${colour}" stroke-width="1" fill="none"/>`,
      `<path d="${path(above)}" stroke="${colour}" stroke-width="1.8" fill="none"/>`,
      `<path d="M${round(left)} ${bottom + 1.5}h${round(width)}" stroke="${colours.faint}" stroke-width="0.5"/>`,
    ].join('');
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${CHART_WIDTH}" height="${HEIGHT}" viewBox="0 0 ` +
    `${CHART_WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="10">${plots.join('')}</svg>`
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
