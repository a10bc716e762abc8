/** One matrix closely: its full spectrum against the floor, every metric with its error, the angles between updates. */
import { Fragment, type RefObject } from 'preact';
import { useState } from 'preact/hooks';
import type { Overlap, Spectrum, TensorSpectra } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { BarChart } from '../detail/barChart.js';
import { formatCosine, formatNumber } from '../format.js';
import { Button, Segmented } from '../kit.js';
import { FullSpectrumChart } from './fullSpectrum.js';
import { MetricTable } from './metricTable.js';
import { keyOf, matrixName, type SpectrumModel } from './model.js';
import type { SpectrumParts } from './resultView.js';

type DetailProps = SpectrumParts & { tensor: TensorSpectra; frame: RefObject<HTMLElement | null> };

export function MatrixDetail(props: DetailProps) {
  const { model, view, store, host, tensor } = props;
  const { ask } = usePanel();
  const from = Math.min(view.update, model.deltas.length - 1);
  const spectrum = tensor.spectra[from] ?? null;
  const none = noneText(model, tensor, from);
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    store.set({ matrix: null });
  };
  return (
    <section
      ref={props.frame}
      class="detail matrix-detail"
      aria-label="Matrix"
      data-testid="matrix-detail"
      onKeyDown={leave}
    >
      <div class="detail-head">
        <h3 class="detail-name" data-testid="matrix-name">
          {keyOf(tensor)}
        </h3>
        <span class="detail-tools">
          <Button
            kind="icon"
            icon="locate"
            label="Show the tensor in its checkpoint"
            testId="matrix-reveal"
            onClick={() => void ask(host.revealTensor({ name: tensor.name, stage: from + 1 }))}
          />
          <Button
            kind="icon"
            icon="close"
            label="Close the matrix"
            testId="matrix-close"
            onClick={() => store.set({ matrix: null })}
          />
        </span>
      </div>
      <p class="muted detail-place">{locationText(model, tensor, spectrum)}</p>
      <div class="detail-switch">
        {model.deltas.length < 2 ? null : (
          <Segmented
            label="Update"
            testId="detail-update"
            choices={model.deltas.map(({ index, short, full }) => ({
              value: String(index),
              label: short,
              title: full,
            }))}
            value={String(from)}
            onChange={(value) => store.set({ update: Number(value) })}
          />
        )}
      </div>
      <p class="note" hidden={none === null} data-testid="matrix-skipped">
        {none}
      </p>
      {spectrum === null || none !== null ? null : (
        <div>
          {spectrum.mode === 'exact' ? null : <Refine {...props} />}
          <FullSpectrumChart {...{ model, host, tensor, from, spectrum }} />
          <MetricTable spectrum={spectrum} />
          <div>
            <Angles {...{ model, tensor, from }} />
          </div>
        </div>
      )}
    </section>
  );
}

/** Why there is nothing to see. */
function noneText(model: SpectrumModel, tensor: TensorSpectra, from: number): string | null {
  const spectrum = tensor.spectra[from] ?? null;
  const update = model.deltas[from]?.full ?? 'this update';
  if (spectrum === null) return `No spectrum of ${update}: ${tensor.skipped[from] ?? 'it could not be computed.'}`;
  return spectrum.spectral === 0 ? `${update} is zero here: this matrix did not change, bit for bit.` : null;
}

function locationText(model: SpectrumModel, tensor: TensorSpectra, spectrum: Spectrum | null): string {
  const dtypes = new Set(tensor.dtypes.filter((dtype) => dtype !== null));
  return [matrixName(model, tensor), `${tensor.rows} × ${tensor.columns}`, [...dtypes].join(', '), spectrum?.mode ?? '']
    .filter((fact) => fact !== '')
    .join(' · ');
}

function Refine({ model, tensor, host }: DetailProps) {
  const { ask, announce } = usePanel();
  const [refining, setRefining] = useState(false);
  const refine = async () => {
    setRefining(true);
    const words = matrixName(model, tensor);
    const done = await ask(host.refineSpectrum({ key: keyOf(tensor) }).then(() => true));
    setRefining(false);
    if (done === true) announce(`${words} is exact now.`);
  };
  return (
    <p class="refine-row">
      <Button label="Refine to exact" testId="refine" disabled={refining} onClick={() => void refine()} />
      <span class="note">
        {refining
          ? 'Computing all singular values…'
          : 'These are estimates; “exact” computes all singular values of this matrix.'}
      </span>
    </p>
  );
}

/** Cosines of the principal angles to the neighbouring updates. */
function Angles({ model, tensor, from }: { model: SpectrumModel; tensor: TensorSpectra; from: number }) {
  return (
    <>
      {[from - 1, from].map((index) => {
        const overlap = tensor.overlaps[index] ?? null;
        const [first, second] = [model.deltas[index], model.deltas[index + 1]];
        if (overlap === null || first === undefined || second === undefined) return null;
        return (
          <Fragment key={index}>
            <h4>{`Principal angles, ${first.short} and ${second.short}`}</h4>
            <div class="angle-charts">
              <AngleChart overlap={overlap} side="left" />
              <AngleChart overlap={overlap} side="right" />
            </div>
          </Fragment>
        );
      })}
    </>
  );
}

const SIDES = {
  left: { name: 'Outputs (left)', series: 2, mean: 'leftOverlap', chance: 'leftChance' },
  right: { name: 'Inputs (right)', series: 3, mean: 'rightOverlap', chance: 'rightChance' },
} as const;

function AngleChart({ overlap, side }: { overlap: Overlap; side: 'left' | 'right' }) {
  const { name, series, mean, chance } = SIDES[side];
  const bars = overlap[side].map((cosine, at) => ({
    fraction: Math.min(1, Math.max(0, cosine)),
    text: `angle ${at + 1} of ${overlap.k}: cosine ${formatCosine(cosine)}`,
  }));
  return (
    <BarChart
      label={`${name}: overlap ${formatNumber(overlap[mean])}, random baseline ${formatNumber(overlap[chance])}`}
      data={{ bars, ends: ['1', '', String(overlap.k)], top: '1' }}
      series={series}
      testId={`angles-${side}`}
    />
  );
}
