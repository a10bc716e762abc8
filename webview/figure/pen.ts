/**
 * What figures are drawn with: the part of a canvas's 2D context that they use. A canvas has it, and so has `SvgPen`,
 * which writes a drawing. Both are drawn by the same code, so what is exported is what is seen. No DOM.
 */
import { withAlpha } from '../heatmap/colour.js';

export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'save'
  | 'restore'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'arc'
  | 'rect'
  | 'roundRect'
  | 'clip'
  | 'fill'
  | 'stroke'
  | 'fillRect'
  | 'strokeRect'
  | 'fillText'
  | 'measureText'
  | 'setLineDash'
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
> &
  Partial<Naming>;

/** What a drawing has beyond a canvas: names for its parts, so that other programs can find and restyle them. */
export interface Naming {
  /** Everything that `draw` draws has this class; as a group where `group` is set. */
  named(name: string, draw: () => void, group?: boolean): void;
  /** A fill of thin diagonal lines. */
  hatching(colour: string, strength: number): string;
}

/** Draws; in a drawing, under a name. */
export function named(ctx: Pen, name: string, draw: () => void, group = false): void {
  if (ctx.named === undefined) draw();
  else ctx.named(name, draw, group);
}

export function strokeLine(ctx: Pen, fromX: number, fromY: number, toX: number, toY: number): void {
  ctx.beginPath();
  ctx.moveTo(fromX, fromY);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}

/** How wide a tile of the hatching is, in pixels. */
export const HATCH = 6;

/** Thin diagonal lines: noise, told from a band by its texture as well as by its colour. */
export function hatch(ctx: Pen, colour: string, strength: number): CanvasPattern | string {
  if (ctx.hatching !== undefined) return ctx.hatching(colour, strength);
  const tile = document.createElement('canvas');
  tile.width = tile.height = HATCH;
  const own = tile.getContext('2d')!;
  own.strokeStyle = withAlpha(colour, strength);
  own.lineWidth = 1;
  for (const shift of [-HATCH, 0, HATCH]) strokeLine(own, shift - 1, HATCH + 1, shift + HATCH + 1, -1);
  return own.createPattern(tile, 'repeat') ?? withAlpha(colour, strength / 3);
}

/** A label as long as there is room for it. */
export function fitted(ctx: Pen, label: string, room: number): string {
  if (ctx.measureText(label).width <= room) return label;
  let end = label.length - 1;
  while (end > 1 && ctx.measureText(`${label.slice(0, end)}…`).width > room) end--;
  return `${label.slice(0, end)}…`;
}
