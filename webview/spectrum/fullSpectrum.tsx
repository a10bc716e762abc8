/** The full spectrum of one matrix: read when it is opened, drawn from what is known until then. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { FullSpectrum, Spectrum, TensorSpectra } from '../../src/protocol/engineApi.js';
import { LineChart } from '../figure/lineChart.js';
import { pointAt } from '../figure/lines.js';
import { FloorSwatch, LegendItem } from '../figure/swatch.js';
import { formatNumber, plural } from '../format.js';
import type { SpectrumHost } from '../host.js';
import { Help, TooltipTitle } from '../tooltip.js';
import { fullSpectrumOf } from './fullSpectra.js';
import { FLOOR_BAND_HELP } from './measure.js';
import { keyOf, matrixName, type SpectrumModel } from './model.js';
import { spectrumFigure, type SpectrumFigure } from './spectrumFigure.js';

interface FullSpectrumProps {
  model: SpectrumModel;
  host: SpectrumHost;
  tensor: TensorSpectra;
  from: number;
  spectrum: Spectrum;
}

export function FullSpectrumChart(props: FullSpectrumProps) {
  const { model, tensor, from, spectrum } = props;
  const { full, error } = useFullSpectrum(props);
  const name = matrixName(model, tensor);
  const figure = useMemo(
    () => spectrumFigure(name, model.deltas[from]!, spectrum, full),
    [model, name, from, spectrum, full],
  );
  const [sigma, estimated] = figure.series;
  return (
    <>
      <div class="legend">
        <LegendItem series={sigma!}>
          <span>{`σ of ${model.deltas[from]!.full}`}</span>
        </LegendItem>
        {estimated === undefined ? null : <LegendItem series={estimated}>Estimated</LegendItem>}
        {figure.zones.length === 0 ? null : (
          <span class="legend-item">
            <FloorSwatch />
            Rounding floor, 95%
            <Help text={FLOOR_BAND_HELP} />
          </span>
        )}
      </div>
      <LineChart<SpectrumFigure>
        testId="full-spectrum"
        figure={figure}
        chosen={null}
        describe={({ summary }) => `${summary} Left and right walk the ranks.`}
        read={(drawn, at) => `Rank ${at.x}: ${rankWords(drawn, at.x).join(', ')}.`}
        tooltip={(drawn, at) => (
          <>
            <TooltipTitle>{`rank ${at.x}`}</TooltipTitle>
            {rankWords(drawn, at.x).map((text) => (
              <div key={text}>{text}</div>
            ))}
          </>
        )}
        onChoose={null}
      />
      <p class="note" role="status" data-testid="full-spectrum-state">
        {stateText(spectrum, full, error)}
      </p>
    </>
  );
}

function useFullSpectrum({ model, host, tensor, from, spectrum }: FullSpectrumProps): {
  full: FullSpectrum | null;
  error: string | null;
} {
  const spectra = fullSpectrumOf(model, host);
  const full = spectra.known(tensor, from);
  const key = `${keyOf(tensor)} ${from} ${spectrum.mode}`;
  const [answer, setAnswer] = useState<{ key: string; error: string | null } | null>(null);
  useEffect(() => {
    if (spectra.known(tensor, from) !== null) return;
    let here = true;
    spectra.read(tensor, from).then(
      () => here && setAnswer({ key, error: null }),
      (cause: unknown) => here && setAnswer({ key, error: cause instanceof Error ? cause.message : String(cause) }),
    );
    return () => {
      here = false;
    };
  }, [model, key]);
  return { full, error: answer?.key === key ? answer.error : null };
}

function stateText(spectrum: Spectrum, full: FullSpectrum | null, error: string | null): string {
  if (error !== null) return `Only the largest ${spectrum.singularValues.length} are shown: ${error}`;
  if (full === null) return 'Reading all singular values…';
  return full.known >= spectrum.count
    ? ''
    : `${full.known.toLocaleString('en')} of ${plural(spectrum.count, 'singular value')} are computed, ` +
        'the others estimated.';
}

function rankWords(figure: SpectrumFigure, rank: number): string[] {
  const known = pointAt(figure.series[0], rank);
  const point = known ?? pointAt(figure.series[1], rank);
  const floor = figure.zones[0]?.points.find(({ x }) => x === rank);
  return [
    ...(point === null ? [] : [`σ ${known === null ? '≈' : '='} ${formatNumber(point.value)}`]),
    ...(floor === undefined || floor.value === null
      ? []
      : [`rounding alone: ${formatNumber(floor.value)} (${formatNumber(floor.low)} to ${formatNumber(floor.high)})`]),
    ...(point?.hollow === true ? ['inside the rounding floor'] : []),
  ];
}
