/** Figures of a trajectory as drawings: what the export menu saves, and what a report shows. No DOM. */
import type { Drawing } from '../exporters/drawing.js';
import { heatmapSvg } from '../exporters/heatmapSvg.js';
import { linesSvg } from '../exporters/linesSvg.js';
import { finishedText, versionsText } from '../overview/origin.js';
import type { Theme } from '../theme.js';
import { type Drawn, similarityFigure, sizeFigure, sizeGrid, STEP_STYLE } from './figures.js';
import { formatSize, SIZE_NAMES, type TrajectoryModel } from './model.js';

/** Sizes over steps, and Sim_K where directions were computed. */
export function linesDrawing(model: TrajectoryModel, title: string, drawn: Drawn, theme: Theme): Drawing {
  const figures = [
    sizeFigure(model, drawn),
    ...(model.result.directions ? [similarityFigure(model, drawn.depth)] : []),
  ];
  return linesSvg(figures, { title, description: title, caption: captionOf(model) }, theme);
}

/** Layers by steps. */
export function stepsDrawing(model: TrajectoryModel, title: string, drawn: Drawn, theme: Theme): Drawing {
  const { size, log } = drawn;
  const legend = { label: SIZE_NAMES[size], format: (value: number) => formatSize(size, value) };
  const words = { title, description: title, caption: captionOf(model) };
  return heatmapSvg(sizeGrid(model, drawn), legend, { ...STEP_STYLE, log }, words, theme);
}

export function captionOf({ result: { stages, cuts, provenance } }: TrajectoryModel): string {
  return (
    `${stages[0]!.label} to ${stages.at(-1)!.label}, ${stages.length} checkpoints · cuts ` +
    `${cuts.join(', ')} · ${finishedText(provenance)} · ${versionsText(provenance)}`
  );
}
