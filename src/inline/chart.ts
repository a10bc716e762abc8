/**
 * The small figure of a hover: relative update per layer, one row per update, each with its own scale; the current
 * layer is framed and the rounding floor is a line. An image in Markdown cannot read the theme, so it is told.
 */
import type { CompareResult } from '../protocol/engineApi.js';
import { layerLabel } from '../protocol/layers.js';
import { formatNumber } from '../protocol/numbers.js';
import { updateLabels } from './lookup.js';

export type ThemeKind = 'light' | 'dark' | 'high-contrast-light' | 'high-contrast-dark';

export interface Palette {
  text: string;
  faint: string;
  /** One per update, in order: the panel's own colours of lines in this theme. */
  series: readonly [string, string, string, string];
  region: string;
}

export const PALETTES: Record<ThemeKind, Palette> = {
  light: {
    text: '#3b3b3b',
    faint: '#6a6a6a',
    series: ['#0063d3', '#bc7914', '#652d90', '#388a34'],
    region: '#0000000d',
  },
  dark: {
    text: '#cccccc',
    faint: '#9d9d9d',
    series: ['#59a4f9', '#d18616', '#b180d7', '#89d185'],
    region: '#ffffff0f',
  },
  'high-contrast-light': {
    text: '#000000',
    faint: '#292929',
    series: ['#1a85ff', '#bc7914', '#652d90', '#388a34'],
    region: '#00000012',
  },
  'high-contrast-dark': {
    text: '#ffffff',
    faint: '#ffffff',
    series: ['#59a4f9', '#d18616', '#b180d7', '#89d185'],
    region: '#ffffff1f',
  },
};

/** The colour of an update, by its index. */
export function seriesOf({ series }: Palette, from: number): string {
  return series[from % series.length]!;
}

export const CHART_WIDTH = 460;
/** Two rows and a table fit a hover, which is 250 px high. */
const ROW_HEIGHT = 48;
const ROW_TITLE = 13;
const AXIS = 13;
/** Between the middles of two labels of the axis. */
const LABEL_ROOM = 26;
/** VS Code shows longer data URIs as text. */
const LONGEST_URI = 99_000;

export interface ChartOptions {
  theme: ThemeKind;
  /** Stands out. */
  depth: number | null;
}

export function layerChart(result: CompareResult, { theme, depth }: ChartOptions): string {
  const colours = PALETTES[theme];
  const pairs = result.stages.length - 1;
  const height = pairs * ROW_HEIGHT + AXIS;
  const step = CHART_WIDTH / Math.max(1, result.layers.length);
  const rows = Array.from({ length: pairs }, (_, from) => row(result, from, step, depth, colours));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${CHART_WIDTH}" height="${height}" viewBox="0 0 ` +
      `${CHART_WIDTH} ${height}" font-family="sans-serif" font-size="10">`,
    ...rows,
    axis(result, step, depth, height, colours),
    '</svg>',
  ].join('');
}

/** As Markdown takes it; undefined when a hover could not show it. */
export function chartUri(svg: string): string | undefined {
  const uri = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  return uri.length < LONGEST_URI ? uri : undefined;
}

function row(result: CompareResult, from: number, step: number, depth: number | null, colours: Palette): string {
  const top = from * ROW_HEIGHT;
  const bottom = top + ROW_HEIGHT - 4;
  const room = ROW_HEIGHT - ROW_TITLE - 6;
  const values = result.layers.map((layer) => layer.deltas[from]?.relative ?? 0);
  const highest = Math.max(...values, 0);
  const y = (value: number) => (highest > 0 ? bottom - (room * value) / highest : bottom);
  const width = Math.max(0.8, step - Math.min(1.5, step * 0.25));
  const bars = values.map(
    (value, i) =>
      `<rect x="${round(i * step)}" y="${round(y(value))}" width="${round(width)}" ` +
      `height="${round(bottom - y(value))}"/>`,
  );
  const chosen = result.layers.findIndex((layer) => layer.depth === depth);
  const frame =
    chosen === -1
      ? ''
      : `<rect class="chosen" x="${round(chosen * step - 1)}" y="${top + ROW_TITLE + 0.5}" ` +
        `width="${round(width + 2)}" height="${bottom - top - ROW_TITLE}" fill="none" ` +
        `stroke="${colours.text}"/>`;
  // The floor relative to the weights' own norm, so that it is on the same scale as the bars.
  const floors = result.layers.map((layer, i) => {
    const delta = layer.deltas[from];
    if (!delta || delta.fro === 0 || highest === 0) return '';
    const floor = (values[i]! * delta.floor) / delta.fro;
    return floor > highest * 1.05 ? '' : `M${round(i * step)} ${round(y(floor))}h${round(width)}`;
  });
  const label = escapeXml(`Δ${updateLabels(result.stages)[from]!}`);
  const mid = result.layers.flatMap((layer, i) => (layer.region === 'mid' ? [i] : []));
  const shade =
    mid.length === 0
      ? ''
      : `<rect x="${round(mid[0]! * step)}" y="${top + ROW_TITLE}" width="${round(mid.length * step)}" ` +
        `height="${bottom - top - ROW_TITLE}" fill="${colours.region}"/>`;
  return [
    shade,
    `<text x="0" y="${top + 10}" fill="${colours.text}">${label}</text>`,
    `<text x="${CHART_WIDTH}" y="${top + 10}" text-anchor="end" fill="${colours.faint}">max ` +
      `${formatNumber(highest)}</text>`,
    `<g class="bars" fill="${seriesOf(colours, from)}">${bars.join('')}</g>`,
    `<path d="${floors.join('')}" stroke="${colours.text}" stroke-width="1.2" fill="none"/>`,
    frame,
    `<path d="M0 ${bottom + 0.5}H${CHART_WIDTH}" stroke="${colours.faint}" stroke-width="0.5"/>`,
  ].join('');
}

/**
 * The layers that orient: the ends, the projector, the first of each region, and the current one, which wins its room.
 */
function axis(result: CompareResult, step: number, depth: number | null, height: number, colours: Palette): string {
  const { layers, cuts } = result;
  const marked = new Set([layers[0]?.depth, 0, 1, cuts[0] + 1, cuts[1] + 1, layers.at(-1)?.depth, depth]);
  const current = layers.findIndex((layer) => layer.depth === depth);
  const centre = (i: number) => (i + 0.5) * step;
  let taken = -Infinity;
  const texts = layers.map((layer, i) => {
    const chosen = i === current;
    const crowded = current !== -1 && Math.abs(centre(i) - centre(current)) < LABEL_ROOM;
    if (!marked.has(layer.depth) || (!chosen && (crowded || centre(i) - taken < LABEL_ROOM))) return '';
    taken = centre(i);
    const anchor = i === 0 ? 'start' : i === layers.length - 1 ? 'end' : 'middle';
    const x = i === 0 ? 0 : i === layers.length - 1 ? CHART_WIDTH : centre(i);
    const weight = chosen ? ' font-weight="bold"' : '';
    return (
      `<text x="${round(x)}" y="${height - 2}" text-anchor="${anchor}" ` +
      `fill="${chosen ? colours.text : colours.faint}"${weight}>${layerLabel(layer) ?? ''}</text>`
    );
  });
  return texts.join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Labels come from folder names. Characters XML does not know are left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, '')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
