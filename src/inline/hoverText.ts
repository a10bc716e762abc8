/** The text of hovers and pinned figures. Names from model files are escaped; links carry encoded arguments only. */
import type { LayerResult, TensorResult } from '../protocol/engineApi.js';
import { escapeMarkdown, shortened } from '../services/markdown.js';
import { CHART_WIDTH, chartUri, layerChart, type ThemeKind } from './chart.js';
import { floorRatio, isNearFloor, numberText, ratioText, shareText, type AnyDelta, type FigureOptions } from './figures.js';
import { layerName, type Lookup } from './lookup.js';

/** Where a link leads. */
export interface InlineTarget {
  /** The document it is in. */
  uri: string;
  line: number;
  /** Folder of the checkpoint. */
  folder: string;
  depth: number | null;
  tensor: string | null;
}

export interface HoverOptions extends FigureOptions {
  theme: ThemeKind;
}

export function tensorHover(lookup: Lookup, tensor: TensorResult, target: InlineTarget, options: HoverOptions): string {
  const { section, component, region, shape, layer } = tensor;
  const place = [section, layer === null ? null : `layer ${layer}`, component, region].filter((word) => word !== null).join(' · ');
  return [
    `**${escapeMarkdown(shortened(tensor.name, 100))}**`,
    escapeMarkdown(`${place} · ${tensor.dtypes[lookup.stage] ?? ''} · ${shape.join(' × ')}`),
    chart(lookup, target.depth, options),
    deltaTable(lookup, tensor.deltas),
    ...floorNote(tensor.deltas, options),
    links(target, ['pin', 'open']),
  ].join('\n\n');
}

export function layerHover(lookup: Lookup, layer: LayerResult, target: InlineTarget, options: HoverOptions): string {
  return [
    `**${layerName(layer)}** · depth ${layer.depth} · ${layer.weights} weights, ${layer.tensors} tensors`,
    chart(lookup, layer.depth, options),
    deltaTable(lookup, layer.deltas),
    componentTable(lookup, layer),
    ...floorNote(layer.deltas, options),
    links(target, ['open']),
  ].join('\n\n');
}

/** The figure of the whole model, where no single layer is meant. */
export function modelHover(lookup: Lookup, heading: string, deltas: readonly (AnyDelta | null)[], target: InlineTarget, options: HoverOptions): string {
  return [`**${heading}**`, chart(lookup, null, options), deltaTable(lookup, deltas), ...floorNote(deltas, options), links(target, ['open'])].join('\n\n');
}

function chart(lookup: Lookup, depth: number | null, { theme }: HoverOptions): string {
  const uri = chartUri(layerChart(lookup.result, { theme, depth }));
  return uri === undefined ? '' : `![Relative change per depth, with the rounding floor](${uri}|width=${CHART_WIDTH})`;
}

function deltaTable(lookup: Lookup, deltas: readonly (AnyDelta | null)[]): string {
  const columns = deltas.map((delta, from) => ({ delta, label: `Δ${shortened(lookup.label(from), 24)}` }));
  const row = (name: string, value: (delta: AnyDelta) => string) => `| ${name} | ${columns.map(({ delta }) => (delta === null ? '–' : value(delta))).join(' | ')} |`;
  return [
    `| | ${columns.map(({ label }) => escapeMarkdown(label)).join(' | ')} |`,
    `|:--|${columns.map(() => '--:|').join('')}`,
    row('‖Δ‖ / ‖W‖', (delta) => numberText(delta.relative)),
    row('‖Δ‖', (delta) => numberText(delta.fro)),
    row('× rounding floor', (delta) => {
      const ratio = floorRatio(delta);
      return ratio === null ? '–' : ratioText(ratio);
    }),
    row('changed', (delta) => shareText(delta.changed)),
    row('cosine', (delta) => (delta.cosine === null ? '–' : delta.cosine.toFixed(6))),
    row('max abs. Δ', (delta) => numberText(delta.maxAbs)),
  ].join('\n');
}

function componentTable(lookup: Lookup, layer: LayerResult): string {
  const components = Object.entries(layer.components).filter(([, aggregate]) => aggregate.weights > 0);
  if (components.length === 0) return '';
  const labels = layer.deltas.map((_, from) => escapeMarkdown(`Δ${shortened(lookup.label(from), 24)}`));
  const rows = components.map(([component, aggregate]) => `| ${component} | ${aggregate.deltas.map((delta) => numberText(delta?.relative ?? null)).join(' | ')} |`);
  return [`| ‖Δ‖ / ‖W‖ | ${labels.join(' | ')} |`, `|:--|${labels.map(() => '--:|').join('')}`, ...rows].join('\n');
}

function floorNote(deltas: readonly (AnyDelta | null)[], { noiseFloorWarnings }: FigureOptions): string[] {
  const near = deltas.some((delta) => delta !== null && delta.changed !== 0 && isNearFloor(delta));
  return noiseFloorWarnings && near ? ['Near the rounding floor: much of this difference may come from storing the weights, not from training.'] : [];
}

const LINKS = {
  pin: { text: 'Pin', title: 'Keep this figure between the lines', command: 'frankenstein.inline.pin' },
  open: { text: 'Open', title: 'Show it in the panel', command: 'frankenstein.inline.open' },
};

/** The commands a hover may run, and no others. */
export const HOVER_COMMANDS = Object.values(LINKS).map(({ command }) => command);

function links(target: InlineTarget, which: (keyof typeof LINKS)[]): string {
  return which.map((name) => `[${LINKS[name].text}](command:${LINKS[name].command}?${encodeArguments([target])} "${LINKS[name].title}")`).join(' · ');
}

/** `encodeURIComponent` leaves brackets and quotes alone, which would end a Markdown link early. */
export function encodeArguments(args: readonly unknown[]): string {
  return encodeURIComponent(JSON.stringify(args)).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
