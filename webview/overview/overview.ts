/** The head of the panel: what was compared, what deserves a warning, and the regions at a glance. */
import type { Aggregate, CompareResult, StageSummary } from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import type { PanelContext } from '../context.js';
import { roleBadge, type NamedStage } from '../deltas.js';
import { h, type Child } from '../dom.js';
import { summaryRows } from '../exporters/tables.js';
import { swatch } from '../figure/swatch.js';
import {
  formatBytes,
  formatCosine,
  formatCount,
  formatNumber,
  formatShape,
  formatShare,
  formatFloorRatio,
  plural,
} from '../format.js';
import { icon } from '../icons.js';
import { floorLevel, FLOOR_HELP, LEVEL_TEXT, METRIC_TEXT } from '../state/measure.js';
import type { Model } from '../state/model.js';
import { readUpdate } from './reading.js';

/** What a stage is in its lineage, as a badge. */
function roleOf(stage: NamedStage): HTMLElement | null {
  const role = roleBadge(stage);
  return role === null ? null : h('span', { class: 'badge', 'data-testid': 'role' }, role);
}

export function stageChips(stages: readonly StageSummary[]): HTMLElement {
  const chips: Child[] = [];
  stages.forEach((stage, index) => {
    if (index > 0) chips.push(h('li', { class: 'stage-arrow', 'aria-hidden': 'true' }, icon('arrow')));
    chips.push(
      h(
        'li',
        {
          class: 'stage',
          title: `${stage.path}\n${stage.family}, ${plural(stage.layers, 'language layer')}${stage.visionLayers > 0 ? `, ${plural(stage.visionLayers, 'vision block')}` : ''}\n${formatBytes(stage.bytes)}`,
          'data-testid': `stage-${index}`,
        },
        h('strong', {}, stage.label),
        roleOf(stage),
        h('span', { class: 'muted' }, `${stage.dtype} · ${formatCount(stage.parameters)}`),
      ),
    );
  });
  return h('ol', { class: 'stages', 'aria-label': 'Stages' }, ...chips);
}

/** A part that folds; the user's choice is remembered under `id`. */
export function folding(
  context: PanelContext,
  options: { id: string; title: Child[]; open: boolean; class?: string },
  ...content: Child[]
): HTMLElement {
  const remembered = context.view.get().open[options.id];
  const node = h(
    'details',
    { class: `folding ${options.class ?? ''}`, open: remembered ?? options.open, 'data-testid': options.id },
    h('summary', {}, icon('chevron'), ...options.title),
    ...content,
  );
  node.addEventListener('toggle', () => {
    const { open } = context.view.get();
    if ((open[options.id] ?? options.open) !== node.open)
      context.view.set({ open: { ...open, [options.id]: node.open } });
  });
  return node;
}

export function warnings(context: PanelContext, model: Model): HTMLElement | null {
  const { warnings: list } = model.result;
  if (list.length === 0) return null;
  return folding(
    context,
    {
      id: 'warnings',
      open: list.length <= 2,
      class: 'warnings',
      title: [icon('warning'), plural(list.length, 'warning')],
    },
    h('ul', {}, ...list.map((text) => h('li', {}, text))),
  );
}

const MISSING_SHOWN = 200;

export function missing(context: PanelContext, model: Model): HTMLElement | null {
  const { missing: list, stages } = model.result;
  if (list.length === 0) return null;
  const label = (index: number) => stages[index]?.label ?? `stage ${index}`;
  return folding(
    context,
    {
      id: 'missing',
      open: false,
      class: 'missing',
      title: [icon('info'), `${plural(list.length, 'tensor')} without a counterpart`],
    },
    h(
      'ul',
      {},
      ...list
        .slice(0, MISSING_SHOWN)
        .map((tensor) =>
          h(
            'li',
            {},
            h('code', {}, tensor.name),
            ' ',
            h(
              'span',
              { class: 'muted' },
              tensor.absentIn.length > 0
                ? `absent in ${tensor.absentIn.map(label).join(', ')}. `
                : `${tensor.shapes.map((shape, index) => `${label(index)} ${shape === null ? 'absent' : formatShape(shape)}`).join(', ')}. `,
              tensor.reason,
            ),
          ),
        ),
      list.length > MISSING_SHOWN
        ? h('li', { class: 'muted' }, `… and ${list.length - MISSING_SHOWN} more, in the exported JSON.`)
        : null,
    ),
  );
}

/** One card per update: its parts, with bars, and what they say. */
export function summary(context: PanelContext, model: Model): HTMLElement {
  const rows = summaryRows(model);
  const cards = model.deltas.map((name) => {
    const relatives = rows.map((row) => row.aggregate.deltas[name.index]?.relative ?? 0);
    const most = Math.max(...relatives, 0);
    return h(
      'section',
      { class: `card series-${name.index % 4}`, 'aria-label': name.full, 'data-testid': `summary-${name.index}` },
      h(
        'h3',
        {},
        swatch(name.index),
        h('span', {}, name.short),
        h('span', { class: 'muted stage-pair' }, `${name.from} → ${name.to}`),
      ),
      h('p', { class: 'reading' }, readUpdate(model, name.index)),
      h(
        'table',
        { class: 'summary' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Part')),
            h('th', { scope: 'col', class: 'numeric' }, '‖Δ‖', context.tooltip.help(METRIC_TEXT.energy.help)),
            h(
              'th',
              { scope: 'col', class: 'numeric wide-2' },
              'relative',
              context.tooltip.help(METRIC_TEXT.relative.help),
            ),
            h('th', { scope: 'col', class: 'numeric' }, 'changed', context.tooltip.help(METRIC_TEXT.changed.help)),
            h('th', { scope: 'col', class: 'numeric' }, '× floor', context.tooltip.help(FLOOR_HELP)),
          ),
        ),
        h(
          'tbody',
          {},
          ...rows.map((row, index) => summaryRow(row, name.index, most === 0 ? 0 : (relatives[index] ?? 0) / most)),
        ),
      ),
    );
  });
  return h('div', { class: 'cards', 'data-testid': 'summary' }, ...cards);
}

function summaryRow(
  row: { id: string; name: string; detail: string; aggregate: Aggregate },
  index: number,
  share: number,
): HTMLElement {
  const delta = row.aggregate.deltas[index];
  const level = floorLevel(delta);
  const cosine =
    delta === null || delta === undefined
      ? ''
      : `cosine ${formatCosine(delta.cosine)}, max |Δ| ${formatNumber(delta.maxAbs)}`;
  const bar = h(
    'span',
    { class: 'bar', 'aria-hidden': 'true' },
    h('span', {
      class: level === 'clear' || level === 'unknown' ? 'bar-fill' : 'bar-fill hollow',
      style: { width: `${(share * 100).toFixed(1)}%` },
    }),
  );
  return h(
    'tr',
    {
      'data-part': row.id,
      title: `${plural(row.aggregate.weights, 'weight')}, ${formatCount(row.aggregate.parameters)} parameters${cosine === '' ? '' : `\n${cosine}`}`,
    },
    h(
      'th',
      { scope: 'row' },
      row.name,
      row.detail === '' ? null : h('span', { class: 'muted part-detail' }, row.detail),
    ),
    h('td', { class: 'number' }, formatNumber(delta?.fro)),
    h('td', { class: 'number with-bar' }, bar, h('span', { class: 'bar-number' }, formatNumber(delta?.relative))),
    h('td', { class: 'number' }, formatShare(delta?.changed)),
    h(
      'td',
      { class: `number ${level === 'below' || level === 'near' ? 'noisy' : ''}`, title: LEVEL_TEXT[level] },
      formatFloorRatio(floorRatio(delta)),
    ),
  );
}

export function provenance({ provenance: from, cuts }: Pick<CompareResult, 'provenance' | 'cuts'>): HTMLElement {
  const seconds = (Date.parse(from.finishedAt) - Date.parse(from.startedAt)) / 1000;
  const time = Number.isFinite(seconds)
    ? ` in ${seconds < 90 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.round(seconds / 60)} min`}`
    : '';
  return h(
    'footer',
    { class: 'provenance muted', 'data-testid': 'provenance' },
    `Run ${from.runId} · ${finishedText(from)}${time} · cuts ${cuts.join(', ')} · ${versionsText(from)}`,
  );
}

/** `2026-11-30 10:04 UTC`: the same for every reader of an exported figure. */
export function finishedText({ finishedAt }: Provenance): string {
  return `${finishedAt.slice(0, 16).replace('T', ' ')} UTC`;
}

export function versionsText({ engine, onnxruntime }: Provenance): string {
  return `Frankenstein Lab ${engine} · ONNX Runtime ${onnxruntime}`;
}

type Provenance = CompareResult['provenance'];
