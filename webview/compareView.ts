/** A comparison: head, regions, figures, table, detail and files, kept in step with the view's state. */
import { layersCsv, tensorsCsv } from '../src/protocol/csv.js';
import type { PanelContext } from './context.js';
import { createDetail } from './detail/tensorDetail.js';
import { h, replace, reveal } from './dom.js';
import { heatmapSvg } from './exporters/heatmapSvg.js';
import { linesSvg, type Drawing } from './exporters/linesSvg.js';
import { menuButton } from './exporters/menu.js';
import { PAPER } from './exporters/palette.js';
import { drawingPng } from './exporters/png.js';
import { layersMarkdown, regionsMarkdown } from './exporters/tables.js';
import { createLayerFigure } from './figure/layerFigure.js';
import { describeFigure } from './figure/series.js';
import { fileDifferences } from './files/files.js';
import { createHeatMap } from './heatmap/heatmap.js';
import { dropdown, segmented } from './kit.js';
import { missing, provenance, stageChips, summary, warnings } from './overview/overview.js';
import { ENERGY_OVER_TEXT, formatMeasure, measureLabel, METRIC_TEXT, RELATIVE_OVER_TEXT } from './state/measure.js';
import { indexResult, type Model } from './state/model.js';
import {
  ENERGY_OVER,
  METRICS,
  RELATIVE_OVER,
  type EnergyOver,
  type Metric,
  type Part,
  type RelativeOver,
  type ViewState,
} from './state/view.js';
import { createTensorTable } from './table/tensorTable.js';
import type { Theme } from './theme.js';
import type { CompareResult } from '../src/protocol/engineApi.js';

export interface CompareView {
  element: HTMLElement;
  show(title: string, result: CompareResult): void;
  /** Brings a depth, and perhaps one tensor of it, into view. */
  focus(depth: number | null, tensor: string | null): void;
  dispose(): void;
}

/** Of the exported layer figure, in pixels. */
const LAYER_SIZE = { width: 960, height: 406 };

export function createCompareView(context: PanelContext): CompareView {
  let model: Model | null = null;
  let title = '';

  const figure = createLayerFigure(context);
  const heat = createHeatMap(context);
  const table = createTensorTable(context);
  const detail = createDetail(context);

  const metricHelp = h('span', { class: 'help-slot' });
  const metric = dropdown<Metric>({
    label: 'Metric',
    testId: 'metric',
    choices: METRICS.map((value) => ({ value, label: METRIC_TEXT[value].label })),
    value: context.view.get().metric,
    onChange: (value) => context.view.set({ metric: value }),
    after: metricHelp,
  });
  const energyOver = dropdown<EnergyOver>({
    label: 'Aggregate over matrices',
    testId: 'energy-over',
    choices: ENERGY_OVER.map((value) => ({ value, label: ENERGY_OVER_TEXT[value] })),
    value: context.view.get().energyOver,
    onChange: (value) => context.view.set({ energyOver: value }),
  });
  const relativeOver = dropdown<RelativeOver>({
    label: 'Aggregate over matrices',
    testId: 'relative-over',
    choices: RELATIVE_OVER.map((value) => ({ value, label: RELATIVE_OVER_TEXT[value] })),
    value: context.view.get().relativeOver,
    onChange: (value) => context.view.set({ relativeOver: value }),
  });
  const part = dropdown<Part>({
    label: 'Weights',
    testId: 'part',
    choices: [{ value: 'all', label: 'All' }],
    value: 'all',
    onChange: (value) => context.view.set({ part: value }),
  });
  const scale = segmented<'linear' | 'log'>({
    label: 'Scale',
    testId: 'scale',
    choices: [
      { value: 'linear', label: 'Linear' },
      { value: 'log', label: 'Log' },
    ],
    value: context.view.get().scale,
    onChange: (value) => context.view.set({ scale: value }),
  });
  const axes = segmented<'own' | 'shared'>({
    label: 'Y axes',
    testId: 'axes',
    choices: [
      { value: 'own', label: 'Own', title: 'Each update on an axis of its own' },
      { value: 'shared', label: 'Shared', title: 'All updates on one axis' },
    ],
    value: context.view.get().axes,
    onChange: (value) => context.view.set({ axes: value }),
  });

  const top = h('div', { class: 'top' });
  const notices = h('div', { class: 'overview' });
  const regions = h('div', { class: 'block' });
  const files = h('div', {});
  const foot = h('div', {});
  const tensors = h('div', { class: 'tensors' }, table.element, detail.element);
  const element = h(
    'div',
    { class: 'compare', 'data-testid': 'compare' },
    top,
    notices,
    h(
      'section',
      { class: 'block', 'aria-label': 'Figures' },
      h(
        'div',
        { class: 'toolbar figure-toolbar', role: 'toolbar', 'aria-label': 'What the figures show' },
        metric.element,
        energyOver.element,
        relativeOver.element,
        part.element,
        scale.element,
        axes.element,
      ),
      h(
        'div',
        { class: 'figures' },
        h(
          'section',
          { class: 'card', 'aria-label': 'Update by layer' },
          h('h2', {}, 'Update by layer'),
          figure.element,
        ),
        h('section', { class: 'card', 'aria-label': 'By tensor kind' }, h('h2', {}, 'By tensor kind'), heat.element),
      ),
    ),
    regions,
    h('section', { class: 'block', 'aria-label': 'All tensors' }, h('h2', {}, 'Tensors'), tensors),
    files,
    foot,
  );

  const caption = (): string => {
    if (model === null) return '';
    const { cuts, provenance: from } = model.result;
    const regions = model.result.regions.length > 0 ? ` · regions cut at layers ${cuts[0]} and ${cuts[1]}` : '';
    return `${model.deltas.map((name) => name.full).join(', ')}${regions} · run ${from.runId}`;
  };
  const fileName = (what: string, ending: string): string => {
    const labels = model?.result.stages.map((stage) => stage.label).join('-') ?? 'comparison';
    return `${labels.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80)}-${what}.${ending}`;
  };
  const save = async (name: string, content: string | ArrayBuffer): Promise<void> => {
    if ((await context.ask(context.host.save({ suggestedName: name, content }))) === true)
      context.announce(`Saved ${name}.`);
  };
  const copy = async (text: string, what: string): Promise<void> => {
    await context.ask(context.host.copy({ text }));
    context.announce(`${what} copied.`);
  };
  const figureDrawing = (theme: Theme): Drawing | null => {
    const drawn = figure.current();
    if (drawn === null || model === null) return null;
    const words = {
      title: `${title}: ${drawn.title}`,
      description: describeFigure(model, drawn),
      caption: caption(),
    };
    return linesSvg([drawn], words, theme, LAYER_SIZE);
  };
  const heatDrawing = (theme: Theme): Drawing | null => {
    const drawn = heat.current();
    if (drawn === null || model === null) return null;
    const label = measureLabel(drawn.choice);
    const name = `${title}: ${label} by tensor kind, ${model.deltas[drawn.delta]?.full ?? ''}`;
    const legend = { label, format: (value: number) => formatMeasure(drawn.choice, value) };
    return heatmapSvg(drawn.grid, legend, drawn.style, { title: name, description: name, caption: caption() }, theme);
  };
  const savePng = (what: string, drawn: Drawing | null) => {
    if (drawn !== null)
      void context.ask(drawingPng(drawn)).then((bytes) => bytes && save(fileName(what, 'png'), bytes));
  };

  const entries = [
    { heading: 'Numbers' },
    {
      label: 'Tensors as CSV…',
      testId: 'export-tensors-csv',
      run: () => model !== null && void save(fileName('tensors', 'csv'), tensorsCsv(model.result)),
    },
    {
      label: 'Layers as CSV…',
      testId: 'export-layers-csv',
      run: () => model !== null && void save(fileName('layers', 'csv'), layersCsv(model.result)),
    },
    {
      label: 'Result as JSON…',
      testId: 'export-json',
      run: () => model !== null && void save(fileName('compare', 'json'), `${JSON.stringify(model.result, null, 1)}\n`),
    },
    { heading: 'Update by layer' },
    {
      label: 'Layer figure as SVG…',
      testId: 'export-layer-svg',
      run: () => {
        const drawn = figureDrawing(PAPER);
        if (drawn !== null) void save(fileName('layers', 'svg'), drawn.svg);
      },
    },
    {
      label: 'Layer figure as PNG…',
      testId: 'export-layer-png',
      run: () => savePng('layers', figureDrawing(context.theme.now())),
    },
    { heading: 'By tensor kind' },
    {
      label: 'Heat map as SVG…',
      testId: 'export-heat-svg',
      run: () => {
        const drawn = heatDrawing(PAPER);
        if (drawn !== null) void save(fileName('kinds', 'svg'), drawn.svg);
      },
    },
    {
      label: 'Heat map as PNG…',
      testId: 'export-heat-png',
      run: () => savePng('kinds', heatDrawing(context.theme.now())),
    },
    { heading: 'Copy' },
    {
      label: 'Regions as Markdown',
      testId: 'copy-regions-md',
      run: () => model !== null && void copy(regionsMarkdown(model), 'Regions'),
    },
    {
      label: 'Layers as Markdown',
      testId: 'copy-layers-md',
      run: () => model !== null && void copy(layersMarkdown(model), 'Layers'),
    },
    {
      label: 'Table rows in view as CSV',
      testId: 'copy-rows-csv',
      run: () => model !== null && void copy(tensorsCsv(model.result, table.current()), 'Rows'),
    },
  ];
  const exporter = menuButton({ label: 'Export', testId: 'export', entries });

  function showControls(view: ViewState): void {
    metric.set(view.metric);
    energyOver.set(view.energyOver);
    relativeOver.set(view.relativeOver);
    part.set(view.part);
    scale.set(view.scale);
    axes.set(view.axes);
    energyOver.element.hidden = view.metric !== 'energy';
    relativeOver.element.hidden = view.metric !== 'relative';
    if (metricHelp.dataset['for'] !== view.metric) {
      metricHelp.dataset['for'] = view.metric;
      replace(metricHelp, context.tooltip.help(METRIC_TEXT[view.metric].help));
    }
  }

  function render(view: ViewState): void {
    if (model === null) return;
    showControls(view);
    figure.show(model, view);
    heat.show(model, view);
    detail.show(model, view);
    tensors.classList.toggle('with-detail', !detail.element.hidden);
    table.show(model, view);
  }

  const stop = context.view.subscribe((now, before) => {
    const opened = now.tensor !== null && now.tensor !== before.tensor;
    render(now);
    if (opened && model?.byName.has(now.tensor ?? '') === true) reveal(detail.element);
  });

  return {
    element,
    show(nextTitle, result) {
      const next = indexResult(result);
      title = nextTitle;
      model = next;
      // Choices that came from another comparison may name what this one does not have.
      const view = context.view.get();
      const patch: Partial<ViewState> = {};
      if (view.depth !== null && !next.layers.has(view.depth)) Object.assign(patch, { depth: null, depthOnly: false });
      if (view.tensor !== null && !next.byName.has(view.tensor)) patch.tensor = null;
      const parts = new Set(
        result.layers.flatMap((layer) =>
          Object.entries(layer.components).flatMap(([name, own]) => (own.weights > 0 ? [name as Part] : [])),
        ),
      );
      if (view.part !== 'all' && !parts.has(view.part)) patch.part = 'all';
      context.view.set(patch);
      const now = context.view.get();
      part.setChoices(
        [
          { value: 'all', label: 'All' },
          ...[...parts].map((value) => ({
            value,
            label: value === 'mlp' ? 'MLP' : value.charAt(0).toUpperCase() + value.slice(1),
          })),
        ],
        now.part,
      );
      part.element.hidden = parts.size < 2;
      axes.element.hidden = next.deltas.length < 2;
      replace(top, h('div', { class: 'title-row' }, h('h1', {}, title), exporter), stageChips(result.stages));
      replace(notices, warnings(context, next), missing(context, next));
      replace(regions, summary(context, next));
      replace(files, fileDifferences(context, next));
      replace(foot, provenance(result));
      render(now);
    },
    focus(depth, tensor) {
      const own = tensor === null ? undefined : model?.byName.get(tensor);
      const at = depth ?? own?.depth ?? null;
      context.view.set({
        depth: at,
        depthOnly: at !== null,
        tensor: own?.name ?? null,
        query: '',
        section: 'all',
        component: 'all',
      });
      reveal(own === undefined ? figure.element : table.element);
    },
    dispose() {
      stop();
      figure.dispose();
      heat.dispose();
      table.dispose();
    },
  };
}
