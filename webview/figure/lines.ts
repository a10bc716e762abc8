/**
 * A figure of lines as data: what is drawn on screen and in exports, read out, and listed in tables. A comparison draws
 * layers against norms, probes layers against fractions, spectra layers or ranks against rank metrics. No DOM.
 */
import type { Region } from '../../src/protocol/engineApi.js';
import type { Axis } from './axis.js';
import type { SectionSpan } from './sections.js';

export interface LinePoint {
  x: number;
  /** Null breaks the line. */
  value: number | null;
  /** An interval, or a range; null where there is none. */
  low: number | null;
  high: number | null;
  /** Drawn hollow: the number says little by itself. */
  hollow?: boolean | undefined;
  /** Another part of the model begins here: no line leads to this point from the one before it. */
  starts?: boolean | undefined;
}

export interface LineSeries {
  key: string;
  name: string;
  /** Colour and marker say one thing, the dash another: either is enough without colour. Indices into the marks. */
  colour: number;
  marker: number;
  dash: number;
  /** Thinner and without markers: what stands beside the main lines. */
  light?: boolean | undefined;
  points: readonly LinePoint[];
  /** Index into the figure's axes; the first when left out. */
  axis?: number | undefined;
  /** Where the line would be if nothing had been done; dotted, across the whole width. */
  baseline: { value: number; low: number; high: number } | null;
}

/**
 * A zone behind the lines with a dotted middle: what noise alone would give. Without low and high, the middle alone.
 */
export interface LineZone {
  key: string;
  colour: number;
  axis?: number | undefined;
  points: readonly LinePoint[];
}

export interface LineAxis extends Axis {
  /** Quantity and unit. */
  label: string;
  side: 'left' | 'right';
  /** The colour of the only line that belongs to it; null for an axis of all. */
  colour: number | null;
}

export interface XAxis {
  from: number;
  to: number;
  log: boolean;
  title: string;
  /** Ticks for a width that holds about `count` labels. */
  ticks(count: number): { value: number; label: string }[];
}

export interface LineFigure {
  title: string;
  /** The quantity that is shown, with its unit. */
  label: string;
  axes: readonly LineAxis[];
  x: XAxis;
  regions: readonly { region: Region; from: number; to: number }[];
  /** Parts of the model under the axis. */
  sections: readonly SectionSpan[];
  series: readonly LineSeries[];
  zones: readonly LineZone[];
  /** Where a line was begun again: dashed, from top to bottom. */
  seams?: readonly { x: number; colour: number }[] | undefined;
  /** What the zones are, and what a hollow point means, for legends. */
  zoneName?: string | undefined;
  hollowName?: string | undefined;
}

/** A point of one line. */
export interface LinePosition {
  x: number;
  key: string;
}

/**
 * The lines whose bands are drawn: the only one that has any, or the current one. Several bands over each other
 * cannot be told apart.
 */
export function bandedSeries<S extends Pick<LineSeries, 'key' | 'points'>>(
  series: readonly S[],
  current: LinePosition | null,
): S[] {
  const banded = series.filter(({ points }) => points.some(({ low, high }) => low !== null && high !== null));
  return banded.length === 1 ? banded : banded.filter(({ key }) => key === current?.key);
}

/** Every x that some line has a value at, ascending. */
export function positionsOf(series: readonly Pick<LineSeries, 'points'>[]): number[] {
  return [
    ...new Set(series.flatMap((one) => one.points.flatMap((point) => (point.value === null ? [] : [point.x])))),
  ].sort((a, b) => a - b);
}

export function pointAt(series: Pick<LineSeries, 'points'> | undefined, x: number): LinePoint | null {
  const point = series?.points.find((one) => one.x === x);
  return point === undefined || point.value === null ? null : point;
}

/** One vertical axis for all lines. */
export function soleAxis(axis: Axis, label: string): LineAxis[] {
  return [{ ...axis, label, side: 'left', colour: null }];
}

/** Inside the axis: a log axis has no zero, and a band may reach beyond what is drawn. */
export function onAxis(axis: Axis, value: number): number {
  return Math.max(axis.min, Math.min(axis.max, value));
}

/** Stretches of points without a gap. */
export function stretchesOf<P extends Pick<LinePoint, 'value' | 'starts'>>(points: readonly P[]): P[][] {
  const runs: P[][] = [];
  let open = false;
  for (const point of points) {
    if (point.value === null) open = false;
    else if (open && point.starts !== true) runs.at(-1)!.push(point);
    else {
      runs.push([point]);
      open = true;
    }
  }
  return runs;
}

/** Points of one line, with a gap where another part of the model begins. */
export function broken<P extends Pick<LinePoint, 'starts'>, T>(
  { points }: { points: readonly P[] },
  at: (point: P) => T | null,
): (T | null)[] {
  return points.flatMap((point) => (point.starts === true ? [null, at(point)] : [at(point)]));
}
