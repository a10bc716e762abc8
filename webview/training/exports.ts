/** The export menu of trainings: what is shown, under the choices of the moment. */
import type { TrainingReading } from '../../src/protocol/engineApi.js';
import { trainingCsv } from '../../src/protocol/training.js';
import type { PanelContext } from '../context.js';
import type { Drawing } from '../exporters/drawing.js';
import { linesSvg } from '../exporters/linesSvg.js';
import type { MenuEntry } from '../exporters/menu.js';
import { PAPER } from '../exporters/palette.js';
import { savingOf } from '../exporters/saving.js';
import { plural } from '../format.js';
import type { Theme } from '../theme.js';
import { seriesNames, trainingFigure } from './figures.js';
import type { TrainingView } from './view.js';

/** Of one small figure in the drawing. */
const SIZE = { width: 480, height: 260 };

/** @param now the reading and the user's choices at the time of exporting: both change while a training is followed */
export function trainingExports(
  context: PanelContext,
  title: string,
  now: () => { reading: TrainingReading; view: TrainingView },
): MenuEntry[] {
  const { text, json, svg, png } = savingOf(context, title);
  const drawing = (theme: Theme): Drawing => {
    const { reading, view } = now();
    return trainingDrawing(reading, view, title, theme);
  };
  return [
    { heading: 'Numbers' },
    {
      label: 'Points drawn as CSV…',
      testId: 'export-training-csv',
      run: () => text('series', 'csv', trainingCsv(now().reading)),
    },
    { label: 'Reading as JSON…', testId: 'export-training-json', run: () => json('reading', now().reading) },
    { heading: 'Figures' },
    { label: 'Figures as SVG…', testId: 'export-training-svg', run: () => svg('figures', drawing(PAPER)) },
    {
      label: 'Figures as PNG…',
      testId: 'export-training-png',
      run: () => png('figures', drawing(context.theme.now())),
    },
  ];
}

/** Every series under our names, of the runs that are shown, as one drawing. */
export function trainingDrawing(
  reading: TrainingReading,
  view: Pick<TrainingView, 'smoothing' | 'hiddenRuns'>,
  title: string,
  theme: Theme = PAPER,
): Drawing {
  const figures = seriesNames(reading)
    .ours.map((name) => trainingFigure(reading, name, view))
    .filter(({ series }) => series.length > 0);
  const last = Math.max(0, ...reading.runs.map(({ lastStep }) => lastStep ?? 0));
  const shown = reading.runs.filter(({ name }) => !view.hiddenRuns.includes(name)).length;
  const smoothing = view.smoothing === 'none' ? 'as logged' : `${view.smoothing} smoothing`;
  const caption = `${plural(shown, 'run')}, to step ${last} · ${smoothing}`;
  return linesSvg(figures, { title, description: title, caption }, theme, SIZE);
}
