/** What of a probe's curves is in sight, by the user's choices. No DOM. */
import type { LinePosition } from '../figure/lines.js';
import { plural } from '../format.js';
import {
  attentionFigure,
  reasoningFigure,
  routingFigure,
  shiftFigure,
  visionFigure,
  type CurveFigure,
} from './curves.js';
import { fileName, TASK_NAMES, TASKS, type Curve, type ProbeModel } from './model.js';
import type { ProbeView } from './view.js';

export type Study = ProbeView['study'];

/** The study in hand: what was asked for, or the one there is. */
export function studyOf(model: ProbeModel, view: ProbeView): Study {
  if (model[view.study].length > 0) return view.study;
  return view.study === 'vision' ? 'reasoning' : 'vision';
}

export function variantsOf(curves: readonly Curve[]): string[] {
  return [...new Set(curves.map((curve) => curve.variant))];
}

/** Curves of the study, in the variant that was asked for or the one there is. */
export function curvesOf(model: ProbeModel, view: ProbeView): Curve[] {
  const study = studyOf(model, view);
  const curves = model[study];
  const wanted = study === 'vision' ? view.mode : view.part;
  const variants = variantsOf(curves);
  const variant = variants.includes(wanted) ? wanted : variants[0];
  return curves.filter((curve) => curve.variant === variant);
}

/** Of those, the ones that are not hidden. */
export function visibleCurves(model: ProbeModel, view: ProbeView): Curve[] {
  const curves = curvesOf(model, view);
  const shown = curves.filter(
    (curve) => !view.hiddenCheckpoints.includes(curve.checkpoint) && !view.hiddenTasks.includes(curve.task ?? ''),
  );
  const rank = ({ task }: Curve) => TASKS.indexOf(task ?? 'counting');
  return (shown.length > 0 ? shown : curves).toSorted((a, b) => rank(a) - rank(b) || a.checkpoint - b.checkpoint);
}

export function layoutOf(view: ProbeView, curves: readonly Curve[]): 'together' | 'apart' {
  return view.layout ?? (new Set(curves.map((curve) => curve.checkpoint)).size > 1 ? 'apart' : 'together');
}

export function tasksOf(curves: readonly Curve[]): (typeof TASKS)[number][] {
  return TASKS.filter((task) => curves.some((curve) => curve.task === task));
}

/** One figure, or one per function. */
export function localizationFigures(model: ProbeModel, view: ProbeView): CurveFigure[] {
  const curves = visibleCurves(model, view);
  if (curves.length === 0) return [];
  if (studyOf(model, view) === 'reasoning') return [reasoningFigure(model, curves, 'Reasoning by layer')];
  const tasks = tasksOf(curves);
  const together = layoutOf(view, curves) === 'together';
  if (together || tasks.length < 2) {
    const title = tasks.length === 1 ? TASK_NAMES[tasks[0]!] : 'Vision by layer';
    return [visionFigure(model, curves, title, together ? 'task' : 'checkpoint')];
  }
  return tasks.map((task) => {
    const own = curves.filter((curve) => curve.task === task);
    return visionFigure(model, own, TASK_NAMES[task], 'checkpoint');
  });
}

export function attentionFigures(model: ProbeModel, view: ProbeView): CurveFigure[] {
  return [attentionFigure(model, view.measure, view.hiddenCheckpoints), shiftFigure(model)].filter(
    (one) => one !== null,
  );
}

export function routingFigures(model: ProbeModel): CurveFigure[] {
  return [routingFigure(model)].filter((one) => one !== null);
}

/** The figures of the tab in front. */
export function figuresOf(model: ProbeModel, view: ProbeView, tab: ProbeView['tab']): CurveFigure[] {
  switch (tab) {
    case 'localization':
      return localizationFigures(model, view);
    case 'attention':
      return attentionFigures(model, view);
    case 'routing':
      return routingFigures(model);
  }
}

/** The tab in front: one without anything in it is never the first to be seen. */
export function tabOf(model: ProbeModel, view: ProbeView, touched: boolean): ProbeView['tab'] {
  const has = {
    localization: model.vision.length + model.reasoning.length > 0,
    attention: model.attention.length > 0,
    routing: model.routing.length > 0,
  };
  const first = (['localization', 'attention', 'routing'] as const).find((tab) => has[tab]);
  return !has[view.tab] && view.tab === 'localization' && !touched ? (first ?? view.tab) : view.tab;
}

export function chosenLocation({ depth, curve }: ProbeView): LinePosition | null {
  return depth === null || curve === null ? null : { x: depth, key: curve };
}

/** `n = 60 · `: how many samples a point stands for; a range where points differ. */
export function countText({ series }: CurveFigure): string {
  const counts = series.flatMap(({ points }) => points.flatMap(({ n }) => (n === null ? [] : [n])));
  if (counts.length === 0) return '';
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return `n = ${least === most ? least : `${least}–${most}`} · `;
}

export function captionOf(model: ProbeModel): string {
  const files = [...new Set(model.results.map((result) => fileName(result.data)))].join(', ');
  return (
    `${model.checkpoints.map(({ label }) => label).join(', ')} · ${files} · 95% intervals · regions cut at ` +
    `layers ${model.cuts.join(' and ')}`
  );
}

/** What is said when a point is chosen. */
export function chosenText(model: ProbeModel, choice: LinePosition | null): string {
  const curve = [...model.vision, ...model.reasoning].find((one) => one.key === choice?.key);
  return choice === null || curve === undefined
    ? 'Selection cleared.'
    : `Layer ${choice.x} selected. Its ${plural(curve.samples.length, 'sample')} are listed below the figures.`;
}
