/** The figure of an evaluation as a drawing: what the export menu saves, and what a report shows. No DOM. */
import { servedLines } from '../../src/protocol/evaluationReading.js';
import type { Drawing } from '../exporters/drawing.js';
import { linesSvg } from '../exporters/linesSvg.js';
import type { Theme } from '../theme.js';
import { forestSvg } from './forestSvg.js';
import { reading, type TransferModel } from './model.js';
import { sweepFigure } from './sweep.js';

/** A sweep's lines, or the forest of abilities. @param against the checkpoint that the others are held against */
export function abilitiesDrawing(model: TransferModel, title: string, against: number | null, theme: Theme): Drawing {
  const words = { title, description: reading(model, against).join(' '), caption: captionOf(model) };
  const figure = sweepFigure(model, against);
  return figure === null ? forestSvg(model, against, words, theme) : linesSvg([figure], words, theme);
}

export function captionOf({ result }: TransferModel): string {
  const grading = result.grader === null ? 'rule-based grading' : `rule-based grading, then ${result.grader}`;
  const served = servedLines(result).map((line) => ` · ${line}`);
  return (
    `${result.sets.map((set) => `${set.name} (${set.questions})`).join(', ')} · 95% intervals · at most ` +
    `${result.maxNewTokens} new tokens · ${grading}${served.join('')}`
  );
}
