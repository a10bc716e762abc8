/** The layer figure of a comparison: its legend, its lines, and the borders of its regions, dragged or typed. */
import type { PanelContext } from '../context.js';
import { h, keepFocus, replace, setText } from '../dom.js';
import { formatTimes } from '../format.js';
import { button, checkbox, numberField } from '../kit.js';
import { formatMeasure, FLOOR_HELP, LEVEL_TEXT } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { createGrips } from './grips.js';
import { createLineChart } from './lineChart.js';
import { defaultCuts, moveCut, REGION_NAMES } from './regions.js';
import { buildFigure, describeFigure, readPoint, regionsOf, type LayerFigure } from './series.js';
import { floorSwatch, swatch } from './swatch.js';

export interface LayerFigureView {
  element: HTMLElement;
  show(model: Model, view: ViewState): void;
  /** What is drawn now, for export. */
  current(): LayerFigure | null;
  dispose(): void;
}

export function createLayerFigure(context: PanelContext): LayerFigureView {
  const canvas = h('canvas', { 'data-testid': 'layer-canvas', 'aria-hidden': 'true' });
  const stage = h(
    'div',
    {
      class: 'figure-stage',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'layer figure',
      'data-testid': 'layer-figure',
    },
    canvas,
  );
  const legend = h('div', {
    class: 'legend',
    role: 'group',
    'aria-label': 'Updates in the figure',
    'data-testid': 'layer-legend',
  });
  const note = h('p', { class: 'note', hidden: true });
  const midField = numberField({
    label: 'First layer of Mid',
    testId: 'cut-mid',
    onChange: (value) => commitCuts(0, value),
  });
  const lateField = numberField({
    label: 'First layer of Late',
    testId: 'cut-late',
    onChange: (value) => commitCuts(1, value),
  });
  const thirds = button({
    label: 'Thirds',
    title: 'Cut into thirds again',
    testId: 'cut-thirds',
    onClick: () => model !== null && void sendCuts(defaultCuts(model.languageLayers)),
  });
  const cutRow = h(
    'div',
    { class: 'cuts', role: 'group', 'aria-label': 'Regions of the language layers', 'data-testid': 'cuts' },
    h('span', {}, 'Mid from layer', midField.element),
    h('span', {}, 'Late from layer', lateField.element),
    thirds,
  );
  const clickNote = h('p', { class: 'note' }, 'Click a layer to list its tensors.');
  const element = h('div', { class: 'layer-figure' }, legend, stage, note, cutRow, clickNote);

  let model: Model | null = null;
  let view: ViewState | null = null;
  let figure: LayerFigure | null = null;
  /** Cuts under way: dragged, or sent and not yet answered. */
  let draft: [number, number] | null = null;

  const cuts = (): [number, number] => draft ?? model?.result.cuts ?? [0, 0];
  const canCut = () => figure !== null && figure.regions.length > 0 && (model?.languageLayers ?? 0) >= 3;

  const grips = createGrips(context, {
    cuts: () => (canCut() ? cuts() : null),
    onMove: (which, to) => setDraft(moveCut(cuts(), which, to, model!.languageLayers)),
    onDrop: () => draft !== null && void sendCuts(draft),
    onCancel: () => setDraft(null),
  });
  const chart = createLineChart<LayerFigure>(
    context,
    { stage, canvas },
    {
      wholeColumn: true,
      allLines: true,
      apart: true,
      narrow: 520,
      grips,
      describe: (drawn) => `${describeFigure(model!, drawn)} Arrow keys walk the layers, Enter selects.`,
      tooltip: (drawn, at) => tooltipOf(model!, drawn, at.x),
      read: (drawn, at) => readPoint(model!, drawn, at.x),
      onChoose: (at) => select(at === null || (at.x === view?.depth && view.depthOnly) ? null : at.x),
    },
  );

  function select(depth: number | null): void {
    context.view.set(depth === null ? { depth: null, depthOnly: false } : { depth, depthOnly: true });
    if (depth !== null && model !== null)
      context.announce(`Selected ${describeDepth(model, depth)}. The table shows its tensors.`);
    else context.announce('Selection cleared.');
  }

  function setDraft(next: [number, number] | null): void {
    draft = next;
    if (model === null || figure === null) return;
    figure = { ...figure, regions: regionsOf(model, cuts()) };
    showCuts();
    showFigure();
  }

  async function sendCuts(next: [number, number]): Promise<void> {
    const now = model?.result.cuts;
    if (now === undefined || (now[0] === next[0] && now[1] === next[1])) return setDraft(null);
    setDraft(next);
    context.announce(`Mid starts at layer ${next[0]}, Late at layer ${next[1]}.`);
    await context.ask(context.host.setCuts({ cuts: next }));
    // The host shows the new result before it answers; if it refused, the old cuts hold.
    if (draft === next) setDraft(null);
  }

  function commitCuts(which: 0 | 1, value: number): void {
    if (model !== null) void sendCuts(moveCut(cuts(), which, value, model.languageLayers));
  }

  function showCuts(): void {
    if (model === null) return;
    const layers = model.languageLayers;
    const [mid, late] = cuts();
    cutRow.hidden = !canCut();
    midField.set(mid, 1, late - 1);
    lateField.set(late, mid + 1, layers - 1);
    const usual = defaultCuts(layers);
    thirds.hidden = mid === usual[0] && late === usual[1];
  }

  function showFigure(): void {
    const depth = view?.depth ?? null;
    if (figure !== null) chart.show(figure, depth === null ? null : { x: depth, key: '' });
  }

  function showLegend(): void {
    if (model === null || figure === null || view === null) return;
    const drawn = figure;
    const { hidden } = view;
    const all = model.deltas.length;
    const items = model.deltas.map((name) => {
      const series = drawn.series.find(({ delta }) => delta.index === name.index);
      const side = series !== undefined && drawn.axes.length > 1 ? drawn.axes[series.axis ?? 0]!.side : null;
      const words = [
        swatch(name.index),
        h('span', { class: 'legend-name' }, name.full),
        side === null ? null : h('span', { class: 'muted' }, `${side} axis`),
      ];
      if (all < 2) return h('span', { class: 'legend-item' }, ...words);
      const toggle = () => {
        const next = hidden.includes(name.index) ? hidden.filter((one) => one !== name.index) : [...hidden, name.index];
        if (next.length < all) context.view.set({ hidden: next });
      };
      return h(
        'button',
        {
          type: 'button',
          class: 'legend-item',
          'aria-pressed': String(series !== undefined),
          title: series === undefined ? `Show ${name.short}` : `Hide ${name.short}`,
          'data-testid': `legend-${name.index}`,
          on: { click: toggle },
        },
        ...words,
      );
    });
    const floored = view.metric === 'energy' || view.metric === 'relative';
    const floor = !floored
      ? null
      : h(
          'span',
          { class: 'legend-item' },
          checkbox({
            label: 'Rounding floor',
            checked: view.floor,
            testId: 'floor-toggle',
            onChange: (on) => context.view.set({ floor: on }),
          }).element,
          floorSwatch(),
          context.tooltip.help(FLOOR_HELP),
        );
    keepFocus(legend, () => replace(legend, ...items, floor));
  }

  return {
    element,
    show(nextModel, nextView) {
      const before = view;
      const sameModel = model === nextModel;
      const keys = ['metric', 'energyOver', 'relativeOver', 'scale', 'axes', 'part', 'floor', 'hidden'] as const;
      const same = sameModel && before !== null && keys.every((key) => before[key] === nextView[key]);
      if (!sameModel && !grips.blocked()) draft = null;
      model = nextModel;
      view = nextView;
      if (same) return before.depth === nextView.depth ? undefined : showFigure();
      figure = buildFigure(model, view, cuts());
      note.hidden = !figure.zerosOnLog;
      setText(note, '× at the lower edge: exactly unchanged; a log scale has no zero.');
      showCuts();
      showLegend();
      showFigure();
    },
    current: () => figure,
    dispose: () => chart.dispose(),
  };
}

function tooltipOf(model: Model, figure: LayerFigure, depth: number): (Node | null)[] {
  const layer = model.layers.get(depth);
  const region = layer === undefined || layer.region === null ? '' : REGION_NAMES[layer.region];
  const rows = figure.series.map(({ delta, points }) => {
    const own = points.find((candidate) => candidate.depth === depth);
    const level = own === undefined || own.level === 'clear' || own.level === 'unknown' ? '' : LEVEL_TEXT[own.level];
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, swatch(delta.index), delta.short),
      h('td', {}, formatMeasure(figure.choice, own?.value ?? null)),
      h('td', {}, own === undefined || own.ratio === null || own.ratio === 0 ? '' : `${formatTimes(own.ratio)} floor`),
      h('td', { class: 'muted' }, level),
    );
  });
  return [
    h(
      'div',
      { class: 'tooltip-title' },
      h('strong', {}, describeDepth(model, depth)),
      h('span', { class: 'muted' }, region),
    ),
    h('div', { class: 'muted' }, figure.label),
    h('table', {}, h('tbody', {}, ...rows)),
  ];
}
