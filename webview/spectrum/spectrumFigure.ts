/** The full spectrum of one matrix as data: rank against σ, both logarithmic, over the band of the floor. No DOM. */
import type { FullSpectrum, Spectrum } from '../../src/protocol/engineApi.js';
import type { DeltaName } from '../deltas.js';
import { logAxis, type Axis } from '../figure/axis.js';
import { soleAxis, type LineFigure } from '../figure/lines.js';
import { formatNumber, plural } from '../format.js';

export interface SpectrumFigure extends LineFigure {
  /** In a sentence. */
  summary: string;
}

/** Points per factor of ten of rank: more cannot be told apart on a log axis. */
const PER_DECADE = 120;
/** Below this fraction of σ₁ a value is not known (exact mode agrees with float64 down to here). */
const KNOWN = 1e-6;

export function spectrumFigure(
  title: string,
  delta: DeltaName,
  spectrum: Spectrum,
  full: FullSpectrum | null,
): SpectrumFigure {
  const values = full?.singularValues ?? spectrum.singularValues;
  const known = full?.known ?? values.length;
  const floor = full?.floor ?? spectrum.floor.singularValues;
  const low = full?.low ?? spectrum.floor.low;
  const high = full?.high ?? spectrum.floor.high;
  const floored = spectrum.floor.fro > 0;
  const ranks = thinned(Math.max(values.length, floored ? floor.length : 0));
  const name = delta.short;
  const points = ranks.flatMap((rank) => {
    const value = values[rank - 1];
    // A zero has no place on a log axis, and what is below the known is noise of the computation.
    return value === undefined
      ? []
      : [
          {
            x: rank,
            value: value > KNOWN * spectrum.spectral ? value : null,
            low: null,
            high: null,
            hollow: floored && value <= (high[rank - 1] ?? 0),
          },
        ];
  });
  const zone = floored
    ? ranks.flatMap((rank) =>
        floor[rank - 1] === undefined || !(floor[rank - 1]! > 0)
          ? []
          : [{ x: rank, value: floor[rank - 1]!, low: low[rank - 1] ?? null, high: high[rank - 1] ?? null }],
      )
    : [];
  const drawn = [
    ...points.flatMap(({ value }) => (value === null ? [] : [value])),
    ...zone.flatMap(({ value }) => (value > KNOWN * spectrum.spectral ? [value] : [])),
  ];
  const above = points.findIndex(({ hollow }) => hollow);
  const standing = !floored
    ? ''
    : above === 0
      ? 'All of it is inside the rounding floor.'
      : above === -1
        ? 'All of it is above the rounding floor.'
        : `It is above the rounding floor up to rank ${points[above]!.x - 1}.`;
  return {
    title: `${title}, ${delta.full}`,
    label: 'σ',
    axes: soleAxis(logAxis(drawn, 5), 'σ'),
    x: rankAxis(Math.max(ranks.at(-1) ?? 1, 2)),
    regions: [],
    sections: [],
    series: [
      {
        key: 'sigma',
        name,
        colour: delta.index,
        marker: delta.index,
        dash: 0,
        points: points.filter(({ x }) => x <= known),
        baseline: null,
      },
      ...(known < values.length
        ? [
            {
              key: 'estimate',
              name: `${name}, estimated`,
              colour: delta.index,
              marker: delta.index,
              dash: 4,
              light: true,
              points: points.filter(({ x }) => x >= known),
              baseline: null,
            },
          ]
        : []),
    ],
    zones: zone.length === 0 ? [] : [{ key: 'floor', colour: delta.index, points: zone }],
    zoneName: 'rounding floor',
    hollowName: 'explained by it',
    summary:
      `Singular values of ${title}, ${delta.full}: ${plural(values.length, 'value')} from ` +
      `${formatNumber(values[0])} down to ${formatNumber(values.at(-1))}. ${standing}`,
  };
}

/** 1, 2, 5, 10, … */
function rankAxis(last: number): LineFigure['x'] {
  return {
    from: 0.9,
    to: last * 1.1,
    log: true,
    title: 'Rank',
    ticks(count) {
      const axis: Axis = logAxis([1, last], count);
      return axis.ticks.filter(({ value }) => value >= 1 && value <= last * 1.1);
    },
  };
}

/** Ranks 1…count: every one at first, then evenly on a log axis, the last included. */
export function thinned(count: number): number[] {
  const ranks: number[] = [];
  for (let rank = 1; rank <= count; rank = Math.max(rank + 1, Math.round(rank * 10 ** (1 / PER_DECADE))))
    ranks.push(rank);
  if (count > 0 && ranks.at(-1) !== count) ranks.push(count);
  return ranks;
}
