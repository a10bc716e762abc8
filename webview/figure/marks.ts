/**
 * How the updates are told apart: dash and marker as well as colour, so that the figure survives print, a colour-blind
 * reader and high contrast. Same on screen, in the legend and in exported drawings. No DOM.
 */

export type Marker = 'circle' | 'triangle' | 'rect' | 'rectRot';

export interface Mark {
  dash: number[];
  marker: Marker;
}

const MARKS: readonly Mark[] = [
  { dash: [], marker: 'circle' },
  { dash: [6, 3], marker: 'triangle' },
  { dash: [2, 3], marker: 'rect' },
  { dash: [8, 3, 2, 3], marker: 'rectRot' },
  { dash: [14, 4], marker: 'circle' },
];

export function markOf(delta: number): Mark {
  return MARKS[delta % MARKS.length]!;
}

/** Outline of a marker around (x, y), as an SVG path. */
export function markerPath(marker: Marker, x: number, y: number, r: number): string {
  const n = (value: number) => Math.round(value * 100) / 100;
  switch (marker) {
    case 'circle':
      return `M${n(x - r)} ${n(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
    case 'triangle': {
      const dx = r * 1.1;
      return `M${n(x)} ${n(y - r * 1.2)}L${n(x + dx)} ${n(y + r * 0.8)}L${n(x - dx)} ${n(y + r * 0.8)}Z`;
    }
    case 'rect': {
      const side = r * 0.85;
      return `M${n(x - side)} ${n(y - side)}h${n(2 * side)}v${n(2 * side)}h${n(-2 * side)}Z`;
    }
    case 'rectRot': {
      const reach = r * 1.2;
      return `M${n(x)} ${n(y - reach)}L${n(x + reach)} ${n(y)}L${n(x)} ${n(y + reach)}L${n(x - reach)} ${n(y)}Z`;
    }
  }
}
