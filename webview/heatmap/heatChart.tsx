/** A heat map in the page, with the scale of its colours. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { usePanel } from '../context.js';
import { createHeatChart, type HeatChart as Chart, type HeatChartOptions, type HeatShown } from './liveHeat.js';

export interface HeatChartProps extends HeatChartOptions {
  shown: HeatShown;
  testId: string;
  canvasId?: string;
  legendId?: string;
  /** At either end of the scale; null where there is nothing to scale. */
  scale: { low: string; high: string; width: number } | null;
  /** What the colours and the marks mean. */
  children?: ComponentChildren;
}

export function HeatChart(props: HeatChartProps) {
  const context = usePanel();
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const bar = useRef<HTMLCanvasElement>(null);
  const chart = useRef<Chart | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useLayoutEffect(() => {
    const nodes = { stage: stage.current!, canvas: canvas.current!, bar: bar.current! };
    const made = createHeatChart(context, nodes, {
      page: props.page,
      blank: props.blank,
      rows: props.rows && {
        linked: props.rows.linked,
        rowAt: (at) => latest.current.rows!.rowAt(at),
        placeOf: (row) => latest.current.rows!.placeOf(row),
      },
      tooltip: (at) => latest.current.tooltip(at),
      read: (at) => latest.current.read(at),
      choose: (at) => latest.current.choose(at),
      unwind: () => latest.current.unwind(),
    });
    chart.current = made;
    return () => made.dispose();
  }, []);
  const { grid, column, cell, style } = props.shown;
  useLayoutEffect(
    () => chart.current!.show(props.shown),
    [grid, column, cell?.row, cell?.column, style.log, props.shown.description],
  );
  const { scale } = props;
  return (
    <>
      <div
        ref={stage}
        class="heat-stage"
        tabIndex={0}
        role="application"
        aria-roledescription="heat map"
        data-testid={props.testId}
      >
        <canvas ref={canvas} aria-hidden="true" data-testid={props.canvasId ?? `${props.testId}-canvas`} />
      </div>
      <div class="heat-legend" data-testid={props.legendId}>
        <span class="heat-scale">
          <span class="number">{scale?.low}</span>
          <canvas
            ref={bar}
            class="heat-bar"
            width={scale?.width ?? 160}
            height={10}
            aria-hidden="true"
            hidden={scale === null}
          />
          <span class="number">{scale?.high}</span>
        </span>
        {props.children}
      </div>
    </>
  );
}
