/** Figures of trainings as data: one per series, with a line per run over the steps. No DOM. */
import type { TrainingReading, TrainingRun, TrainingSeries } from '../../src/protocol/engineApi.js';
import { SERIES } from '../../src/protocol/training.js';
import { linearAxis, percentAxis } from '../figure/axis.js';
import { soleAxis, type LineFigure, type LinePoint, type LineSeries } from '../figure/lines.js';
import { formatNumber, formatFraction, plural } from '../format.js';
import { smoothed } from './smooth.js';
import type { TrainingView } from './view.js';

export interface StepPoint extends LinePoint {
  /** As it was logged; `value` may be smoothed. */
  logged: number | null;
}

export interface RunSeries extends LineSeries {
  points: readonly StepPoint[];
  source: string;
}

export interface TrainingFigure extends LineFigure {
  key: string;
  percent: boolean;
  smoothed: boolean;
  series: readonly RunSeries[];
  /** Under the figure: gaps, and points left out. */
  notes: string[];
}

/** In percent: fractions of completions, and of tokens. */
const FRACTIONS = new Set(SERIES.flatMap(({ key, fraction }) => (fraction === true ? [key] : [])));
const ORDER = SERIES.map(({ key }) => key);

/** Not under the trainer's own name. */
const isOurs = (key: string) => ORDER.includes(key) || key.startsWith('reward:');

/** How a run is drawn, by its place among all. */
export function markOfRun(index: number): { colour: number; marker: number; dash: number } {
  return { colour: index, marker: index, dash: index };
}

/** A series that some run has. */
export interface SeriesName {
  key: string;
  label: string;
}

/** Every series once, in the order of the first run that has it; ours, then the others by name. */
export function seriesNames({ runs }: TrainingReading): { ours: SeriesName[]; others: SeriesName[] } {
  const labels = new Map<string, string>();
  for (const { series } of runs) for (const { key, label } of series) if (!labels.has(key)) labels.set(key, label);
  const place = (key: string) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);
  const all = [...labels].map(([key, label]) => ({ key, label }));
  return {
    ours: all.filter(({ key }) => isOurs(key)).sort((a, b) => place(a.key) - place(b.key)),
    others: all.filter(({ key }) => !isOurs(key)).sort((a, b) => a.key.localeCompare(b.key)),
  };
}

export function trainingFigure(
  { runs }: TrainingReading,
  { key, label }: SeriesName,
  { smoothing, hiddenRuns }: Pick<TrainingView, 'smoothing' | 'hiddenRuns'>,
): TrainingFigure {
  const shown = runs.flatMap((run, index) => {
    const series = run.series.find((one) => one.key === key);
    return series === undefined || hiddenRuns.includes(run.name) ? [] : [{ run, index, series }];
  });
  const series = shown.flatMap(({ run, index, series: own }) => linesOf(run, index, own, smoothing));
  const values = series.flatMap(({ points }) => points.flatMap(({ value }) => (value === null ? [] : [value])));
  const steps = shown.flatMap(({ series: own }) => own.points.map(([step]) => step));
  const [from, to] = [steps.reduce((a, b) => Math.min(a, b), Infinity), steps.reduce((a, b) => Math.max(a, b), 0)];
  const percent = FRACTIONS.has(key);
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b), Infinity),
    values.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const axis = linearAxis(values.length === 0 ? [] : [low, high], 4, percent);
  return {
    key,
    percent,
    smoothed: smoothing !== 'none',
    title: label,
    label,
    axes: soleAxis(percent ? percentAxis(axis) : axis, label),
    x: stepAxis(Number.isFinite(from) ? from : 0, to),
    regions: [],
    sections: [],
    series,
    zones: [],
    seams: shown.flatMap(({ run, index }) => run.seams.map((x) => ({ x, colour: markOfRun(index).colour }))),
    notes: notesOf(shown),
  };
}

/** The line of a run, and a thin one of what it logged before a restart that has not come as far yet. */
function linesOf(
  run: TrainingRun,
  index: number,
  own: TrainingSeries,
  smoothing: TrainingView['smoothing'],
): RunSeries[] {
  const old = new Set(own.earlier);
  const line = (earlier: boolean): RunSeries => ({
    key: earlier ? `${run.name}\n` : run.name,
    name: earlier ? `${run.name}, before the restart` : run.name,
    source: own.source,
    ...markOfRun(index),
    ...(earlier && { light: true }),
    points: pointsOf(
      own.points.filter(([step]) => old.has(step) === earlier),
      smoothing,
    ),
    baseline: null,
  });
  return old.size === 0 ? [line(false)] : [line(true), line(false)];
}

function pointsOf(points: TrainingSeries['points'], smoothing: TrainingView['smoothing']): StepPoint[] {
  const values = smoothed(
    points.map(([, value]) => value),
    smoothing,
  );
  return points.map(([x, logged], at) => ({ x, value: values[at]!, logged, low: null, high: null }));
}

function stepAxis(from: number, to: number): LineFigure['x'] {
  const end = to > from ? to : from + 1;
  return {
    from,
    to: end,
    log: false,
    title: 'Step',
    ticks: (count) =>
      linearAxis([from, end], Math.max(2, Math.min(6, count)), false)
        .ticks.filter(({ value }) => value >= from && value <= end && Number.isInteger(value))
        .map(({ value }) => ({ value, label: String(value) })),
  };
}

function notesOf(shown: readonly { run: TrainingRun; series: TrainingSeries }[]): string[] {
  const several = shown.length > 1;
  const of = (run: TrainingRun, text: string) => (several ? `${run.name}: ${text}` : text);
  return shown.flatMap(({ run, series: { gaps, total, points } }) => [
    ...(gaps > 0 ? [of(run, `${plural(gaps, 'gap')} (no number was logged)`)] : []),
    ...(points.length < total ? [of(run, `${points.length} of ${total} points drawn, every peak among them`)] : []),
  ]);
}

/** Which runs were begun again, in sentences. */
export function restarts(runs: readonly TrainingRun[]): string[] {
  return runs.flatMap(({ name, seams }) =>
    seams.length === 0
      ? []
      : [`${name} was restarted at step ${seams.join(', ')} (dashed); what it had logged beyond is thin.`],
  );
}

export function valueText({ percent }: Pick<TrainingFigure, 'percent'>, value: number | null): string {
  return value === null ? 'no number' : percent ? formatFraction(value) : formatNumber(value);
}

/** The figure in a sentence. */
export function describeFigure(figure: TrainingFigure): string {
  const runs = figure.series.filter(({ light }) => light !== true);
  const last = runs.map(({ name, points }) => {
    const point = points.findLast(({ logged }) => logged !== null);
    return point === undefined
      ? `${name} has no number`
      : `${name} ${valueText(figure, point.logged)} at step ${point.x}`;
  });
  return `${figure.label} by step. ${last.length === 0 ? 'Nothing is shown.' : `Last: ${last.join('; ')}.`}`;
}

/** What all lines have at a step, as a sentence. */
export function readStep(figure: TrainingFigure, step: number): string {
  const values = figure.series.flatMap(({ name, points }) => {
    const point = points.find(({ x }) => x === step);
    return point === undefined ? [] : [`${name} ${valueText(figure, point.logged)}`];
  });
  return `Step ${step}: ${values.join(', ')}`;
}
