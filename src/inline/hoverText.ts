/** The text of hovers and pinned figures. Names from model files are escaped; links carry encoded arguments only. */
import type { LayerResult, SpectrumResult, TensorResult } from '../protocol/engineApi.js';
import { floorRatio } from '../protocol/floor.js';
import { escapeMarkdown, shortened } from '../services/markdown.js';
import { CHART_WIDTH, chartUri, layerChart, type ThemeKind } from './chart.js';
import { formatFloorRatio, formatNumber, formatFraction } from '../protocol/numbers.js';
import { isNearFloor, type AnyDelta, type FigureOptions } from './figures.js';
import { layerName, type Lookup } from './lookup.js';
import { layerCurves, spectrumChart, tensorCurves, type SparkCurve } from './sparkline.js';

/** Where a link leads. */
export interface InlineTarget {
  /** The document it is in. */
  uri: string;
  line: number;
  /** Folder of the checkpoint. */
  folder: string;
  depth: number | null;
  tensor: string | null;
  /** Leads to the localization, not to the comparison. */
  probe?: true;
}

export interface HoverOptions extends FigureOptions {
  theme: ThemeKind;
  /** Of the same stages, where there is one on disk. */
  spectra?: SpectrumResult | undefined;
}

export function tensorHover(lookup: Lookup, tensor: TensorResult, target: InlineTarget, options: HoverOptions): string {
  const { section, component, region, shape, layer } = tensor;
  const location = [section, layer === null ? null : `layer ${layer}`, component, region]
    .filter((word) => word !== null)
    .join(' · ');
  return [
    `**${escapeMarkdown(shortened(tensor.name, 100))}**`,
    `${escapeMarkdown(`${location} · ${tensor.dtypes[lookup.stage] ?? ''} · ${shape.join(' × ')}`)} · ` +
      `${links(target, ['pin', 'open'])}`,
    deltaTable(lookup, tensor.deltas),
    ...floorNote(tensor.deltas, options),
    ...charts(
      lookup,
      target.depth,
      options.spectra === undefined ? [] : tensorCurves(options.spectra, tensor.name),
      options,
    ),
  ].join('\n\n');
}

export function layerHover(lookup: Lookup, layer: LayerResult, target: InlineTarget, options: HoverOptions): string {
  return [
    `**${layerName(layer)}** · ${layer.weights} weights, ${layer.tensors} tensors · ${links(target, ['open'])}`,
    deltaTable(lookup, layer.deltas),
    componentTable(lookup, layer),
    ...floorNote(layer.deltas, options),
    ...charts(
      lookup,
      layer.depth,
      options.spectra === undefined ? [] : layerCurves(options.spectra, layer.depth),
      options,
    ),
  ].join('\n\n');
}

/** The figure of the whole model, where no single layer is meant. */
export function modelHover(
  lookup: Lookup,
  heading: string,
  deltas: readonly (AnyDelta | null)[],
  target: InlineTarget,
  options: HoverOptions,
): string {
  return [
    `**${heading}** · ${links(target, ['open'])}`,
    deltaTable(lookup, deltas),
    ...floorNote(deltas, options),
    ...charts(lookup, null, [], options),
  ].join('\n\n');
}

/**
 * After the numbers, which a hover's height must not cut. Both charts are in one paragraph: beside each other where
 * there is room, as in a pinned comment. Their size is told, since a pin measures itself before it has loaded them.
 */
function charts(
  lookup: Lookup,
  depth: number | null,
  curves: readonly SparkCurve[],
  { theme }: HoverOptions,
): string[] {
  const images = [
    image('Relative update per layer, with the rounding floor', layerChart(lookup.result, { theme, depth })),
    curves.length === 0 ? '' : image('Singular values by rank, with the rounding floor', spectrumChart(curves, theme)),
  ].filter((text) => text !== '');
  return images.length === 0 ? [] : [images.join(' ')];
}

function image(alt: string, svg: string): string {
  const uri = chartUri(svg);
  const height = /height="(\d+)"/.exec(svg)?.[1] ?? '';
  return uri === undefined ? '' : `![${alt}](${uri}|width=${CHART_WIDTH},height=${height})`;
}

/** A row per update: hovers and comment threads are wide and low. */
function deltaTable(lookup: Lookup, deltas: readonly (AnyDelta | null)[]): string {
  const cells = (delta: AnyDelta) => [
    formatNumber(delta.relative),
    formatNumber(delta.fro),
    formatFloorRatio(floorRatio(delta)),
    formatFraction(delta.changed),
    delta.cosine === null ? '–' : delta.cosine.toFixed(6),
    formatNumber(delta.maxAbs),
  ];
  const head = ['‖Δ‖ / ‖W‖', '‖Δ‖', '× floor', 'changed', 'cosine', 'max abs. Δ'];
  return table(
    head,
    deltas.map((delta, from) => [updateName(lookup, from), ...(delta === null ? head.map(() => '–') : cells(delta))]),
  );
}

function componentTable(lookup: Lookup, layer: LayerResult): string {
  const components = Object.entries(layer.components).filter(([, aggregate]) => aggregate.weights > 0);
  if (components.length === 0) return '';
  const row = (from: number) =>
    components.map(([, aggregate]) => formatNumber(aggregate.deltas[from]?.relative ?? null));
  return table(
    components.map(([component]) => escapeMarkdown(component)),
    layer.deltas.map((_, from) => [updateName(lookup, from), ...row(from)]),
  );
}

function updateName(lookup: Lookup, from: number): string {
  return escapeMarkdown(`Δ${shortened(lookup.label(from), 24)}`);
}

/** `head` lacks the first column's, which says itself. Cells are Markdown; columns would touch without a wide space. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [
    `| | ${head.map((name) => `&emsp;${name}`).join(' | ')} |`,
    `|:--|${head.map(() => '--:|').join('')}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n');
}

function floorNote(deltas: readonly (AnyDelta | null)[], { roundingFloorWarnings }: FigureOptions): string[] {
  const near = deltas.some((delta) => delta !== null && delta.changed !== 0 && isNearFloor(delta));
  return roundingFloorWarnings && near
    ? ['Near the rounding floor: much of this difference may come from storing the weights, not from training.']
    : [];
}

const LINKS = {
  pin: { text: 'Pin', title: 'Keep this figure between the lines', command: 'frankenstein.inline.pin' },
  open: { text: 'Open', title: 'Show it in the panel', command: 'frankenstein.inline.open' },
};

/** The commands a hover may run, and no others. */
export const HOVER_COMMANDS = Object.values(LINKS).map(({ command }) => command);

function links(target: InlineTarget, which: (keyof typeof LINKS)[]): string {
  return which
    .map(
      (name) =>
        `[${LINKS[name].text}](command:${LINKS[name].command}?${encodeArguments([target])} "${LINKS[name].title}")`,
    )
    .join(' · ');
}

/** `encodeURIComponent` leaves brackets and quotes alone, which would end a Markdown link early. */
export function encodeArguments(args: readonly unknown[]): string {
  return encodeURIComponent(JSON.stringify(args)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
