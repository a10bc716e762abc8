/** Function × layer as a heat map: the surface of the paper, seen from above. One tab stop; arrows move over the cells. */
import type { PanelContext } from '../context.js';
import { h } from '../dom.js';
import { roundLayers } from '../figure/axis.js';
import type { LinePlace } from '../figure/lines.js';
import { fitted, sameCell, stepCell, walkable, type Cell } from '../figure/walk.js';
import { columnsOf, type HeatGrid } from '../heatmap/grid.js';
import { formatRate } from '../format.js';
import { intervalText } from './curves.js';
import { curveName, depthsOf, type Curve, type ProbeModel } from './model.js';

export interface Surface {
  element: HTMLElement;
  show(model: ProbeModel, curves: readonly Curve[], chosen: LinePlace | null): void;
  dispose(): void;
}

const ROW = 24;
const BOTTOM = 20;
const PERCENT = { percent: true };

export function createSurface(context: PanelContext, onChoose: (choice: LinePlace | null) => void): Surface {
  const canvas = h('canvas', { 'aria-hidden': 'true', 'data-testid': 'surface-canvas' });
  const stage = h(
    'div',
    {
      class: 'heat-stage',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'heat map',
      'data-testid': 'surface',
    },
    canvas,
  );
  const bar = h('canvas', { class: 'heat-bar', width: 160, height: 10, 'aria-hidden': 'true' });
  const legend = h(
    'div',
    { class: 'heat-legend' },
    h(
      'span',
      { class: 'heat-scale' },
      h('span', { class: 'number' }, '0%'),
      bar,
      h('span', { class: 'number' }, '100%'),
    ),
    h('span', { class: 'muted' }, 'of the answers changed'),
  );
  const element = h('div', { class: 'heat' }, stage, legend);

  let model: ProbeModel | null = null;
  let curves: readonly Curve[] = [];
  let depths: number[] = [];
  let chosen: LinePlace | null = null;
  let gutter = 80;
  let cell = 8;

  function draw(): void {
    if (model === null || stage.clientWidth === 0) return;
    const theme = context.theme.now();
    const cursor = walk.cursor();
    const ctx = canvas.getContext('2d')!;
    const width = stage.clientWidth;
    const height = curves.length * ROW + BOTTOM;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    canvas.style.height = `${height}px`;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.font = `11px ${theme.font}`;
    ctx.textBaseline = 'middle';
    const names = curves.map((curve) => curveName(model!, curve));
    gutter = Math.min(width * 0.4, Math.max(40, ...names.map((name) => ctx.measureText(name).width)) + 10);
    cell = Math.max(2, (width - gutter - 2) / Math.max(1, depths.length));
    const x = (column: number) => gutter + column * cell;
    curves.forEach((curve, row) => {
      ctx.fillStyle = cursor?.row === row || chosen?.key === curve.key ? theme.foreground : theme.muted;
      ctx.textAlign = 'right';
      ctx.fillText(fitted(ctx, names[row]!, gutter - 10), gutter - 7, row * ROW + ROW / 2);
      depths.forEach((depth, column) => {
        const point = curve.points.find((one) => one.depth === depth);
        if (point === undefined) return;
        ctx.fillStyle = theme.ramp.at(point.value);
        ctx.fillRect(x(column) + 0.5, row * ROW + 1, Math.max(1, cell - 1), ROW - 2);
      });
    });
    ctx.fillStyle = theme.muted;
    ctx.textAlign = 'center';
    for (const tick of roundLayers(
      depths[0] ?? 0,
      depths.at(-1) ?? 0,
      Math.max(3, Math.floor((cell * depths.length) / 36)),
    )) {
      const column = depths.indexOf(tick);
      if (column !== -1) ctx.fillText(String(tick), x(column + 0.5), height - BOTTOM + 11);
    }
    ctx.lineWidth = 1;
    ctx.strokeStyle = theme.foreground;
    for (const cut of model.cuts) {
      const column = depths.indexOf(cut);
      if (column <= 0) continue;
      ctx.setLineDash([4, 3]);
      ctx.beginPath();
      ctx.moveTo(Math.round(x(column)) + 0.5, 0);
      ctx.lineTo(Math.round(x(column)) + 0.5, height - BOTTOM + 3);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    const row = curves.findIndex((curve) => curve.key === chosen?.key);
    const column = depths.indexOf(chosen?.x ?? -1);
    if (row !== -1 && column !== -1) outline(ctx, row, column, theme.focus);
    if (cursor !== null) outline(ctx, cursor.row, cursor.column, theme.foreground);
    const ramp = bar.getContext('2d')!;
    for (let at = 0; at < bar.width; at++) {
      ramp.fillStyle = theme.ramp.at(at / (bar.width - 1));
      ramp.fillRect(at, 0, 1, bar.height);
    }
  }

  function outline(ctx: CanvasRenderingContext2D, row: number, column: number, colour: string): void {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2;
    ctx.strokeRect(gutter + column * cell, row * ROW + 1, cell, ROW - 2);
  }

  const choiceAt = (at: Cell): LinePlace | null => {
    const curve = curves[at.row];
    const depth = depths[at.column];
    return curve === undefined || depth === undefined || !curve.points.some((point) => point.depth === depth)
      ? null
      : { x: depth, key: curve.key };
  };
  const reading = (at: Cell): string => {
    const point = curves[at.row]?.points.find((one) => one.depth === depths[at.column]);
    return point === undefined
      ? 'not probed'
      : `${formatRate(point.value)} (${intervalText(PERCENT, point)})${point.n === null ? '' : `, n = ${point.n}`}`;
  };

  const walk = walkable<Cell>(context, {
    stage,
    under(event) {
      const box = canvas.getBoundingClientRect();
      const at = {
        row: Math.floor((event.clientY - box.top) / ROW),
        column: Math.floor((event.clientX - box.left - gutter) / cell),
      };
      return at.row >= 0 && at.row < curves.length && at.column >= 0 && at.column < depths.length ? at : null;
    },
    step(key, cursor) {
      const start = {
        row: Math.max(
          0,
          curves.findIndex((curve) => curve.key === chosen?.key),
        ),
        column: Math.max(0, depths.indexOf(chosen?.x ?? 0)),
      };
      return stepCell(key, cursor, start, curves.length, depths.length);
    },
    same: sameCell,
    repaint: draw,
    place(at) {
      const box = canvas.getBoundingClientRect();
      return { x: box.left + gutter + (at.column + 0.5) * cell, y: box.top + at.row * ROW + 10 };
    },
    tooltip: (at) => [
      h(
        'div',
        { class: 'tooltip-title' },
        h('strong', {}, curveName(model!, curves[at.row]!)),
        h('span', { class: 'muted' }, `layer ${depths[at.column]!}`),
      ),
      h('div', {}, reading(at)),
    ],
    read: (at) => `${curveName(model!, curves[at.row]!)}, layer ${depths[at.column]!}: ${reading(at)}`,
    choose(at) {
      const choice = choiceAt(at);
      if (choice !== null) onChoose(choice.x === chosen?.x && choice.key === chosen.key ? null : choice);
    },
    unwind() {
      if (chosen === null) return false;
      onChoose(null);
      return true;
    },
  });

  const observer = new ResizeObserver(draw);
  observer.observe(stage);
  const stopTheme = context.theme.onChange(draw);
  return {
    element,
    show(nextModel, nextCurves, nextChosen) {
      model = nextModel;
      curves = nextCurves;
      chosen = nextChosen;
      depths = depthsOf(curves);
      walk.move(null);
      stage.setAttribute(
        'aria-label',
        `Fraction of answers that changed, ${curves.length} curves by ${depths.length} layers. Arrow keys move over the cells, Enter shows the samples.`,
      );
      draw();
    },
    dispose() {
      observer.disconnect();
      stopTheme();
    },
  };
}

/** The same for the exported drawing. */
export function surfaceGrid(model: ProbeModel, curves: readonly Curve[]): HeatGrid {
  const depths = depthsOf(curves);
  return {
    depths,
    rows: curves.map((curve) => ({
      kind: curve.key,
      label: curveName(model, curve),
      group: 'other',
      cells: depths.map((depth) => {
        const point = curve.points.find((one) => one.depth === depth);
        return point === undefined
          ? null
          : { tensors: [], value: Math.max(point.value, 1e-9), ratio: null, level: 'clear' };
      }),
    })),
    range: { min: 0, max: 1, zero: false },
    noisy: 'none',
    // A probe has language layers only, from 0; columns are told by depth, where the first one is 1.
    ...columnsOf(
      depths.map((layer) => layer + 1),
      0,
    ),
  };
}
