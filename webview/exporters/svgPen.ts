/**
 * A 2D context that writes a drawing: as much of a canvas's interface as the figures and chart.js use, with every
 * shape as an element of SVG. Widths of texts are estimates, since the reader's font is unknown. No DOM, so that a
 * drawing can be tested as text.
 */
import { HATCH, type Naming, type Pen } from '../figure/pen.js';
import { parseColour, toHex, withAlpha } from '../heatmap/colour.js';
import { element, escape, textWidth, type Attributes } from './svg.js';

interface Shape {
  name: string;
  attributes: Attributes;
  content: (Shape | string)[];
  /** The path it was filled from: a stroke of the same path is one element with it. */
  path: number;
}

interface State {
  matrix: Matrix;
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  dash: number[];
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
}

type Matrix = readonly [number, number, number, number, number, number];

const ANCHORS: Partial<Record<CanvasTextAlign, string>> = { center: 'middle', right: 'end', end: 'end' };
/** How far below its line a text of size 1 has its baseline. */
const BASELINES: Partial<Record<CanvasTextBaseline, number>> = { middle: 0.35, top: 0.8, hanging: 0.8, bottom: -0.2 };

export class SvgPen implements Naming {
  /** For chart.js, which looks for the size there. */
  readonly canvas: { width: number; height: number; getContext: () => SvgPen };
  fillStyle: string | CanvasGradient | CanvasPattern = '#000000';
  strokeStyle: string | CanvasGradient | CanvasPattern = '#000000';
  lineWidth = 1;
  lineDashOffset = 0;
  lineCap: CanvasLineCap = 'butt';
  lineJoin: CanvasLineJoin = 'miter';
  font = '12px sans-serif';
  textAlign: CanvasTextAlign = 'left';
  textBaseline: CanvasTextBaseline = 'alphabetic';

  private readonly root: Shape[] = [];
  private readonly patterns = new Map<string, string>();
  private shapes = this.root as (Shape | string)[];
  private matrix: Matrix = [1, 0, 0, 1, 0, 0];
  private dash: number[] = [];
  private readonly states: State[] = [];
  private className: string | null = null;
  private path = '';
  private paths = 0;
  private at = { x: 0, y: 0 };
  private start = { x: 0, y: 0 };

  /** `ids` begins the ids of patterns, which are unique within a whole document. */
  constructor(
    width: number,
    height: number,
    private readonly ids = '',
  ) {
    this.canvas = { width, height, getContext: () => this };
  }

  /** What was drawn, as elements. */
  markup(): string {
    const patterns = [...this.patterns.values()].join('');
    return (patterns === '' ? '' : `${element('defs', {}, patterns)}\n`) + this.root.map(written).join('\n');
  }

  named(name: string, draw: () => void, group = false): void {
    const outer = { shapes: this.shapes, className: this.className };
    if (group) {
      const own: Shape = { name: 'g', attributes: { class: name }, content: [], path: -1 };
      this.shapes.push(own);
      this.shapes = own.content;
      this.className = null;
    } else this.className = name;
    draw();
    ({ shapes: this.shapes, className: this.className } = outer);
  }

  hatching(colour: string, strength: number): string {
    const stroke = withAlpha(colour, strength);
    const id = `${this.ids}hatch-${stroke.replace(/\W+/g, '-')}`;
    const lines = [-HATCH, 0, HATCH].map((shift) => `M${shift - 1} ${HATCH + 1}L${shift + HATCH + 1} -1`).join('');
    const tile = { id, patternUnits: 'userSpaceOnUse', width: HATCH, height: HATCH };
    this.patterns.set(id, element('pattern', tile, element('path', { d: lines, stroke, fill: 'none' })));
    return `url(#${id})`;
  }

  save(): void {
    const { matrix, lineWidth, dash, font, textAlign, textBaseline } = this;
    const [fillStyle, strokeStyle] = [this.fillStyle as string, this.strokeStyle as string];
    this.states.push({ matrix, fillStyle, strokeStyle, lineWidth, dash, font, textAlign, textBaseline });
  }
  restore(): void {
    const state = this.states.pop();
    if (state !== undefined) Object.assign(this, state);
  }

  setTransform(...matrix: [number, number, number, number, number, number]): void {
    this.matrix = matrix;
  }
  resetTransform(): void {
    this.matrix = [1, 0, 0, 1, 0, 0];
  }
  translate(x: number, y: number): void {
    const [a, b, c, d, e, f] = this.matrix;
    this.matrix = [a, b, c, d, a * x + c * y + e, b * x + d * y + f];
  }
  rotate(angle: number): void {
    const [a, b, c, d, e, f] = this.matrix;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    this.matrix = [a * cos + c * sin, b * cos + d * sin, c * cos - a * sin, d * cos - b * sin, e, f];
  }

  beginPath(): void {
    this.path = '';
    this.paths++;
  }
  closePath(): void {
    if (this.path === '') return;
    this.path += 'Z';
    this.at = this.start;
  }
  moveTo(x: number, y: number): void {
    this.step('m', x, y);
  }
  lineTo(x: number, y: number): void {
    this.step(this.path === '' ? 'm' : 'l', x, y);
  }
  rect(x: number, y: number, width: number, height: number): void {
    this.moveTo(x, y);
    this.path += `h${round(width)}v${round(height)}h${round(-width)}Z`;
  }
  /** Corners stay square: only what is dragged on screen has round ones. */
  roundRect(x: number, y: number, width: number, height: number): void {
    this.rect(x, y, width, height);
  }
  /** Whole circles: nothing here draws another arc. */
  arc(x: number, y: number, radius: number): void {
    this.step('m', x - radius, y);
    const r = round(radius);
    this.path += `a${r} ${r} 0 1 0 ${round(2 * radius)} 0a${r} ${r} 0 1 0 ${round(-2 * radius)} 0Z`;
  }
  /** Figures clip what lies beyond their frame; a drawing's figures have nothing there. */
  clip(): void {
    this.beginPath();
  }

  fill(): void {
    if (this.path !== '') this.put('path', { d: this.path, ...this.fillPaint() });
  }
  stroke(): void {
    if (this.path === '' || this.lineWidth === 0) return;
    const own = this.lineStyle();
    const last = this.shapes.at(-1);
    if (typeof last === 'object' && last.path === this.paths) Object.assign(last.attributes, own);
    else this.put('path', { d: this.path, ...own, fill: 'none' });
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    const at = this.point(x, y);
    this.put('rect', { ...at, width, height, ...this.fillPaint() }, -1);
  }
  strokeRect(x: number, y: number, width: number, height: number): void {
    this.put('rect', { ...this.point(x, y), width, height, ...this.lineStyle(), fill: 'none' }, -1);
  }
  clearRect(): void {
    // The paper is blank.
  }

  setLineDash(dash: readonly number[]): void {
    this.dash = [...dash];
  }
  getLineDash(): number[] {
    return this.dash;
  }

  measureText(words: string): TextMetrics {
    return { width: textWidth(words, this.fontSize()) } as TextMetrics;
  }
  fillText(words: string, x: number, y: number): void {
    const size = this.fontSize();
    const shift = size * (BASELINES[this.textBaseline] ?? 0);
    const [a, b] = this.matrix;
    const turned = Math.abs(b) > 1e-9;
    const at = turned ? this.point(x, y) : this.point(x, y + shift);
    const angle = (Math.atan2(b, a) * 180) / Math.PI;
    this.put(
      'text',
      {
        ...at,
        dy: turned ? shift : null,
        'text-anchor': ANCHORS[this.textAlign],
        'font-size': size === 12 ? null : size,
        'font-weight': /^(bold|\d{3}) /.exec(this.font)?.[1],
        transform: turned ? `rotate(${round(angle)} ${round(at.x)} ${round(at.y)})` : null,
        ...this.fillPaint(),
      },
      -1,
      [escape(words)],
    );
  }

  private fillPaint(): Attributes {
    return paint('fill', this.fillStyle as string);
  }

  private lineStyle(): Attributes {
    return {
      ...paint('stroke', this.strokeStyle as string),
      'stroke-width': this.lineWidth,
      'stroke-dasharray': this.dash.join(' ') || null,
    };
  }

  private put(name: string, attributes: Attributes, path = this.paths, content: string[] = []): void {
    const shape: Shape = { name, attributes, content, path };
    if (this.className !== null) shape.attributes = { ...attributes, class: this.className };
    this.shapes.push(shape);
  }

  private fontSize(): number {
    return Number(/([\d.]+)px/.exec(this.font)?.[1] ?? 12);
  }

  private point(x: number, y: number): { x: number; y: number } {
    const [a, b, c, d, e, f] = this.matrix;
    return { x: a * x + c * y + e, y: b * x + d * y + f };
  }

  /** Relative to the last point as it was written: roundings do not add up. */
  private step(command: 'm' | 'l', x: number, y: number): void {
    const to = this.point(x, y);
    const begins = this.path === '';
    const from = begins ? { x: 0, y: 0 } : this.at;
    const by = { x: round(to.x - from.x), y: round(to.y - from.y) };
    this.path += `${begins ? 'M' : command}${by.x} ${by.y}`;
    this.at = { x: from.x + by.x, y: from.y + by.y };
    if (begins || command === 'm') this.start = this.at;
  }
}

/** The pen as chart.js takes it. */
export function asCanvas(pen: SvgPen): HTMLCanvasElement {
  return pen.canvas as unknown as HTMLCanvasElement;
}

export function asPen(pen: SvgPen): Pen {
  return pen;
}

/** A colour and its opacity apart: not every program reads `rgba()`. */
function paint(what: 'fill' | 'stroke', colour: string): Attributes {
  const alpha = /^rgba\(.*,\s*([\d.]+)\)$/.exec(colour)?.[1];
  const rgb = alpha === undefined ? null : parseColour(colour);
  return rgb === null ? { [what]: colour } : { [what]: toHex(rgb), [`${what}-opacity`]: Number(alpha) };
}

function written({ name, attributes, content }: Shape): string {
  return element(name, attributes, ...content.map((one) => (typeof one === 'string' ? one : written(one))));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
