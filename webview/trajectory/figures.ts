/** The figures of a trajectory as data: layers by steps, and regions over steps. No DOM. */
import type { Against } from '../../src/protocol/engineApi.js';
import { linearAxis, logAxis, percentAxis, roundLayers } from '../figure/axis.js';
import { soleAxis, type LineFigure, type LinePoint, type LineSeries, type LineZone } from '../figure/lines.js';
import { columnsOf, type HeatGrid, type HeatMark } from '../heatmap/grid.js';
import type { HeatStyle } from '../heatmap/paintHeat.js';
import {
  againstText,
  deltasOf,
  floorOfSize,
  layerAt,
  SIZE_NAMES,
  type NamedGroup,
  type TrajectoryModel,
} from './model.js';
import { floorLevel } from '../state/measure.js';
import type { TrajectoryView } from './view.js';

/** What decides how the sizes are drawn. */
export type Drawn = Pick<TrajectoryView, 'size' | 'log' | 'depth'> & { against: Against };

export const STEP_STYLE: HeatStyle = { log: false, rows: { least: 6, most: 18, wanted: 260 }, noise: 'dot' };
/** As wide as two steps apart may be labelled. */
const LABELS = 24;

/** Rows are steps, columns layers. */
export function sizeGrid(model: TrajectoryModel, { size, against }: Drawn): HeatGrid {
  return gridOf(model, (group, step): HeatMark | null => {
    const delta = deltasOf(group, against)[step] ?? null;
    return delta === null ? null : { value: delta[size], level: size === 'changed' ? 'clear' : floorLevel(delta) };
  });
}

/** Sim_K with the last step. A layer near the floor is marked: its directions are mostly rounding. */
export function similarityGrid(model: TrajectoryModel): HeatGrid {
  const grid = gridOf(model, (group, step): HeatMark | null => {
    const value = group.similarity[step] ?? null;
    const delta = group.sinceFirst[step] ?? null;
    return value === null ? null : { value, level: delta === null ? 'unknown' : floorLevel(delta) };
  });
  return { ...grid, range: grid.range === null ? null : { min: 0, max: 1, zero: false } };
}

function gridOf(
  model: TrajectoryModel,
  markOf: (group: NamedGroup['group'], step: number) => HeatMark | null,
): HeatGrid {
  const depths = model.layers.map(({ depth }) => depth);
  const every = Math.max(1, Math.ceil(model.steps.length / LABELS));
  const rows = model.steps.map(({ step, label }, index) => ({
    kind: label,
    label: index % every === 0 || index === model.steps.length - 1 ? String(step) : '',
    group: 'other' as const,
    cells: model.layers.map((layer) => markOf(layer, index)),
  }));
  const marks = rows.flatMap(({ cells }) => cells.filter((cell) => cell !== null));
  const values = marks.flatMap(({ value }) => (value === null || value === 0 ? [] : [value]));
  const noisy = marks.filter(({ value, level }) => value !== 0 && (level === 'below' || level === 'near')).length;
  const zero = marks.some(({ value }) => value === 0);
  return {
    depths,
    rows,
    range:
      values.length === 0
        ? zero
          ? { min: 0, max: 0, zero }
          : null
        : {
            min: values.reduce((least, value) => Math.min(least, value), Infinity),
            max: values.reduce((most, value) => Math.max(most, value), -Infinity),
            zero,
          },
    noisy: noisy === 0 ? 'none' : noisy === values.length ? 'all' : 'some',
    cuts:
      model.result.regions.length === 0
        ? []
        : model.result.cuts.flatMap((cut) => (depths.indexOf(cut + 1) > 0 ? [depths.indexOf(cut + 1)] : [])),
    ...columnsOf(depths, model.visionLayers),
  };
}

/** Regions and sections over steps, the chosen layer among them, each with its rounding floor. */
export function sizeFigure(model: TrajectoryModel, drawn: Drawn, steps = stepsOf(model)): LineFigure {
  const { size, against, log } = drawn;
  const lines = linesOf(model, drawn.depth);
  const valueAt = ({ group }: NamedGroup, index: number) => deltasOf(group, against)[index] ?? null;
  const series = lines.map((line, at): LineSeries =>
    seriesOf(
      model,
      line,
      at,
      (index) => valueAt(line, index)?.[size] ?? null,
      (index) => {
        const delta = valueAt(line, index);
        return delta !== null && size !== 'changed' && ['below', 'near'].includes(floorLevel(delta));
      },
    ),
  );
  const zones = lines.flatMap((line, at): LineZone[] => {
    const points = model.steps.map(({ step }, index): LinePoint => {
      const delta = valueAt(line, index);
      return { x: step, value: delta === null ? null : floorOfSize(delta, size), low: null, high: null };
    });
    return points.some(({ value }) => value !== null) ? [{ key: line.key, colour: at, points }] : [];
  });
  const values = [...series, ...zones].flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
  const axis = log ? logAxis(values) : linearAxis(values);
  return {
    title: `${SIZE_NAMES[size]} ${againstText(model, against)}, by step`,
    label: SIZE_NAMES[size],
    axes: soleAxis(size === 'changed' ? percentAxis(axis) : axis, SIZE_NAMES[size]),
    x: stepAxis(steps),
    regions: [],
    sections: [],
    series,
    zones,
    zoneName: 'rounding floor',
    hollowName: 'under 2× the floor',
  };
}

/** Sim_K over steps, of the same lines. */
export function similarityFigure(model: TrajectoryModel, depth: number | null, steps = stepsOf(model)): LineFigure {
  const { k } = model.result;
  const label = `Sim_${k} with the last step`;
  const series = linesOf(model, depth).map((line, at) => ({
    ...seriesOf(
      model,
      line,
      at,
      (index) => line.group.similarity[index] ?? null,
      () => false,
    ),
    baseline:
      line.group.chance === null ? null : { value: line.group.chance, low: line.group.chance, high: line.group.chance },
  }));
  return {
    title: `${label}, by step`,
    label,
    axes: soleAxis(linearAxis([0, 1]), label),
    x: stepAxis(steps),
    regions: [],
    sections: [],
    series,
    zones: [],
  };
}

/** Stable rank over steps, of the same lines. */
export function rankFigure(model: TrajectoryModel, depth: number | null, steps = stepsOf(model)): LineFigure {
  const label = 'Stable rank of the update';
  const series = linesOf(model, depth).map((line, at) =>
    seriesOf(
      model,
      line,
      at,
      (index) => line.group.stableRank[index] ?? null,
      (index) => {
        const delta = line.group.sinceFirst[index] ?? null;
        return delta !== null && ['below', 'near'].includes(floorLevel(delta));
      },
    ),
  );
  return {
    title: `${label}, by step`,
    label,
    axes: soleAxis(
      linearAxis([0, ...series.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []))]),
      label,
    ),
    x: stepAxis(steps),
    regions: [],
    sections: [],
    series,
    zones: [],
    hollowName: 'under 2× the floor',
  };
}

function linesOf(model: TrajectoryModel, depth: number | null): NamedGroup[] {
  const layer = layerAt(model, depth);
  return [...model.groups, ...(layer === null ? [] : [layer])];
}

function seriesOf(
  { steps }: TrajectoryModel,
  { key, name }: NamedGroup,
  at: number,
  valueAt: (index: number) => number | null,
  isHollow: (index: number) => boolean,
): LineSeries {
  return {
    key,
    name,
    colour: at,
    marker: at,
    dash: at,
    baseline: null,
    points: steps.map(({ step }, index) => ({
      x: step,
      value: valueAt(index),
      low: null,
      high: null,
      hollow: isHollow(index),
    })),
  };
}

/** The checkpoints after the first. */
function stepsOf({ steps }: TrajectoryModel): number[] {
  return steps.map(({ step }) => step);
}

/** @param held the steps that it holds; those are its ticks where they are few */
export function stepAxis(held: readonly number[]): LineFigure['x'] {
  const numbers = [...new Set(held)].sort((a, b) => a - b);
  const [from, to] = [Math.min(...numbers), Math.max(...numbers)];
  const pad = from === to ? 0.5 : 0;
  return {
    from: from - pad,
    to: to + pad,
    log: false,
    title: 'Step',
    ticks: (count) =>
      numbers.length <= count
        ? numbers.map((value) => ({ value, label: String(value) }))
        : spaced(from, to, count).map((value) => ({ value, label: String(value) })),
  };
}

/** Round numbers of steps, of thousands where there are thousands. */
function spaced(from: number, to: number, count: number): number[] {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, to - from))) - 1);
  return roundLayers(Math.ceil(from / unit), Math.floor(to / unit), count).map((tick) => tick * unit);
}
