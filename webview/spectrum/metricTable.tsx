/** Every metric of one spectrum: its value and error, the floor's own, and what is left floor-corrected. */
import type { ComponentChildren } from 'preact';
import type { MetricName, Spectrum } from '../../src/protocol/engineApi.js';
import { formatCount, formatNumber, formatFraction, NONE } from '../format.js';
import { whyUncorrected } from './measure.js';

const METRIC_ROWS: {
  name: string;
  flag: MetricName | null;
  value: (spectrum: Spectrum) => number | null;
  floor: (spectrum: Spectrum) => number | null;
  corrected?: (spectrum: Spectrum) => ComponentChildren;
}[] = [
  { name: '‖Δ‖', flag: null, value: ({ fro }) => fro, floor: ({ floor }) => floor.fro },
  { name: 'σ₁', flag: 'spectral', value: ({ spectral }) => spectral, floor: ({ floor }) => floor.spectral },
  { name: 'Nuclear norm', flag: 'nuclear', value: ({ nuclear }) => nuclear, floor: ({ floor }) => floor.nuclear },
  {
    name: 'Stable rank',
    flag: 'stableRank',
    value: ({ stableRank }) => stableRank,
    floor: ({ floor }) => floor.stableRank,
    corrected: ({ corrected }) =>
      corrected === null || corrected.stableRank === null ? (
        NONE
      ) : (
        <Bounded
          value={corrected.stableRank}
          low={corrected.stableRankLow}
          high={corrected.stableRankHigh}
          format={formatNumber}
        />
      ),
  },
  {
    name: 'Effective rank',
    flag: 'effectiveRank',
    value: ({ effectiveRank }) => effectiveRank,
    floor: ({ floor }) => floor.effectiveRank,
  },
  {
    name: 'Condition number',
    flag: 'conditionNumber',
    value: ({ conditionNumber }) => conditionNumber,
    floor: ({ floor }) => floor.conditionNumber,
  },
  {
    name: 'Log-volume, top 50',
    flag: 'logVolume',
    value: ({ logVolume }) => logVolume,
    floor: ({ floor }) => floor.logVolume,
  },
];

type Format = (value: number | null | undefined) => string;

export function MetricTable({ spectrum }: { spectrum: Spectrum }) {
  const energies = Object.keys(spectrum.topEnergy).sort((a, b) => Number(a) - Number(b));
  const hasFloor = spectrum.floor.fro > 0;
  return (
    <div>
      <div class="numbers-scroll" role="region" aria-label="Metrics of this matrix" tabIndex={0}>
        <table class="number-table metric-table" data-testid="metric-table">
          <thead>
            <tr>
              {['Metric', 'Value', spectrum.mode === 'fast' ? '95%' : 'Error', 'Floor'].map((text) => (
                <th key={text} scope="col">
                  {text}
                </th>
              ))}
              <th scope="col" title="What is left floor-corrected, and its bounds">
                Floor-corrected
              </th>
            </tr>
          </thead>
          <tbody>
            {METRIC_ROWS.map(({ name, flag, value, floor, corrected }) => (
              <Row
                key={name}
                title={name}
                value={formatNumber(value(spectrum))}
                error={errorText(flag === null ? null : spectrum.error[flag], formatNumber)}
                floor={hasFloor ? formatNumber(floor(spectrum)) : NONE}
                corrected={corrected?.(spectrum) ?? ''}
                noisy={flag !== null && spectrum.dominated.includes(flag)}
              />
            ))}
            {energies.map((k) => (
              <Row
                key={k}
                title={`Energy in the first ${k}`}
                value={formatFraction(spectrum.topEnergy[k])}
                error={errorText(spectrum.error.topEnergy, formatFraction)}
                floor={hasFloor ? formatFraction(spectrum.floor.topEnergy[k]) : NONE}
                corrected={<CorrectedEnergy spectrum={spectrum} k={k} />}
                noisy={spectrum.dominated.includes('topEnergy')}
              />
            ))}
            <Row
              title="Numerical rank"
              value={`${formatCount(spectrum.rank)} of ${formatCount(spectrum.count)}`}
              error=""
              floor=""
              corrected={spectrum.corrected === null ? NONE : `${formatCount(spectrum.corrected.signalRank)} above it`}
              noisy={false}
            />
          </tbody>
        </table>
      </div>
      {spectrum.corrected === null ? (
        <p class="note" data-testid="uncorrected">
          {whyUncorrected(spectrum)}
        </p>
      ) : null}
    </div>
  );
}

function Row({
  title,
  value,
  error,
  floor,
  corrected,
  noisy,
}: {
  title: string;
  value: string;
  error: string;
  floor: string;
  corrected: ComponentChildren;
  noisy: boolean;
}) {
  return (
    <tr>
      <th scope="row">{title}</th>
      <td class={noisy ? 'noisy' : undefined} title={noisy ? 'Explained by the rounding floor.' : undefined}>
        {value}
        {noisy ? <span class="visually-hidden">, explained by the rounding floor</span> : null}
      </td>
      <td class="muted">{error}</td>
      <td class="muted">{floor}</td>
      <td>{corrected}</td>
    </tr>
  );
}

function errorText(error: number | null, format: Format): string {
  return error === null || error === 0 ? '' : `± ${format(error)}`;
}

function CorrectedEnergy({ spectrum: { corrected }, k }: { spectrum: Spectrum; k: string }) {
  if (corrected === null) return <>{NONE}</>;
  const { topEnergy, topEnergyLow, topEnergyHigh } = corrected;
  return <Bounded value={topEnergy[k]} low={topEnergyLow[k]} high={topEnergyHigh[k]} format={formatFraction} />;
}

/**
 * A number over its bounds, where these are apart from it: beside each other they would be too wide for an editor
 * column.
 */
function Bounded({
  value,
  low,
  high,
  format,
}: {
  value: number | null | undefined;
  low: number | null | undefined;
  high: number | null | undefined;
  format: Format;
}) {
  const [text, from, to] = [value, low, high].map(format);
  return (
    <span>
      {text}
      {from === text && to === text ? null : (
        <span class="bounds">
          <span class="visually-hidden">{', between '}</span>
          {`${from}–${to}`}
        </span>
      )}
    </span>
  );
}
