/**
 * The layer figure on screen: chart.js draws lines and axes, a plugin draws regions, cuts, floor and selection. One tab
 * stop; arrows walk the depths, Enter selects, Escape unwinds. Cuts are dragged by their grips or typed below.
 */
import {
  Chart,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type ChartDataset,
  type ChartOptions,
  type Plugin,
  type ScaleOptionsByType,
} from 'chart.js';
import type { PanelContext } from '../context.js';
import { h, replace, setText } from '../dom.js';
import { formatTimes } from '../format.js';
import { withAlpha } from '../heatmap/colour.js';
import { button, checkbox, numberField } from '../kit.js';
import { formatMeasure, FLOOR_HELP, LEVEL_TEXT } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { seriesColourOf } from '../theme.js';
import { layerTicks } from './axis.js';
import { drawSections } from './sections.js';
import { markOf } from './marks.js';
import { cutToDepth, defaultCuts, depthToCut, moveCut, regionSpans, REGION_NAMES } from './regions.js';
import { broken, buildFigure, describeFigure, readPoint, type Figure, type FigurePoint } from './series.js';
import { floorSwatch, swatch } from './swatch.js';
import { stepAlong, walkable } from './walk.js';

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale);

export interface LayerFigure {
  element: HTMLElement;
  show(model: Model, view: ViewState): void;
  /** What is drawn now, for export. */
  current(): { figure: Figure; cuts: [number, number]; canvas: HTMLCanvasElement } | null;
  dispose(): void;
}

const GRIP = { width: 9, height: 14 };
const NARROW = 520;

export function createLayerFigure(context: PanelContext): LayerFigure {
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
    onChange: (value) => void commitCuts(0, value),
  });
  const lateField = numberField({
    label: 'First layer of Late',
    testId: 'cut-late',
    onChange: (value) => void commitCuts(1, value),
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
  let figure: Figure | null = null;
  let chart: Chart<'line', { x: number; y: number | null }[]> | null = null;
  let dragging: 0 | 1 | null = null;
  /** The click that ends a drag chooses nothing. */
  let dragged = false;
  /** Cuts under way: dragged, or sent and not yet answered. */
  let draft: [number, number] | null = null;

  const cuts = (): [number, number] => draft ?? model?.result.cuts ?? [0, 0];

  const overlay: Plugin<'line'> = {
    id: 'overlay',
    beforeDatasetsDraw(drawn) {
      if (figure === null || view === null) return;
      const { ctx, chartArea: area, scales } = drawn;
      const theme = context.theme.now();
      const x = (depth: number) => scales['x']!.getPixelForValue(depth);
      ctx.save();
      const spans = figure.regions.length === 0 || model === null ? [] : regionSpans(cuts(), model.languageLayers);
      for (const { region, from, to } of spans) {
        if (region === 'mid') continue;
        ctx.fillStyle = withAlpha(theme.foreground, 0.055);
        ctx.fillRect(x(from), area.top, x(to) - x(from), area.bottom - area.top);
      }
      if (view.depth !== null) {
        ctx.fillStyle = withAlpha(theme.focus, 0.22);
        ctx.fillRect(
          x(view.depth - 0.5),
          area.top,
          Math.max(2, x(view.depth + 0.5) - x(view.depth - 0.5)),
          area.bottom - area.top,
        );
        ctx.strokeStyle = theme.focus;
        ctx.lineWidth = 1;
        ctx.strokeRect(
          x(view.depth - 0.5) + 0.5,
          area.top + 0.5,
          Math.max(1, x(view.depth + 0.5) - x(view.depth - 0.5) - 1),
          area.bottom - area.top - 1,
        );
      }
      ctx.restore();
    },
    afterDraw(drawn) {
      if (figure === null) return;
      const { ctx, chartArea: area, scales } = drawn;
      const theme = context.theme.now();
      const x = (depth: number) => scales['x']!.getPixelForValue(depth);
      ctx.save();
      ctx.font = `11px ${theme.font}`;
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      // regions and their cuts
      const spans = figure.regions.length === 0 || model === null ? [] : regionSpans(cuts(), model.languageLayers);
      ctx.fillStyle = theme.muted;
      for (const { region, from, to } of spans) {
        const name = REGION_NAMES[region];
        if (ctx.measureText(name).width + 4 <= x(to) - x(from)) ctx.fillText(name, (x(from) + x(to)) / 2, area.top - 9);
      }
      if (spans.length > 0) {
        cuts().forEach((cut, which) => {
          const at = Math.round(x(cutToDepth(cut))) + 0.5;
          const held = dragging === which;
          ctx.strokeStyle = held ? theme.focus : theme.muted;
          ctx.lineWidth = held ? 1.5 : 1;
          ctx.setLineDash([4, 3]);
          ctx.beginPath();
          ctx.moveTo(at, area.top);
          ctx.lineTo(at, area.bottom);
          ctx.stroke();
          ctx.setLineDash([]);
          ctx.fillStyle = theme.background;
          ctx.strokeStyle = held ? theme.focus : theme.muted;
          ctx.beginPath();
          ctx.roundRect(at - GRIP.width / 2, area.top - 9 - GRIP.height / 2, GRIP.width, GRIP.height, 2.5);
          ctx.fill();
          ctx.stroke();
          ctx.beginPath();
          for (const shift of [-1.5, 1.5]) {
            ctx.moveTo(at + shift, area.top - 12.5);
            ctx.lineTo(at + shift, area.top - 5.5);
          }
          ctx.stroke();
        });
      }
      // sections under the axis
      drawSections(ctx, theme, figure.sections, x, scales['x']!.bottom + 4);
      // exact zeros have no place on a log axis; the cursor goes over everything
      const cursor = walk.cursor();
      if (cursor !== null) {
        const at = Math.round(x(cursor)) + 0.5;
        ctx.strokeStyle = theme.foreground;
        ctx.lineWidth = 1;
        ctx.beginPath();
        ctx.moveTo(at, area.top);
        ctx.lineTo(at, area.bottom);
        ctx.stroke();
        for (const one of figure.series) {
          const point = one.points.find((candidate) => candidate.depth === cursor);
          if (point === undefined || point.value === null) continue;
          const scale = scales[`y${one.axis}`]!;
          const y = drawn.chartArea.bottom < 0 ? 0 : scale.getPixelForValue(onAxis(one.axis, point.value));
          ctx.fillStyle = seriesColourOf(theme, one.name.index);
          ctx.strokeStyle = theme.background;
          ctx.lineWidth = 1.5;
          ctx.beginPath();
          ctx.arc(x(cursor), y, 5, 0, 2 * Math.PI);
          ctx.fill();
          ctx.stroke();
        }
      }
      ctx.restore();
    },
  };

  function onAxis(axis: number, value: number): number {
    const own = figure?.axes[axis];
    return own?.log === true && value <= 0 ? own.min : value;
  }

  function datasets(drawn: Figure): ChartDataset<'line', { x: number; y: number | null }[]>[] {
    const theme = context.theme.now();
    const lines = drawn.series.map((one): ChartDataset<'line', { x: number; y: number | null }[]> => {
      const colour = seriesColourOf(theme, one.name.index);
      const { dash, marker } = markOf(one.name.index);
      const points = broken(one, (point): FigurePoint => point);
      const log = drawn.axes[one.axis]!.log;
      // Neighbouring markers should not run into each other.
      const size = Math.max(1.9, Math.min(3.2, (0.38 * (stage.clientWidth - 110)) / (drawn.to - drawn.from)));
      const hollow = (point: FigurePoint | null) =>
        point !== null && point.level !== 'clear' && point.level !== 'unknown';
      return {
        label: one.name.full,
        yAxisID: `y${one.axis}`,
        data: points.map((point, index) => ({
          x: point?.depth ?? (points[index + 1]?.depth ?? 0) - 0.5,
          y: point === null || point.value === null ? null : onAxis(one.axis, point.value),
        })),
        borderColor: colour,
        borderWidth: 1.8,
        borderDash: dash,
        pointStyle: points.map((point) => (log && point?.value === 0 ? 'crossRot' : marker)),
        pointRadius: points.map((point) => (point?.section === 'projector' ? size + 0.5 : size)),
        pointBackgroundColor: points.map((point) => (hollow(point) ? theme.background : colour)),
        pointBorderColor: colour,
        pointBorderWidth: size < 2.4 ? 0.9 : 1.3,
        clip: false,
      };
    });
    const floors = !drawn.showFloor
      ? []
      : drawn.series.map((one): ChartDataset<'line', { x: number; y: number | null }[]> => {
          const points = broken(one, (point): FigurePoint => point);
          return {
            label: `${one.name.short} floor`,
            yAxisID: `y${one.axis}`,
            data: points.map((point, index) => ({
              x: point?.depth ?? (points[index + 1]?.depth ?? 0) - 0.5,
              y: point?.floor ?? null,
            })),
            borderColor: seriesColourOf(theme, one.name.index),
            borderWidth: 1.4,
            borderDash: [1.5, 3],
            pointRadius: points.map((point, index) =>
              point !== null && (points[index - 1] ?? null) === null && (points[index + 1] ?? null) === null ? 1.5 : 0,
            ),
            pointBackgroundColor: seriesColourOf(theme, one.name.index),
            pointBorderWidth: 0,
            clip: false,
          };
        });
    return [...lines, ...floors];
  }

  function options(drawn: Figure): ChartOptions<'line'> {
    const theme = context.theme.now();
    const narrow = stage.clientWidth < NARROW;
    const font = { family: theme.font, size: 11 };
    let layers: { value: number; label: string }[] = [];
    const scales: Record<string, unknown> = {
      x: {
        type: 'linear',
        min: drawn.from,
        max: drawn.to,
        afterBuildTicks(scale: { chart: Chart; ticks: { value: number }[] }) {
          layers = layerTicks(
            Math.ceil(drawn.from),
            Math.floor(drawn.to),
            drawn.visionLayers,
            Math.max(4, Math.floor(scale.chart.width / 46)),
          );
          scale.ticks = layers.map(({ value }) => ({ value }));
        },
        ticks: {
          color: theme.muted,
          font,
          autoSkip: false,
          maxRotation: 0,
          callback: (value: number) => layers.find((tick) => tick.value === value)?.label ?? '',
        },
        grid: { display: false },
        border: { color: theme.border },
      } satisfies Record<string, unknown>,
    };
    drawn.axes.forEach((axis, index) => {
      const own = axis.series.length === 1 && drawn.axes.length > 1;
      const name = drawn.series.find((one) => one.name.index === axis.series[0])?.name.short ?? '';
      scales[`y${index}`] = {
        type: axis.log ? 'logarithmic' : 'linear',
        min: axis.min,
        max: axis.max,
        position: axis.side,
        afterBuildTicks(scale: { ticks: { value: number }[] }) {
          scale.ticks = axis.ticks.map(({ value }) => ({ value }));
        },
        ticks: {
          color: own ? theme.foreground : theme.muted,
          font,
          autoSkip: false,
          callback: (value: number) =>
            axis.ticks.reduce((best, tick) =>
              Math.abs(tick.value - value) < Math.abs(best.value - value) ? tick : best,
            ).label,
        },
        grid: { display: index === 0, color: withAlpha(theme.foreground, 0.1) },
        border: { color: own ? seriesColourOf(theme, axis.series[0]!) : theme.border, width: own ? 2 : 1 },
        title: {
          display: !narrow,
          text: own ? `${name}: ${drawn.label}` : drawn.label,
          color: theme.foreground,
          font,
        },
      };
    });
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      events: [],
      layout: { padding: { top: 22, bottom: 22, left: 2, right: 4 } },
      scales: scales as unknown as Record<string, ScaleOptionsByType<'linear'>>,
    };
  }

  function draw(): void {
    if (figure === null) return;
    const data = { datasets: datasets(figure) };
    if (chart === null) chart = new Chart(canvas, { type: 'line', data, options: options(figure), plugins: [overlay] });
    else {
      chart.data = data;
      chart.options = options(figure);
      chart.update('none');
    }
  }

  function repaint(): void {
    chart?.draw();
  }

  function depths(): number[] {
    return model?.result.layers.map((layer) => layer.depth) ?? [];
  }

  function nearest(clientX: number): number | null {
    if (chart === null) return null;
    const depth = chart.scales['x']!.getValueForPixel(clientX - canvas.getBoundingClientRect().left);
    if (depth === undefined) return null;
    return depths().reduce<number | null>(
      (best, one) => (best === null || Math.abs(one - depth) < Math.abs(best - depth) ? one : best),
      null,
    );
  }

  function cutAt(event: PointerEvent): 0 | 1 | null {
    if (chart === null || figure === null || figure.regions.length === 0 || (model?.languageLayers ?? 0) < 3)
      return null;
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    if (y > chart.chartArea.bottom) return null;
    const reach = y < chart.chartArea.top + 2 ? 9 : 3;
    const near = cuts()
      .map((cut, which) => ({
        which: which as 0 | 1,
        far: Math.abs(chart!.scales['x']!.getPixelForValue(cutToDepth(cut)) - x),
      }))
      .filter(({ far }) => far <= reach)
      .sort((a, b) => a.far - b.far);
    return near[0]?.which ?? null;
  }

  function select(depth: number | null): void {
    context.view.set(depth === null ? { depth: null, depthOnly: false } : { depth, depthOnly: true });
    if (depth !== null && model !== null)
      context.announce(`Selected ${describeDepth(model, depth)}. The table shows its tensors.`);
    else context.announce('Selection cleared.');
  }

  async function sendCuts(next: [number, number]): Promise<void> {
    const now = model?.result.cuts;
    if (now === undefined || (now[0] === next[0] && now[1] === next[1])) {
      draft = null;
      showCuts();
      repaint();
      return;
    }
    draft = next;
    showCuts();
    repaint();
    context.announce(`Mid starts at layer ${next[0]}, Late at layer ${next[1]}.`);
    await context.ask(context.host.setCuts({ cuts: next }));
    // The host shows the new result before it answers; if it refused, the old cuts hold.
    if (draft === next) draft = null;
    showCuts();
    repaint();
  }

  async function commitCuts(which: 0 | 1, value: number): Promise<void> {
    if (model !== null) await sendCuts(moveCut(cuts(), which, value, model.languageLayers));
  }

  function showCuts(): void {
    if (model === null) return;
    const layers = model.languageLayers;
    const [mid, late] = cuts();
    cutRow.hidden = figure === null || figure.regions.length === 0 || layers < 3;
    midField.set(mid, 1, late - 1);
    lateField.set(late, mid + 1, layers - 1);
    const usual = defaultCuts(layers);
    thirds.hidden = mid === usual[0] && late === usual[1];
  }

  function showLegend(): void {
    if (model === null || figure === null || view === null) return;
    const many = model.deltas.length > 1;
    const drawn = figure;
    const hidden = view.hidden;
    const items = model.deltas.map((name) => {
      const series = drawn.series.find((one) => one.name.index === name.index);
      const side = series !== undefined && drawn.axes.length > 1 ? drawn.axes[series.axis]!.side : null;
      const words = [
        swatch(name.index),
        h('span', { class: 'legend-name' }, name.full),
        side === null ? null : h('span', { class: 'muted' }, `${side} axis`),
      ];
      if (!many) return h('span', { class: 'legend-item' }, ...words);
      const toggle = () => {
        const next = hidden.includes(name.index) ? hidden.filter((one) => one !== name.index) : [...hidden, name.index];
        if (next.length < model!.deltas.length) context.view.set({ hidden: next });
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
    // Rebuilding takes the focus away from the button that was pressed.
    const focused = legend.contains(document.activeElement)
      ? document.activeElement?.getAttribute('data-testid')
      : null;
    replace(legend, ...items, floor);
    if (typeof focused === 'string') legend.querySelector<HTMLElement>(`[data-testid="${focused}"]`)?.focus();
  }

  const walk = walkable<number>(context, {
    stage,
    under: (event) => (dragging !== null || dragged ? null : nearest(event.clientX)),
    busy(event) {
      if (event.type === 'pointerleave') return dragging !== null;
      if (dragging !== null && chart !== null && model !== null) {
        const depth = chart.scales['x']!.getValueForPixel(event.clientX - canvas.getBoundingClientRect().left) ?? 0;
        draft = moveCut(cuts(), dragging, depthToCut(depth), model.languageLayers);
        showCuts();
        repaint();
        const which = dragging === 0 ? 'Mid' : 'Late';
        context.tooltip.show(
          { x: event.clientX, y: event.clientY },
          h('strong', {}, `${which} from layer ${draft[dragging]}`),
        );
        return true;
      }
      dragged = false;
      const over = cutAt(event);
      if (over === null) return false;
      stage.style.cursor = 'ew-resize';
      walk.move(null);
      context.tooltip.show(
        { x: event.clientX, y: event.clientY },
        h('span', {}, `Drag to move where ${over === 0 ? 'Mid' : 'Late'} begins`),
      );
      return true;
    },
    step(key, cursor) {
      const all = depths();
      const at = cursor ?? view?.depth ?? null;
      const to = stepAlong(key, at === null ? -1 : all.indexOf(at), all.length);
      return to === undefined || figure === null ? undefined : all[to]!;
    },
    same: (a, b) => a === b,
    repaint,
    place(depth) {
      const box = canvas.getBoundingClientRect();
      return {
        x: box.left + (chart?.scales['x']!.getPixelForValue(depth) ?? 0),
        y: box.top + (chart?.chartArea.top ?? 0) + 10,
      };
    },
    tooltip: (depth) => (figure === null || model === null ? null : tooltipOf(model, figure, depth)),
    read: (depth) => readPoint(model!, figure!, depth),
    choose: (depth) => select(depth === view?.depth && view.depthOnly ? null : depth),
    chosen: () => view?.depth ?? null,
    unwind() {
      if (dragging !== null) {
        dragging = null;
        draft = null;
        showCuts();
        repaint();
      } else if (view !== null && view.depth !== null) select(null);
      else return false;
      return true;
    },
  });

  stage.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    dragging = cutAt(event);
    dragged = dragging !== null;
    if (dragging !== null) {
      stage.setPointerCapture(event.pointerId);
      event.preventDefault();
      repaint();
    }
  });
  const release = () => {
    if (dragging === null) return;
    dragging = null;
    context.tooltip.hide();
    if (draft !== null) void sendCuts(draft);
    else repaint();
  };
  stage.addEventListener('pointerup', release);
  stage.addEventListener('pointercancel', release);

  let wasNarrow: boolean | null = null;
  const observer = new ResizeObserver(() => {
    const narrow = stage.clientWidth < NARROW;
    if (wasNarrow !== null && wasNarrow !== narrow) draw();
    wasNarrow = narrow;
  });
  observer.observe(stage);
  const stopTheme = context.theme.onChange(draw);

  return {
    element,
    show(nextModel, nextView) {
      const before = view;
      const sameModel = model === nextModel;
      const keys = ['metric', 'energyOver', 'relativeOver', 'scale', 'axes', 'part', 'floor', 'hidden'] as const;
      const same = sameModel && before !== null && keys.every((key) => before[key] === nextView[key]);
      if (!sameModel && dragging === null) draft = null;
      model = nextModel;
      view = nextView;
      if (same) {
        if (before.depth !== nextView.depth) repaint();
        return;
      }
      figure = buildFigure(model, view, cuts());
      stage.setAttribute('aria-label', `${describeFigure(model, figure)} Arrow keys walk the layers, Enter selects.`);
      note.hidden = !figure.zerosOnLog;
      setText(note, '× at the lower edge: exactly unchanged; a log scale has no zero.');
      showCuts();
      showLegend();
      draw();
    },
    current: () => (figure === null ? null : { figure, cuts: cuts(), canvas }),
    dispose() {
      observer.disconnect();
      stopTheme();
      chart?.destroy();
    },
  };
}

function tooltipOf(model: Model, figure: Figure, depth: number): (Node | null)[] {
  const layer = model.layers.get(depth);
  const region = layer === undefined || layer.region === null ? '' : REGION_NAMES[layer.region];
  const rows = figure.series.map((one) => {
    const own = one.points.find((candidate) => candidate.depth === depth);
    const level = own === undefined || own.level === 'clear' || own.level === 'unknown' ? '' : LEVEL_TEXT[own.level];
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, swatch(one.name.index), one.name.short),
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
