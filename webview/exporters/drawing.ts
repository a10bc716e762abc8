/** A drawing: an SVG file with its size, which a bitmap of it needs. No DOM. */
import type { Theme } from '../theme.js';
import { element, svgDocument, text } from './svg.js';

export interface DrawingText {
  title: string;
  description: string;
  /** One line under the drawing: what was compared, with which cuts. */
  caption: string;
}

export interface Drawing {
  svg: string;
  width: number;
  height: number;
}

/** @param parts markup, title and caption included */
export function drawing(
  size: { width: number; height: number },
  { title, description }: DrawingText,
  { background }: Theme,
  parts: readonly string[],
): Drawing {
  return { svg: svgDocument({ ...size, title, description, background }, ...parts), ...size };
}

/** In pixels. */
export const FOREST = { row: 22, top: 58, gap: 14 } as const;

/** Panels beside each other with a name per row: title, names and caption, around `parts`. */
export function forestDrawing(
  width: number,
  names: readonly string[],
  words: DrawingText,
  theme: Theme,
  parts: readonly string[],
): Drawing {
  const height = FOREST.top + names.length * FOREST.row + 52;
  return drawing({ width, height }, words, theme, [
    text({ x: 16, y: 22, 'font-size': 14, 'font-weight': 600, fill: theme.foreground }, words.title),
    ...names.map((name, at) => text({ x: 16, y: FOREST.top + at * FOREST.row + 15, fill: theme.foreground }, name)),
    ...parts,
    text({ x: 16, y: height - 12, 'font-size': 10, fill: theme.muted }, words.caption),
  ]);
}

/** An interval, its estimate, and words at `after`, in the row `at`; the others are places across, in pixels. */
export function forestRow(
  at: number,
  { low, high, value, after }: { low: number; high: number; value: number; after: number },
  words: string,
  colour: string,
  theme: Theme,
): string[] {
  const y = FOREST.top + at * FOREST.row + 11;
  return [
    element('line', { x1: low, x2: high, y1: y, y2: y, stroke: colour, 'stroke-width': 2 }),
    element('circle', { cx: value, cy: y, r: 4, fill: colour }),
    text({ x: after, y: y + 4, fill: theme.foreground }, words),
  ];
}

/** A number below the panels. */
export function forestTick(x: number, bottom: number, words: string, theme: Theme): string {
  return text({ x, y: bottom + 14, 'text-anchor': 'middle', 'font-size': 10, fill: theme.muted }, words);
}
