/**
 * Layer × rank as a heat map: log(σᵢ/σ₁) of one update, the surface of the paper seen from above. What lies inside the
 * rounding floor is dimmed and hatched. One tab stop; arrows move over the cells, Enter selects the layer.
 */
import type { PanelContext } from '../context.js';
import { h, replace, setText } from '../dom.js';
import { hatch } from '../figure/lineChart.js';
import { drawSections, SECTION_ROW } from '../figure/sections.js';
import { sameCell, stepCell, walkable, type Cell } from '../figure/walk.js';
import { formatNumber, plural } from '../format.js';
import { luminance, parseColour, withAlpha } from '../heatmap/colour.js';
import { describeDepth } from '../state/model.js';
import type { LogCell } from './figures.js';
import type { GeometryModel } from './model.js';
import type { RankSurface } from './surfaceData.js';

export interface SurfaceMap {
  element: HTMLElement;
  show(model: GeometryModel, surface: RankSurface, depth: number | null): void;
  canvas: HTMLCanvasElement;
  dispose(): void;
}

const TOP = 4;
const BOTTOM = 20 + SECTION_ROW;
/** Room for the figure's height, whatever number of ranks there is. */
const HEIGHT = { most: 14, wanted: 250 };

export function createSurfaceMap(
  context: PanelContext,
  options: { testId: string; onChoose(depth: number | null): void },
): SurfaceMap {
  const canvas = h('canvas', { 'aria-hidden': 'true', 'data-testid': `${options.testId}-canvas` });
  const stage = h(
    'div',
    {
      class: 'heat-stage',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'heat map',
      'data-testid': options.testId,
    },
    canvas,
  );
  const bar = h('canvas', { class: 'heat-bar', width: 120, height: 10, 'aria-hidden': 'true' });
  const low = h('span', { class: 'number' });
  const floorKey = h('span', { class: 'heat-key' }, h('i', { class: 'key-hatch' }), h('span', {}));
  const emptyKey = h('span', { class: 'muted' });
  const legend = h(
    'div',
    { class: 'heat-legend' },
    h('span', { class: 'heat-scale' }, low, bar, h('span', { class: 'number' }, '0')),
    h('span', { class: 'muted' }, 'log(σᵢ / σ₁)'),
    floorKey,
    emptyKey,
  );
  const element = h('div', { class: 'heat' }, stage, legend);

  let model: GeometryModel | null = null;
  let surface: RankSurface | null = null;
  let depth: number | null = null;
  const gutter = 34;
  let width = 8;
  let height = 5;

  const shade = (value: number): number => (surface === null || surface.least >= 0 ? 1 : 1 - value / surface.least);

  function draw(): void {
    if (surface === null || stage.clientWidth === 0) return;
    const theme = context.theme.now();
    const { depths, ranks } = surface;
    const cursor = walk.cursor();
    const ctx = canvas.getContext('2d')!;
    const room = stage.clientWidth;
    height = Math.max(3, Math.min(HEIGHT.most, HEIGHT.wanted / Math.max(1, ranks)));
    width = Math.max(2, (room - gutter - 2) / Math.max(1, depths.length));
    const bottom = TOP + ranks * height;
    canvas.width = Math.round(room * devicePixelRatio);
    canvas.height = Math.round((bottom + BOTTOM) * devicePixelRatio);
    canvas.style.height = `${bottom + BOTTOM}px`;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.font = `11px ${theme.font}`;
    ctx.textBaseline = 'middle';
    const x = (column: number) => gutter + column * width;
    const y = (row: number) => TOP + row * height;
    // Ink against either end of the ramp.
    const ink = { dark: hatch(ctx, '#000000', 0.5), light: hatch(ctx, '#ffffff', 0.5) };
    surface.rows.forEach((row, index) =>
      row.forEach((cell, column) => {
        if (cell === null) return;
        const colour = theme.ramp.at(shade(cell.value));
        ctx.fillStyle = colour;
        ctx.fillRect(x(column), y(index), width - (width >= 6 ? 0.5 : 0), height);
        if (!cell.inside) return;
        ctx.fillStyle = withAlpha(theme.background, 0.45);
        ctx.fillRect(x(column), y(index), width - (width >= 6 ? 0.5 : 0), height);
        ctx.fillStyle = luminance(parseColour(colour) ?? [0, 0, 0]) > 0.25 ? ink.dark : ink.light;
        ctx.fillRect(x(column), y(index), width - (width >= 6 ? 0.5 : 0), height);
      }),
    );
    ctx.fillStyle = theme.muted;
    ctx.textAlign = 'right';
    for (const rank of surface.labels) ctx.fillText(String(rank), gutter - 6, y(rank - 0.5));
    ctx.textAlign = 'center';
    for (const { column, label } of surface.ticks(Math.max(3, Math.floor((width * depths.length) / 36))))
      ctx.fillText(label, x(column + 0.5), bottom + 11);
    drawSections(ctx, theme, surface.sections, x, bottom + 21);
    ctx.lineWidth = 1;
    ctx.strokeStyle = withAlpha(theme.foreground, 0.7);
    for (const column of surface.breaks) line(ctx, x(column), TOP - 3, bottom + 3, []);
    for (const column of surface.cuts) line(ctx, x(column), TOP - 3, bottom + 3, [4, 3]);
    const chosen = depth === null ? -1 : depths.indexOf(depth);
    if (chosen !== -1) {
      ctx.strokeStyle = theme.focus;
      ctx.lineWidth = 2;
      ctx.strokeRect(x(chosen) - 0.5, TOP - 1, width + 0.5, bottom - TOP + 2);
    }
    if (cursor !== null) {
      ctx.strokeStyle = theme.foreground;
      ctx.lineWidth = 2;
      ctx.strokeRect(x(cursor.column) - 1, y(cursor.row) - 1, width + 1.5, height + 2);
    }
    const ramp = bar.getContext('2d')!;
    for (let at = 0; at < bar.width; at++) {
      ramp.fillStyle = theme.ramp.at(at / (bar.width - 1));
      ramp.fillRect(at, 0, 1, bar.height);
    }
  }

  const walk = walkable<Cell>(context, {
    stage,
    under(event) {
      if (surface === null) return null;
      const box = canvas.getBoundingClientRect();
      const at = {
        row: Math.floor((event.clientY - box.top - TOP) / height),
        column: Math.floor((event.clientX - box.left - gutter) / width),
      };
      return (surface.rows[at.row]?.[at.column] ?? null) === null ? null : at;
    },
    step(key, cursor) {
      if (surface === null) return undefined;
      if (key === 'PageDown' || key === 'PageUp') {
        const at = cursor ?? { row: 0, column: 0 };
        return {
          row: Math.max(0, Math.min(surface.ranks - 1, at.row + (key === 'PageDown' ? 10 : -10))),
          column: at.column,
        };
      }
      return stepCell(
        key,
        cursor,
        { row: 0, column: Math.max(0, surface.depths.indexOf(depth ?? NaN)) },
        surface.ranks,
        surface.depths.length,
      );
    },
    same: sameCell,
    repaint: draw,
    place(at) {
      const box = canvas.getBoundingClientRect();
      return { x: box.left + gutter + (at.column + 1) * width, y: box.top + TOP + (at.row + 1) * height };
    },
    tooltip: (at) => [
      h(
        'div',
        { class: 'tooltip-title' },
        h('strong', {}, describeDepth(model!, surface!.depths[at.column]!)),
        h('span', { class: 'muted' }, `rank ${at.row + 1}`),
      ),
      ...wordsOf(surface!.rows[at.row]![at.column] ?? null).map((text) => h('div', {}, text)),
    ],
    read: (at) =>
      `${describeDepth(model!, surface!.depths[at.column]!)}, rank ${at.row + 1}: ${wordsOf(surface!.rows[at.row]![at.column] ?? null).join(', ')}`,
    choose(at) {
      const wanted = surface!.depths[at.column]!;
      options.onChoose(wanted === depth ? null : wanted);
    },
    unwind() {
      if (depth === null) return false;
      options.onChoose(null);
      return true;
    },
  });

  const observer = new ResizeObserver(draw);
  observer.observe(stage);
  const stopTheme = context.theme.onChange(draw);
  return {
    element,
    canvas,
    show(nextModel, next, nextDepth) {
      const same = surface === next;
      model = nextModel;
      surface = next;
      depth = nextDepth;
      if (!same) {
        walk.move(null);
        stage.setAttribute(
          'aria-label',
          `${next.title}: ${next.depths.length} layers by ${plural(next.ranks, 'rank')}. ${next.summary} Arrow keys move over the cells, Enter selects the layer.`,
        );
        setText(low, formatNumber(next.least));
        emptyKey.hidden = next.empty === 0;
        setText(emptyKey, `blank: ${plural(next.empty, 'layer')} without an update`);
        floorKey.hidden = next.insideShare === 0;
        replace(
          floorKey.lastElementChild!,
          next.insideShare === 1 ? 'everything is inside the rounding floor' : 'inside the rounding floor',
        );
      }
      draw();
    },
    dispose() {
      observer.disconnect();
      stopTheme();
    },
  };
}

function line(ctx: CanvasRenderingContext2D, at: number, top: number, bottom: number, dash: number[]): void {
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(Math.round(at) + 0.5, top);
  ctx.lineTo(Math.round(at) + 0.5, bottom);
  ctx.stroke();
  ctx.setLineDash([]);
}

function wordsOf(cell: LogCell | null): string[] {
  if (cell === null) return ['no matrix has this rank'];
  return [
    `log(σᵢ / σ₁) = ${formatNumber(cell.value)}`,
    ...(cell.floor === null
      ? []
      : [`rounding alone: ${formatNumber(cell.floor)}${cell.inside ? ', which explains it' : ''}`]),
    `mean over ${plural(cell.matrices, 'matrix', 'matrices')}`,
  ];
}
