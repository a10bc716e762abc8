/** The figures as numbers: rows of the table beneath them, CSV and Markdown. No DOM. */
import { csv } from '../../src/protocol/csv.js';
import { intervalText, numberRows, valueText, type CurveFigure } from './curves.js';
import { curveName, PART_NAMES, type Curve, type ProbeModel } from './model.js';

export function curvesCsv(model: ProbeModel, curves: readonly Curve[]): string {
  const head = ['checkpoint', 'measure', 'function', 'variant', 'layer', 'n', 'value', 'low', 'high', 'baseline'];
  return csv([
    head,
    ...curves.flatMap((curve) =>
      curve.points.map((point) => [
        model.checkpoints[curve.checkpoint]?.label,
        curve.task === null ? 'error' : 'changed',
        curve.task ?? 'reasoning',
        curve.variant,
        point.depth,
        point.n,
        point.value,
        point.low,
        point.high,
        curve.baseline?.value,
      ]),
    ),
  ]);
}

/** One row per sample and depth: what was answered. */
export function samplesCsv(model: ProbeModel, curves: readonly Curve[]): string {
  const head = [
    'checkpoint',
    'function',
    'variant',
    'id',
    'prompt',
    'truth',
    'baseline',
    'sourceAnswer',
    'layer',
    'answer',
    'changed',
  ];
  return csv([
    head,
    ...curves.flatMap((curve) =>
      curve.samples.flatMap((sample) =>
        sample.depths.map((depth, at) => [
          model.checkpoints[curve.checkpoint]?.label,
          curve.task ?? 'reasoning',
          curve.variant,
          sample.id,
          sample.prompt,
          sample.truth,
          sample.baseline,
          sample.sourceAnswer,
          depth,
          sample.answers[at],
          sample.outcomes[at] === 'same' ? 'no' : 'yes',
        ]),
      ),
    ),
  ]);
}

export function attentionCsv(model: ProbeModel): string {
  const result = model.attention[0];
  if (result === undefined) return '';
  const head = [
    'layer',
    ...result.checkpoints.flatMap(({ label }) =>
      ['mean', 'mean low', 'mean high', 'mass', 'mass low', 'mass high'].map((what) => `${label} ${what}`),
    ),
    'shift',
    'shift low',
    'shift high',
  ];
  return csv([
    head,
    ...result.layers.map((layer) => [
      layer.depth,
      ...result.checkpoints.flatMap((_, at) => [
        layer.mean[at],
        layer.low[at],
        layer.high[at],
        layer.mass[at],
        layer.massLow[at],
        layer.massHigh[at],
      ]),
      layer.shift?.difference,
      layer.shift?.low,
      layer.shift?.high,
    ]),
  ]);
}

/** One row per layer that has experts. */
export function routingCsv(model: ProbeModel): string {
  const result = model.routing[0];
  if (result === undefined) return '';
  const kinds = ['all', 'text', 'visual'] as const;
  return csv([
    ['layer', ...kinds.flatMap((kind) => [kind, `${kind} low`, `${kind} high`])],
    ...result.layers.map((layer) => [
      layer.depth,
      ...kinds.flatMap((kind) => [layer[kind]?.changed, layer[kind]?.low, layer[kind]?.high]),
    ]),
  ]);
}

export function figuresMarkdown(model: ProbeModel, figures: readonly CurveFigure[]): string {
  const rows = numberRows(model, figures).map(
    ({ depth, region, name, point, figure }) =>
      `| ${depth} | ${region} | ${name.replaceAll('|', '\\|')} | ${valueText(figure, point.value)} | ` +
      `${intervalText(figure, point)} | ${point.n ?? ''} |`,
  );
  return ['| Layer | Region | Curve | Value | 95% | n |', '|--:|:--|:--|--:|--:|--:|', ...rows].join('\n') + '\n';
}

/** What a point stands for, in words: `Counting, RL, layer 7`. */
export function pointName(model: ProbeModel, curve: Curve, depth: number): string {
  return `${curveName(model, curve)}, layer ${depth}`;
}

/** What was done to the model there. */
export function whatWasDone(curve: Curve, depth: number): string {
  switch (curve.variant) {
    case 'from':
      return `visual tokens swapped from layer ${depth} onward`;
    case 'only':
      return `visual tokens swapped in layer ${depth} only`;
    default:
      return `layer ${depth} skipped${curve.variant === 'layer' ? '' : ` (${PART_NAMES[curve.variant]})`}`;
  }
}
