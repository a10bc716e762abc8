/** The borders between Early, Mid and Late as handles over a figure: they are dragged to another layer. */
import type { PanelContext } from '../context.js';
import type { Theme } from '../theme.js';
import type { Frame } from './paintLines.js';
import { strokeLine, type Pen } from './pen.js';
import { cutToDepth, depthToCut, type Cuts } from './regions.js';

/** What grips ask of the chart they lie over. */
export interface GripChart {
  stage: HTMLElement;
  frame(): Frame | null;
  box(): DOMRect;
  valueAt(clientX: number): number | null;
  repaint(): void;
  hideCursor(): void;
}

export interface Grips {
  attach(chart: GripChart): void;
  draw(ctx: Pen, theme: Theme, frame: Frame): void;
  /** Takes the pointer for itself: it drags a grip, or is over one. */
  busy(event: PointerEvent): boolean;
  /** Whether the pointer chooses nothing just now. */
  blocked(): boolean;
  /** Lets go of what is being dragged, and says whether there was anything. */
  unwind(): boolean;
}

export interface GripOptions {
  /** Null where there are no borders to move. */
  cuts(): Cuts | null;
  /** Moves one of them while it is dragged. */
  onMove(which: 0 | 1, to: number): void;
  /** It is let go. */
  onDrop(): void;
  /** It goes back to where it was. */
  onCancel(): void;
}

const SIZE = { width: 9, height: 14 };

export function createGrips(context: PanelContext, options: GripOptions): Grips {
  let chart: GripChart | null = null;
  let dragging: 0 | 1 | null = null;
  /** The click that ends a drag chooses nothing. */
  let dragged = false;

  function gripAt(event: PointerEvent): 0 | 1 | null {
    const frame = chart?.frame() ?? null;
    const cuts = options.cuts();
    if (chart === null || frame === null || cuts === null) return null;
    const box = chart.box();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    if (y > frame.bottom) return null;
    const reach = y < frame.top + 2 ? 9 : 3;
    const near = cuts
      .map((cut, which) => ({ which: which as 0 | 1, far: Math.abs(frame.x(cutToDepth(cut)) - x) }))
      .filter(({ far }) => far <= reach)
      .sort((a, b) => a.far - b.far);
    return near[0]?.which ?? null;
  }

  function press(event: PointerEvent): void {
    if (event.button !== 0 || chart === null) return;
    dragging = gripAt(event);
    dragged = dragging !== null;
    if (dragging === null) return;
    chart.stage.setPointerCapture(event.pointerId);
    event.preventDefault();
    chart.repaint();
  }

  function release(): void {
    if (dragging === null) return;
    dragging = null;
    context.tooltip.hide();
    options.onDrop();
    chart?.repaint();
  }

  function drag(event: PointerEvent): boolean {
    if (event.type === 'pointerleave') return dragging !== null;
    const at = { x: event.clientX, y: event.clientY };
    if (dragging !== null) {
      options.onMove(dragging, depthToCut(chart?.valueAt(event.clientX) ?? 0));
      const which = dragging === 0 ? 'Mid' : 'Late';
      context.tooltip.show(at, <strong>{`${which} from layer ${options.cuts()?.[dragging] ?? ''}`}</strong>);
      return true;
    }
    dragged = false;
    const over = gripAt(event);
    if (over === null || chart === null) return false;
    chart.stage.style.cursor = 'ew-resize';
    chart.hideCursor();
    context.tooltip.show(at, <span>{`Drag to move where ${over === 0 ? 'Mid' : 'Late'} begins`}</span>);
    return true;
  }

  return {
    attach(next) {
      chart = next;
      chart.stage.addEventListener('pointerdown', press);
      chart.stage.addEventListener('pointerup', release);
      chart.stage.addEventListener('pointercancel', release);
    },
    draw(ctx, theme, frame) {
      options.cuts()?.forEach((cut, which) => drawGrip(ctx, theme, frame, cut, dragging === which));
    },
    busy: drag,
    blocked: () => dragging !== null || dragged,
    unwind() {
      if (dragging === null) return false;
      dragging = null;
      options.onCancel();
      chart?.repaint();
      return true;
    },
  };
}

function drawGrip(ctx: Pen, theme: Theme, { x, top, bottom }: Frame, cut: number, held: boolean): void {
  const at = Math.round(x(cutToDepth(cut))) + 0.5;
  ctx.strokeStyle = held ? theme.focus : theme.muted;
  ctx.lineWidth = held ? 1.5 : 1;
  ctx.setLineDash([4, 3]);
  strokeLine(ctx, at, top, at, bottom);
  ctx.setLineDash([]);
  ctx.fillStyle = theme.background;
  ctx.beginPath();
  ctx.roundRect(at - SIZE.width / 2, top - 9 - SIZE.height / 2, SIZE.width, SIZE.height, 2.5);
  ctx.fill();
  ctx.stroke();
  for (const shift of [-1.5, 1.5]) strokeLine(ctx, at + shift, top - 12.5, at + shift, top - 5.5);
}
