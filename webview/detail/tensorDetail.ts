/** One tensor closely: what was stored, how each update moved it, how Δ is distributed and where in the matrix it lies. */
import type { TensorDetail, TensorResult } from '../../src/protocol/engineApi.js';
import { floorRatio } from '../../src/protocol/floor.js';
import type { PanelContext } from '../context.js';
import { h, replace } from '../dom.js';
import { formatCosine, formatCount, formatNumber, formatShape, formatShare, formatTimes, plural } from '../format.js';
import { button, segmented } from '../kit.js';
import { floorLevel, LEVEL_TEXT, whyMissing } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { barChart } from './barChart.js';
import { concentration, histogramBars, profileBars } from './bins.js';

export interface DetailPane {
  element: HTMLElement;
  show(model: Model, view: ViewState): void;
}

export function createDetail(context: PanelContext): DetailPane {
  const element = h('section', {
    class: 'detail',
    'aria-label': 'Tensor in detail',
    hidden: true,
    'data-testid': 'detail',
  });
  const charts = h('div', { class: 'detail-charts', 'aria-live': 'off' });
  let shown = '';
  let model: Model | null = null;

  async function load(tensor: TensorResult, from: number): Promise<void> {
    const key = shown;
    if ((tensor.deltas[from] ?? null) === null) {
      replace(charts, h('p', { class: 'note' }, whyMissing(tensor, from, 'fro')));
      return;
    }
    if (tensor.deltas[from]?.changedCount === 0) {
      replace(charts, h('p', { class: 'note' }, 'This update changed no element.'));
      return;
    }
    replace(
      charts,
      h(
        'p',
        { class: 'note', role: 'status' },
        h('span', { class: 'spinner', 'aria-hidden': 'true' }),
        'Reading this tensor…',
      ),
    );
    try {
      const detail = await context.host.tensorDetail({ name: tensor.name, from });
      if (shown === key) replace(charts, ...draw(context, detail, from));
    } catch (error) {
      if (shown !== key) return;
      replace(
        charts,
        h('p', { class: 'field-error', role: 'alert' }, error instanceof Error ? error.message : String(error)),
        button({ label: 'Try again', onClick: () => void load(tensor, from) }),
      );
    }
  }

  return {
    element,
    show(nextModel, view) {
      const tensor = view.tensor === null ? undefined : nextModel.byName.get(view.tensor);
      element.hidden = tensor === undefined;
      if (tensor === undefined) {
        shown = '';
        return;
      }
      const from = Math.min(view.detailDelta, nextModel.deltas.length - 1);
      const key = `${nextModel.result.provenance.runId} ${tensor.name} ${from}`;
      if (key === shown && model === nextModel) return;
      const again = key === shown;
      shown = key;
      model = nextModel;
      replace(element, ...frame(context, nextModel, tensor, from), charts);
      // New cuts leave the tensor as it was.
      if (!again) void load(tensor, from);
    },
  };
}

function frame(context: PanelContext, model: Model, tensor: TensorResult, from: number): (Node | null)[] {
  const { stages } = model.result;
  const close = button({
    kind: 'icon',
    icon: 'close',
    label: 'Close details',
    testId: 'detail-close',
    onClick: () => context.view.set({ tensor: null }),
  });
  const copy = button({
    kind: 'icon',
    icon: 'copy',
    label: 'Copy name',
    onClick: () => {
      void context.ask(context.host.copy({ text: tensor.name }));
      context.announce('Name copied.');
    },
  });
  const place = [
    tensor.depth === null ? null : describeDepth(model, tensor.depth),
    tensor.component === 'mlp' ? 'MLP' : tensor.component,
    formatShape(tensor.shape),
  ];
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  const switcher =
    model.deltas.length < 2
      ? null
      : segmented({
          label: 'Update',
          labelHidden: true,
          testId: 'detail-delta',
          choices: model.deltas.map((name) => ({ value: String(name.index), label: name.short, title: name.full })),
          value: String(from),
          onChange: (value) => context.view.set({ detailDelta: Number(value) }),
        }).element;

  const stored = h(
    'table',
    { class: 'facts' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...['Stage', 'dtype', '‖W‖', 'Name on disk', ''].map((head) =>
          h('th', { scope: 'col', class: head === '‖W‖' ? 'numeric' : '' }, head),
        ),
      ),
    ),
    h(
      'tbody',
      {},
      ...stages.map((stage, index) => {
        const name = tensor.onDisk[index] ?? null;
        return h(
          'tr',
          {},
          h('th', { scope: 'row' }, stage.label),
          h('td', {}, tensor.dtypes[index] ?? '–'),
          h('td', { class: 'numeric' }, formatNumber(tensor.norms[index])),
          h(
            'td',
            { class: 'disk-name', title: name ?? '' },
            name === null ? 'absent' : name === tensor.name ? h('span', { class: 'muted' }, 'same') : name,
          ),
          h(
            'td',
            {},
            name === null
              ? null
              : button({
                  kind: 'icon',
                  icon: 'locate',
                  label: `Show in ${stage.label}`,
                  testId: `reveal-${index}`,
                  onClick: () => void context.ask(context.host.revealTensor({ name: tensor.name, stage: index })),
                }),
          ),
        );
      }),
    ),
  );

  const delta = tensor.deltas[from] ?? null;
  const facts: [string, string, string?][] =
    delta === null
      ? []
      : [
          ['‖Δ‖', formatNumber(delta.fro)],
          ['relative', formatNumber(delta.relative)],
          ['rounding floor', formatNumber(delta.floor)],
          ['× floor', formatTimes(floorRatio(delta)), LEVEL_TEXT[floorLevel(delta)]],
          ['changed', formatShare(delta.changed), `${formatCount(delta.changedCount)} of ${formatCount(elements)}`],
          ['cosine', formatCosine(delta.cosine)],
          ['max |Δ|', formatNumber(delta.maxAbs)],
        ];
  if (delta !== null && delta.nonFinite > 0)
    facts.push(['NaN or infinite', String(delta.nonFinite), 'left out of all sums']);

  return [
    h(
      'header',
      { class: 'detail-head' },
      h('h3', { class: 'detail-name', 'data-testid': 'detail-name' }, tensor.name),
      h('span', { class: 'detail-tools' }, copy, close),
    ),
    h('p', { class: 'muted detail-place' }, place.filter((part) => part !== null).join(' · ')),
    stored,
    h('div', { class: 'detail-switch' }, switcher, h('span', { class: 'muted' }, model.deltas[from]?.full ?? '')),
    h(
      'dl',
      { class: 'fact-list', 'data-testid': 'detail-facts' },
      ...facts.map(([name, value, note]) =>
        h(
          'div',
          {},
          h('dt', {}, name),
          h('dd', { class: 'number' }, value),
          note === undefined ? null : h('dd', { class: 'muted' }, note),
        ),
      ),
    ),
  ];
}

function draw(context: PanelContext, detail: TensorDetail, from: number): Node[] {
  const nodes: Node[] = [
    barChart(context, {
      label: 'Histogram of Δ, counts on a log scale',
      data: histogramBars(detail.histogram),
      series: from,
      testId: 'histogram',
    }),
    h(
      'p',
      { class: 'note' },
      `${formatCount(detail.histogram.zeros)} ${detail.histogram.zeros === 1 ? 'element is' : 'elements are'} exactly unchanged and not drawn.`,
    ),
  ];
  const rows = detail.shape[0] ?? 1;
  const columns = detail.shape.slice(1).reduce((product, size) => product * size, 1);
  const profile = (energies: readonly number[], perBin: number, total: number, what: 'row' | 'column') => {
    if (energies.length < 2) return;
    const share = concentration(energies);
    const pooled = perBin > 1 ? `, ${plural(perBin, what)} per bar` : '';
    nodes.push(
      barChart(context, {
        label: `RMS of Δ per ${what}${pooled}`,
        data: profileBars(energies, perBin, total, what),
        series: from,
        testId: `${what}-energy`,
      }),
      h(
        'p',
        { class: 'note' },
        share === null ? '' : `The strongest tenth of the ${what}s holds ${formatShare(share)} of ‖Δ‖².`,
      ),
    );
  };
  profile(detail.rowEnergy, detail.rowsPerBin, rows, 'row');
  profile(detail.columnEnergy, detail.columnsPerBin, columns, 'column');
  return nodes;
}
