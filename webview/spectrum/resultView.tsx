/**
 * A spectrum's result: what it says, the figures over layers, the surfaces, the overlap, the matrices and one of them
 * closely.
 */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { SpectrumResult } from '../../src/protocol/engineApi.js';
import { usePanel } from '../context.js';
import { reveal } from '../dom.js';
import { MenuButton } from '../exporters/menu.js';
import { Warnings } from '../folding.js';
import { plural } from '../format.js';
import type { SpectrumHost } from '../host.js';
import { Button } from '../kit.js';
import { Provenance } from '../overview/provenance.js';
import { StageChips } from '../overview/stages.js';
import { describeDepth } from '../state/model.js';
import type { Store } from '../state/store.js';
import { spectrumExports } from './exports.js';
import { Matrices } from './matrices.js';
import { MatrixDetail } from './matrixDetail.js';
import { MetricCard, MetricToolbar } from './metricCard.js';
import { indexSpectra, type SpectrumModel } from './model.js';
import { Absent } from './notes.js';
import { OverlapCard } from './overlapCard.js';
import { readSpectra } from './reading.js';
import { SurfaceCards } from './surfaceCards.js';
import type { SpectrumView } from './view.js';

/** What every part of the result is given. */
export interface SpectrumParts {
  model: SpectrumModel;
  view: SpectrumView;
  store: Store<SpectrumView>;
  host: SpectrumHost;
  /** Selects a layer in all figures and in the table. */
  chooseDepth: (depth: number | null) => void;
}

export function SpectrumResultView({
  title,
  result,
  view,
  store,
  host,
}: {
  title: string;
  result: SpectrumResult;
  view: SpectrumView;
  store: Store<SpectrumView>;
  host: SpectrumHost;
}) {
  const context = usePanel();
  const { ask, announce } = context;
  const model = useMemo(() => indexSpectra(result), [result]);
  const exports = useMemo(() => spectrumExports(context, model, title, store.get, host), [model, title]);
  // Nothing is drawn before all of the choices fit.
  const shown = useMemo(() => ({ ...view, ...fittingChoices(model, view) }), [model, view]);
  useLayoutEffect(() => store.set(fittingChoices(model, store.get())), [model]);
  const reading = useMemo(() => readSpectra(model).join(' '), [model]);
  const detail = useRef<HTMLElement>(null);
  const before = useRef(view.matrix);
  useLayoutEffect(() => {
    if (view.matrix !== null && view.matrix !== before.current && detail.current !== null) reveal(detail.current);
    before.current = view.matrix;
  }, [view.matrix]);

  const chooseDepth = (depth: number | null) => {
    store.set({ depth });
    announce(
      depth === null
        ? 'Selection cleared.'
        : `${describeDepth(model, depth)} selected. Its matrices are listed below the figures.`,
    );
  };
  const parts: SpectrumParts = { model, view: shown, store, host, chooseDepth };
  const tensor = shown.matrix === null ? undefined : model.byKey.get(shown.matrix);
  return (
    <div class="spectrum" data-testid="spectrum">
      <div class="top">
        <div class="title-row">
          <h1>{title}</h1>
          <span class="title-tools">
            <Button
              label="Compute again…"
              title="Compute with another mode or other weights"
              testId="spectrum-again"
              onClick={() => void ask(host.leaveSpectrum())}
            />
            <MenuButton label="Export" testId="export-spectrum" entries={exports} />
          </span>
        </div>
        <StageChips stages={result.stages} />
        <p class="muted" data-testid="spectrum-what">
          {whatText(model)}
        </p>
      </div>
      <div class="overview">
        <p class="reading spectrum-reading" data-testid="spectrum-reading" aria-live="polite">
          {reading}
        </p>
        <Warnings id="spectrum-warnings" list={result.warnings} />
        <Absent model={model} />
      </div>
      <section class="block" aria-label="Figures">
        <MetricToolbar {...parts} />
        <MetricCard {...parts} />
      </section>
      <section class="block" aria-label="Singular values by layer">
        <SurfaceCards {...parts} />
      </section>
      <section class="block">
        <OverlapCard {...parts} />
      </section>
      <section class="block" aria-label="Matrices">
        <h2>Matrices</h2>
        <div class={tensor === undefined ? 'tensors' : 'tensors with-detail'}>
          <Matrices {...parts} />
          {tensor === undefined ? null : <MatrixDetail {...parts} tensor={tensor} frame={detail} />}
        </div>
      </section>
      <div>
        <Provenance {...result} />
      </div>
    </div>
  );
}

/** Choices that came from another result may name what this one does not have. */
function fittingChoices(model: SpectrumModel, view: SpectrumView): Partial<SpectrumView> {
  const patch: Partial<SpectrumView> = {};
  const parts = new Set(model.counted.map(({ component }) => component as string));
  if (view.depth !== null && !model.depths.includes(view.depth)) patch.depth = null;
  if (view.matrix !== null && !model.byKey.has(view.matrix)) patch.matrix = null;
  if (!model.tops.includes(view.top) && model.tops.length > 0)
    patch.top = model.tops[Math.min(1, model.tops.length - 1)]!;
  if (view.part !== 'all' && !parts.has(view.part)) patch.part = 'all';
  return patch;
}

function whatText({ result, counted }: SpectrumModel): string {
  const { mode, filter, tensors } = result;
  const refined = counted.filter(({ spectra }) => spectra.some((spectrum) => spectrum?.mode === 'exact')).length;
  return [
    mode === 'exact'
      ? 'All singular values, exact'
      : refined > 0
        ? `Estimates with errors; ${refined} exact`
        : 'Estimates with errors',
    plural(tensors.length, 'matrix', 'matrices'),
    filter === null ? null : `matching ${filter}`,
  ]
    .filter((text) => text !== null)
    .join(' · ');
}
