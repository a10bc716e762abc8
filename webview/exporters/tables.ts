/** The result as Markdown, with numbers as shown. No DOM. CSV is `protocol/csv`. */
import type { Aggregate, DeltaAggregate, TensorResult } from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import { REGION_NAMES } from '../figure/regions.js';
import { SECTION_NAMES } from '../figure/sections.js';
import { formatFloorRatio, formatNumber, formatFraction } from '../format.js';
import { measure } from '../state/measure.js';
import { describeDepth, isWeight, type Model } from '../state/model.js';

export function layersMarkdown(model: Model): string {
  return markdownTable(
    model,
    'Layer',
    model.result.layers.map((layer) => [
      `${describeDepth(model, layer.depth)}${layer.region === null ? '' : ` (${REGION_NAMES[layer.region]})`}`,
      layer,
    ]),
  );
}

export function regionsMarkdown(model: Model): string {
  return markdownTable(
    model,
    'Part',
    summaryRows(model).map(({ name, detail, aggregate }) => [detail === '' ? name : `${name} (${detail})`, aggregate]),
  );
}

/**
 * Vision, projector, the regions, and what lies outside; the language model's own total only when it has no regions.
 */
export function summaryRows(model: Model): { id: string; name: string; detail: string; aggregate: Aggregate }[] {
  const { sections, regions } = model.result;
  const section = (id: 'vision' | 'projector' | 'language' | 'other', detail = '') =>
    sections
      .filter((one) => one.section === id)
      .map((one) => ({ id, name: SECTION_NAMES[id], detail, aggregate: one }));
  return [
    ...section('vision', model.visionLayers > 0 ? `blocks 0–${model.visionLayers - 1}` : ''),
    ...section('projector'),
    ...regions.map((one) => ({
      id: one.region,
      name: REGION_NAMES[one.region],
      detail: one.first === one.last ? `layer ${one.first}` : `layers ${one.first}–${one.last}`,
      aggregate: one,
    })),
    ...(regions.length === 0 ? section('language') : []),
    ...outsideLayers(model),
  ];
}

/** Embeddings, head, final norm: language tensors outside the numbered layers, and whatever has no section. */
function outsideLayers(model: Model): { id: string; name: string; detail: string; aggregate: Aggregate }[] {
  const tensors = model.result.tensors.filter(
    (tensor) => tensor.depth === null && (tensor.section === 'language' || tensor.section === 'other'),
  );
  const weights = tensors.filter(isWeight);
  if (weights.length === 0 || model.result.regions.length === 0) return [];
  const deltas = model.deltas.map(({ index }): DeltaAggregate | null => {
    const measured = measure(weights, index);
    return measured === null
      ? null
      : { ...measured, nonFinite: weights.reduce((sum, tensor) => sum + (tensor.deltas[index]?.nonFinite ?? 0), 0) };
  });
  const parameters = tensors.reduce(
    (sum, tensor) => sum + tensor.shape.reduce((product, size) => product * size, 1),
    0,
  );
  return [
    {
      id: 'outside',
      name: 'Outside',
      detail: outsideNames(tensors),
      aggregate: { weights: weights.length, tensors: tensors.length, parameters, deltas },
    },
  ];
}

/** What of the vocabulary's two ends there is: a tied head is the embeddings' own matrix and has no tensor. */
function outsideNames(tensors: readonly TensorResult[]): string {
  const has = (pattern: RegExp) => tensors.some(({ name }) => pattern.test(name));
  return has(/(^|\.)lm_head\./) ? 'embeddings, head' : 'embeddings';
}

function markdownTable(model: Model, first: string, rows: readonly (readonly [string, Aggregate])[]): string {
  const columns: { head: string; cell(delta: DeltaAggregate | null): string }[] = [
    { head: '‖Δ‖', cell: (delta) => formatNumber(delta?.fro) },
    { head: 'relative', cell: (delta) => formatNumber(delta?.relative) },
    { head: 'changed', cell: (delta) => formatFraction(delta?.changed) },
    { head: '× floor', cell: (delta) => formatFloorRatio(floorRatio(delta)) },
  ];
  const head = [first, ...model.deltas.flatMap((name) => columns.map((column) => `${name.short} ${column.head}`))];
  const lines = rows.map(([name, aggregate]) => [
    name,
    ...model.deltas.flatMap(({ index }) => columns.map((column) => column.cell(aggregate.deltas[index] ?? null))),
  ]);
  const row = (cells: readonly string[]) => `| ${cells.map(markdownCell).join(' | ')} |`;
  const caption = model.deltas.map((name) => name.full).join(', ');
  return (
    `${markdownCell(caption)}; cuts ` +
    `${model.result.cuts.join(', ')}\n\n${row(head)}\n|${head.map((_, index) => (index === 0 ? ' --- ' : ' ---: ')).join('|')}|\n${lines.map(row).join('\n')}\n`
  );
}

/** Labels come from users and folders: nothing in them may become markup. */
export function markdownCell(value: string): string {
  return value.replace(/[\\`*_{}[\]<>|#]/g, (mark) => `\\${mark}`).replace(/\s+/g, ' ');
}
