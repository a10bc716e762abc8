/** The export menu of a spectrum. */
import { spectraCsv } from '../../src/protocol/csv.js';
import type { PanelContext } from '../context.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf, type Saving } from '../exporters/saving.js';
import type { LineFigure } from '../figure/lines.js';
import type { SpectrumHost } from '../host.js';
import type { Theme } from '../theme.js';
import { captionOf, linesDrawing, surfaceDrawing } from './drawings.js';
import { metricFigure, overlapFigure, rankFigure } from './figures.js';
import { fullSpectrumOf } from './fullSpectra.js';
import { keyOf, matrixName, type SpectrumModel } from './model.js';
import { depthCsv, depthMarkdown, surfaceCsv } from './numbers.js';
import { spectrumFigure } from './spectrumFigure.js';
import { rankSurface, type RankSurface } from './surfaceData.js';
import type { SpectrumView } from './view.js';

/** @param now the user's choices at the time of exporting */
export function spectrumExports(
  context: PanelContext,
  model: SpectrumModel,
  title: string,
  now: () => SpectrumView,
  host: SpectrumHost,
): MenuEntry[] {
  const saving = savingOf(context, model.result.stages.map((stage) => stage.label).join('-'));
  const { text, json, copy } = saving;
  const metric = () => metricFigure(model, now());
  const surfaces = () => model.deltas.map(({ index }) => rankSurface(model, index, now().part));
  const over = () => [metric(), overlapFigure(model, now().part)].filter((one) => one !== null);
  return [
    { heading: 'Numbers' },
    {
      label: 'Matrices as CSV…',
      testId: 'export-spectra-csv',
      run: () => text('spectra', 'csv', spectraCsv(model.result)),
    },
    {
      label: 'Figures over layers as CSV…',
      testId: 'export-depth-csv',
      run: () => text('ranks', 'csv', depthCsv(model, over())),
    },
    {
      label: 'Surfaces as CSV…',
      testId: 'export-rank-csv',
      run: () => text('surfaces', 'csv', surfaceCsv(model, surfaces())),
    },
    { label: 'Result as JSON…', testId: 'export-spectrum-json', run: () => json('spectrum', model.result) },
    { heading: 'Figures' },
    ...figureEntries(context, model, title, now, host, saving),
    { heading: 'Copy' },
    {
      label: 'Rank metric as Markdown',
      testId: 'copy-rank-md',
      run: () => copy(depthMarkdown(model, metric()), 'Numbers copied.'),
    },
  ];
}

function figureEntries(
  context: PanelContext,
  model: SpectrumModel,
  title: string,
  now: () => SpectrumView,
  host: SpectrumHost,
  { svg, png }: Saving,
): MenuEntry[] {
  const editor = () => context.theme.now();
  const caption = () => captionOf(model, now());
  const lines = (figures: readonly LineFigure[], what: string, theme: Theme) =>
    linesDrawing(figures, title, what, caption(), theme);
  const one = (figure: LineFigure, theme: Theme) => lines([figure], figure.title, theme);
  const metric = () => metricFigure(model, now());
  const eachSurface = (save: (name: string, surface: RankSurface) => void) => {
    for (const { index, to } of model.deltas) save(`surface-${to}`, rankSurface(model, index, now().part));
  };
  const tenths = () => model.deltas.map(({ index }) => rankFigure(model, index, now().part));
  return [
    { label: 'Rank metric as SVG…', testId: 'export-metric-svg', run: () => svg('ranks', one(metric(), PAPER)) },
    { label: 'Rank metric as PNG…', testId: 'export-metric-png', run: () => png('ranks', one(metric(), editor())) },
    {
      label: 'Surfaces as SVG…',
      testId: 'export-rank-svg',
      run: () => eachSurface((name, surface) => svg(name, surfaceDrawing(title, surface, caption(), PAPER))),
    },
    {
      label: 'Surfaces as PNG…',
      testId: 'export-rank-png',
      run: () => eachSurface((name, surface) => png(name, surfaceDrawing(title, surface, caption(), editor()))),
    },
    {
      label: 'Every tenth rank as SVG…',
      testId: 'export-tenth-svg',
      run: () => svg('tenth-ranks', lines(tenths(), 'every tenth rank', PAPER)),
    },
    {
      label: 'Overlap as SVG…',
      testId: 'export-overlap-svg',
      run() {
        const figure = overlapFigure(model, now().part);
        if (figure !== null) svg('overlap', one(figure, PAPER));
      },
    },
    {
      label: 'Chosen matrix as SVG…',
      testId: 'export-matrix-svg',
      run() {
        const chosen = chosenMatrix(model, now(), host);
        if (chosen === null) context.announce('Choose a matrix first.');
        else svg(`matrix-${chosen.key.replace(/[^\p{L}\p{N}._-]+/gu, '-')}`, one(chosen.figure, PAPER));
      },
    },
  ];
}

/** The matrix that is looked at closely, with all singular values that have been read of it. */
function chosenMatrix(
  model: SpectrumModel,
  view: SpectrumView,
  host: SpectrumHost,
): { key: string; figure: LineFigure } | null {
  const tensor = view.matrix === null ? undefined : model.byKey.get(view.matrix);
  const from = Math.min(view.update, model.deltas.length - 1);
  const spectrum = tensor?.spectra[from] ?? null;
  if (tensor === undefined || spectrum === null || spectrum.spectral === 0) return null;
  const full = fullSpectrumOf(model, host).known(tensor, from);
  return { key: keyOf(tensor), figure: spectrumFigure(matrixName(model, tensor), model.deltas[from]!, spectrum, full) };
}
