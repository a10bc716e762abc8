/** The heat map on screen: a canvas with one tab stop; arrows move a cell cursor, Enter selects, Escape unwinds. */
import type { PanelContext } from '../context.js';
import { h, replace, setText } from '../dom.js';
import { drawSections, SECTION_ROW } from '../figure/sections.js';
import { fitted, sameCell, stepCell, walkable, type Cell } from '../figure/walk.js';
import { formatTimes, plural } from '../format.js';
import { checkbox, segmented } from '../kit.js';
import { formatMeasure, LEVEL_TEXT, measureLabel, type MeasureChoice } from '../state/measure.js';
import { describeDepth, type Model } from '../state/model.js';
import type { ViewState } from '../state/view.js';
import { luminance, parseColour, withAlpha } from './colour.js';
import { buildGrid, cellPlace, shareOf, type HeatGrid } from './grid.js';

export interface HeatMap {
  element: HTMLElement;
  show(model: Model, view: ViewState): void;
  current(): { grid: HeatGrid; choice: MeasureChoice; delta: number; log: boolean; canvas: HTMLCanvasElement } | null;
  dispose(): void;
}

/** Few rows may be taller, so that the map is about as high as the figure beside it. */
const ROW = { least: 17, most: 25, wanted: 290 };
const TOP = 6;
const BOTTOM = 22 + SECTION_ROW;
const GROUP_GAP = 5;

/** Cosine is drawn as distance here: otherwise the brightest cells would be those that moved least. */
function choiceOf(view: ViewState): MeasureChoice {
  return {
    metric: view.metric,
    energyOver: view.energyOver,
    relativeOver: view.relativeOver,
    scale: view.metric === 'cosine' ? 'log' : view.scale,
  };
}

export function createHeatMap(context: PanelContext): HeatMap {
  const canvas = h('canvas', { 'data-testid': 'heat-canvas', 'aria-hidden': 'true' });
  const stage = h(
    'div',
    {
      class: 'heat-stage',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'heat map',
      'data-testid': 'heat-map',
    },
    canvas,
  );
  const bar = h('canvas', { class: 'heat-bar', width: 160, height: 10, 'aria-hidden': 'true' });
  const low = h('span', { class: 'number' });
  const high = h('span', { class: 'number' });
  const scaleName = h('span', { class: 'muted' });
  const unchanged = h('span', { class: 'heat-key' }, h('i', { class: 'key-zero' }), 'unchanged');
  const noisyDot = h('i', { class: 'key-dot' });
  const noisyText = h('span');
  const noisy = h('span', { class: 'heat-key' }, noisyDot, noisyText);
  const legend = h(
    'div',
    { class: 'heat-legend', 'data-testid': 'heat-legend' },
    h('span', { class: 'heat-scale' }, low, bar, high),
    scaleName,
    unchanged,
    noisy,
  );
  const head = h('div', { class: 'heat-head' });
  const element = h('div', { class: 'heat' }, head, stage, legend);

  let model: Model | null = null;
  let view: ViewState | null = null;
  let grid: HeatGrid | null = null;
  let log = false;
  let gutter = 80;
  let cellWidth = 8;
  let rowHeight = ROW.least;
  let tops: number[] = [];
  let height = 100;

  function layout(): void {
    if (grid === null) return;
    const width = stage.clientWidth;
    const drawing = canvas.getContext('2d')!;
    drawing.font = `11px ${context.theme.now().font}`;
    const widest = Math.max(20, ...grid.rows.map((row) => drawing.measureText(row.label).width));
    gutter = Math.min(widest, width * 0.36) + 10;
    cellWidth = Math.max(2, (width - gutter - 4) / Math.max(1, grid.depths.length));
    rowHeight = Math.max(ROW.least, Math.min(ROW.most, Math.floor(ROW.wanted / Math.max(1, grid.rows.length))));
    let top = TOP;
    tops = grid.rows.map((row, index) => {
      if (index > 0 && grid!.rows[index - 1]!.group !== row.group) top += GROUP_GAP;
      const own = top;
      top += rowHeight;
      return own;
    });
    height = top + BOTTOM;
    const ratio = devicePixelRatio;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }

  function draw(): void {
    if (grid === null || view === null || model === null || stage.clientWidth === 0) return;
    layout();
    const theme = context.theme.now();
    const ctx = canvas.getContext('2d')!;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.font = `11px ${theme.font}`;
    ctx.textBaseline = 'middle';
    const gap = cellWidth >= 6 ? 1 : 0;
    const cursor = walk.cursor();
    const x = (column: number) => gutter + column * cellWidth;
    const bottom = height - BOTTOM;

    if (view.depth !== null) {
      const column = grid.depths.indexOf(view.depth);
      if (column !== -1) {
        ctx.strokeStyle = theme.focus;
        ctx.lineWidth = 1.5;
        ctx.strokeRect(x(column) - 1, TOP - 3, cellWidth + 1, bottom - TOP + 4);
      }
    }
    grid.rows.forEach((row, index) => {
      const top = tops[index]!;
      ctx.fillStyle = cursor?.row === index ? theme.foreground : theme.muted;
      ctx.textAlign = 'right';
      ctx.fillText(fitted(ctx, row.label, gutter - 10), gutter - 7, top + rowHeight / 2);
      row.cells.forEach((cell, column) => {
        if (cell === null) return;
        const left = x(column);
        if (cell.value === null || cell.value === 0 || grid!.range === null) {
          ctx.strokeStyle = withAlpha(theme.foreground, theme.kind.startsWith('high') ? 0.9 : 0.45);
          ctx.lineWidth = 1;
          // A dash for "unchanged", a stroke across for "not compared": neither looks like a small value.
          const across = cell.value === null ? rowHeight / 2 - 3 : 0;
          ctx.beginPath();
          ctx.moveTo(left + gap, top + rowHeight / 2 + across);
          ctx.lineTo(left + cellWidth - gap, top + rowHeight / 2 - across);
          ctx.stroke();
          return;
        }
        const colour = theme.ramp.at(shareOf(grid!.range, cell.value, log));
        ctx.fillStyle = colour;
        ctx.fillRect(left + gap / 2, top + 0.5, cellWidth - gap, rowHeight - 1);
        if (grid!.noisy === 'some' && (cell.level === 'below' || cell.level === 'near') && cellWidth >= 4) {
          ctx.fillStyle = ctx.strokeStyle =
            luminance(parseColour(colour) ?? [0, 0, 0]) > 0.3 ? 'rgba(0, 0, 0, 0.75)' : 'rgba(255, 255, 255, 0.75)';
          ctx.beginPath();
          ctx.arc(left + cellWidth / 2, top + rowHeight / 2, cellWidth >= 8 ? 1.8 : 1.2, 0, 2 * Math.PI);
          if (cell.level === 'below') ctx.fill();
          else {
            ctx.lineWidth = 0.9;
            ctx.stroke();
          }
        }
      });
    });
    ctx.strokeStyle = withAlpha(theme.foreground, 0.35);
    ctx.lineWidth = 1;
    for (const column of grid.breaks) {
      ctx.beginPath();
      ctx.moveTo(Math.round(x(column)) + 0.5, TOP - 4);
      ctx.lineTo(Math.round(x(column)) + 0.5, bottom + 3);
      ctx.stroke();
    }
    ctx.fillStyle = theme.muted;
    ctx.textAlign = 'center';
    const plot = cellWidth * grid.depths.length;
    for (const { column, label } of grid.ticks(Math.max(3, Math.floor(plot / 40))))
      ctx.fillText(label, x(column + 0.5), bottom + 11);
    drawSections(ctx, theme, grid.sections, x, bottom + 21);
    if (view.tensor !== null) {
      const tensor = model.byName.get(view.tensor);
      const column = tensor === undefined || tensor.depth === null ? -1 : grid.depths.indexOf(tensor.depth);
      const row =
        tensor === undefined ? -1 : grid.rows.findIndex((one) => one.cells[column]?.tensors.includes(tensor) === true);
      if (row !== -1 && column !== -1) outline(ctx, row, column, theme.focus);
    }
    if (cursor !== null) outline(ctx, cursor.row, cursor.column, theme.foreground);
  }

  function outline(ctx: CanvasRenderingContext2D, row: number, column: number, colour: string): void {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2;
    ctx.strokeRect(gutter + column * cellWidth, tops[row]! - 0.5, cellWidth, rowHeight + 1);
  }

  function drawLegend(): void {
    if (grid === null || view === null) return;
    const { range } = grid;
    const theme = context.theme.now();
    const ctx = bar.getContext('2d')!;
    for (let at = 0; at < bar.width; at++) {
      ctx.fillStyle = theme.ramp.at(at / (bar.width - 1));
      ctx.fillRect(at, 0, 1, bar.height);
    }
    const choice = choiceOf(view);
    bar.hidden = range === null;
    setText(low, range === null ? '' : formatMeasure(choice, range.min));
    setText(high, range === null ? '' : formatMeasure(choice, range.max));
    setText(scaleName, range === null ? 'No tensor has this update.' : `${measureLabel(choice)}${log ? ', log' : ''}`);
    unchanged.hidden = range?.zero !== true;
    noisy.hidden = grid.noisy === 'none';
    noisyDot.hidden = grid.noisy === 'all';
    setText(noisyText, grid.noisy === 'all' ? 'all under 2× the rounding floor' : 'under 2× floor');
  }

  function tooltipOf(row: number, column: number): Node[] {
    const line = grid!.rows[row]!;
    const cell = line.cells[column];
    const depth = grid!.depths[column]!;
    const title = h(
      'div',
      { class: 'tooltip-title' },
      h('strong', {}, line.kind.replace(/\.weight$/, '')),
      h('span', { class: 'muted' }, describeDepth(model!, depth)),
    );
    if (cell === null || cell === undefined) return [title, h('div', { class: 'muted' }, 'No such tensor here.')];
    const choice = choiceOf(view!);
    const level = cell.level === 'clear' || cell.level === 'unknown' ? null : LEVEL_TEXT[cell.level];
    return [
      title,
      h(
        'div',
        {},
        `${measureLabel(choice)}: `,
        h('strong', {}, cell.value === null ? 'not compared' : formatMeasure(choice, cell.value)),
      ),
      h(
        'div',
        { class: 'muted' },
        [
          cell.ratio === null || cell.ratio === 0 ? null : `${formatTimes(cell.ratio)} floor`,
          level,
          cell.tensors.length > 1 ? `${plural(cell.tensors.length, 'tensor')} as one` : null,
        ]
          .filter((part) => part !== null)
          .join(' · '),
      ),
    ];
  }

  function cellAt(event: MouseEvent): Cell | null {
    if (grid === null) return null;
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - gutter) / cellWidth);
    const y = event.clientY - box.top;
    const row = tops.findIndex((top) => y >= top && y < top + rowHeight);
    return (grid.rows[row]?.cells[column] ?? null) === null ? null : { row, column };
  }

  function select(at: Cell): void {
    const cell = grid?.rows[at.row]?.cells[at.column];
    if (cell === null || cell === undefined || grid === null || model === null || view === null) return;
    const depth = grid.depths[at.column]!;
    const only = cell.tensors.length === 1 ? cell.tensors[0]!.name : null;
    context.view.set({
      depth,
      depthOnly: true,
      ...(only === null ? {} : { tensor: only, detailDelta: view.heatDelta }),
    });
    context.announce(`Selected ${cellPlace(model, grid, at.row, at.column)}.`);
  }

  const walk = walkable<Cell>(context, {
    stage,
    under: cellAt,
    step(key, cursor) {
      if (grid === null || view === null) return undefined;
      const start = { row: 0, column: view.depth === null ? 0 : Math.max(0, grid.depths.indexOf(view.depth)) };
      return stepCell(key, cursor, start, grid.rows.length, grid.depths.length);
    },
    same: sameCell,
    repaint: () => draw(),
    place(at) {
      const box = canvas.getBoundingClientRect();
      return { x: box.left + gutter + (at.column + 1) * cellWidth, y: box.top + tops[at.row]! + rowHeight };
    },
    tooltip: (at) => (grid === null ? null : tooltipOf(at.row, at.column)),
    read(at) {
      const cell = grid!.rows[at.row]!.cells[at.column] ?? null;
      const value =
        cell === null ? 'no tensor' : cell.value === null ? 'not compared' : formatMeasure(choiceOf(view!), cell.value);
      const level =
        cell === null || cell.level === 'clear' || cell.level === 'unknown' ? '' : `, ${LEVEL_TEXT[cell.level]}`;
      return `${cellPlace(model!, grid!, at.row, at.column)}: ${value}${level}`;
    },
    choose: select,
    unwind() {
      if (view === null || (view.depth === null && view.tensor === null)) return false;
      context.view.set({ depth: null, depthOnly: false, tensor: null });
      return true;
    },
  });

  const observer = new ResizeObserver(() => draw());
  observer.observe(stage);
  const stopTheme = context.theme.onChange(() => {
    draw();
    drawLegend();
  });

  function showHead(): void {
    if (model === null || view === null) return;
    const deltas = model.deltas;
    const parts: HTMLElement[] = [];
    if (deltas.length > 1) {
      parts.push(
        segmented({
          label: 'Update',
          labelHidden: true,
          testId: 'heat-delta',
          choices: deltas.map((name) => ({ value: String(name.index), label: name.short, title: name.full })),
          value: String(Math.min(view.heatDelta, deltas.length - 1)),
          onChange: (value) => context.view.set({ heatDelta: Number(value) }),
        }).element,
      );
    } else parts.push(h('span', { class: 'muted' }, deltas[0]?.full ?? ''));
    parts.push(
      checkbox({
        label: 'Norms and biases',
        checked: view.heatMinor,
        testId: 'heat-minor',
        onChange: (on) => context.view.set({ heatMinor: on }),
      }).element,
    );
    replace(head, ...parts);
  }

  return {
    element,
    show(nextModel, nextView) {
      const before = view;
      const sameModel = model === nextModel;
      model = nextModel;
      view = nextView;
      const keys = ['metric', 'energyOver', 'relativeOver', 'scale', 'heatDelta', 'heatMinor'] as const;
      if (!sameModel) showHead();
      if (sameModel && before !== null && keys.every((key) => before[key] === nextView[key])) {
        if (before.depth !== view.depth || before.tensor !== view.tensor) draw();
        return;
      }
      const delta = Math.min(view.heatDelta, model.deltas.length - 1);
      const choice = choiceOf(view);
      grid = buildGrid(model, choice, delta, view.heatMinor);
      log = choice.scale === 'log';
      walk.move(null);
      const label = `${measureLabel(choice)} by tensor kind and layer, ${model.deltas[delta]?.full ?? ''}, ${plural(grid.rows.length, 'kind')}.`;
      stage.setAttribute('aria-label', `${label} Arrow keys move over the cells, Enter selects.`);
      draw();
      drawLegend();
    },
    current: () =>
      grid === null || view === null || model === null
        ? null
        : { grid, choice: choiceOf(view), delta: Math.min(view.heatDelta, model.deltas.length - 1), log, canvas },
    dispose() {
      observer.disconnect();
      stopTheme();
    },
  };
}
