/** A figure of lines in the page. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { usePanel } from '../context.js';
import { createLineChart, type LineChart as Chart, type LineChartOptions } from './liveLines.js';
import type { LineFigure, LinePosition } from './lines.js';

export interface LineChartProps<F extends LineFigure> extends LineChartOptions<F> {
  figure: F;
  chosen: LinePosition | null;
  testId: string;
  canvasId?: string;
  class?: string;
  /** What a screen reader calls it. */
  roleDescription?: string;
}

export function LineChart<F extends LineFigure>(props: LineChartProps<F>) {
  const context = usePanel();
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<Chart<F> | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useLayoutEffect(() => {
    // The chart lives longer than one rendering: it asks what holds now.
    const options: LineChartOptions<F> = {
      ...props,
      describe: (figure) => latest.current.describe(figure),
      tooltip: (figure, at) => latest.current.tooltip(figure, at),
      read: (figure, at) => latest.current.read(figure, at),
      onChoose: props.onChoose === null ? null : (location) => latest.current.onChoose?.(location),
    };
    const made = createLineChart<F>(context, { stage: stage.current!, canvas: canvas.current! }, options);
    chart.current = made;
    return () => made.dispose();
  }, []);
  useLayoutEffect(() => chart.current!.show(props.figure, props.chosen));
  return (
    <div
      ref={stage}
      class={props.class ?? 'curve-stage'}
      tabIndex={0}
      role="application"
      aria-roledescription={props.roleDescription ?? 'figure'}
      data-testid={props.testId}
    >
      <canvas ref={canvas} aria-hidden="true" data-testid={props.canvasId ?? `${props.testId}-canvas`} />
    </div>
  );
}
